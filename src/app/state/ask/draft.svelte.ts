/** The question being written: text, answer choices, and the key, which the model never sees. */
import { MAX_OPTIONS } from '../../../shared/options';
import { readChoices, readClipboard, withoutKey, type PastedQuestion } from '../../../shared/paste/readPaste';
import type { Asked } from '../../question/prompting';
import type { Sample } from '../../question/samples';
import type { Suggestion } from '../../question/suggestions';
import { isOtherQuestion } from './sameQuestion';
import type { Turn } from './turn.svelte';

export { MAX_OPTIONS } from '../../../shared/options';
export const MIN_OPTIONS = 2;

export interface DraftOption {
  /** Stays the same when options are added or removed. */
  readonly id: number;
  text: string;
}

interface Snapshot {
  /** Null: the question stays as it is. */
  question: string | null;
  options: string[];
  key: number | null;
}

/** What the form did by itself, and what it would contain without that. */
export interface DraftNotice {
  /** Choices were recognized in a paste; a key was set aside; old choices or the key were removed with their question. */
  kind: 'choices' | 'setAside' | 'choicesRemoved' | 'keyRemoved';
  count: number;
  hasKey: boolean;
  /** Lines of the paste that state or explain the key. */
  setAside: readonly string[];
  readonly undo: Snapshot;
}

let nextId = 1;

export class Draft {
  question = $state('');
  options = $state<DraftOption[]>([]);
  /** Id of the right option, if the visitor marked one. */
  keyId = $state<number | null>(null);
  /** The answer that the question follows; null for a new conversation. */
  follows = $state.raw<Turn | null>(null);
  /** About the last paste or change only. */
  notice = $state.raw<DraftNotice | null>(null);
  /** The questions of a paste that has several; empty otherwise. */
  several = $state.raw<readonly PastedQuestion[]>([]);
  /** Which of them is in the form. */
  picked = $state(0);
  /** The visitor wants the question sent with the line that looks like its key. */
  sendsKey = $state(false);
  /** After an undo, further changes of the question leave its key. */
  #keepsKey = false;

  /** The options that are asked: empty ones are left out, and the letters count the others. */
  filled = $derived(this.options.filter((option) => option.text.trim() !== ''));
  hasOptions = $derived(this.options.length > 0);
  keyIndex = $derived(this.filled.findIndex((option) => option.id === this.keyId));
  /** The question without lines that state its key; null if it has none. */
  stated = $derived(withoutKey(this.question));
  /** The question as the model gets it. */
  prompt = $derived((this.sendsKey ? this.question : (this.stated?.text ?? this.question)).trim());

  setOptions(texts: readonly string[], key: number | null = null): void {
    this.options = texts.slice(0, MAX_OPTIONS).map((text) => ({ id: nextId++, text }));
    this.keyId = key === null ? null : (this.options[key]?.id ?? null);
  }

  addOption(): void {
    const missing = Math.max(MIN_OPTIONS - this.options.length, 1);
    for (let i = 0; i < missing && this.options.length < MAX_OPTIONS; i++) {
      this.options.push({ id: nextId++, text: '' });
    }
  }

  /** A single option makes no sense: below two, all are removed. */
  removeOption(id: number): void {
    const rest = this.options.filter((option) => option.id !== id);
    this.options = rest.length < MIN_OPTIONS ? [] : rest;
    if (!this.options.some((option) => option.id === this.keyId)) this.keyId = null;
  }

  toggleKey(id: number): void {
    this.keyId = this.keyId === id ? null : id;
    this.#keepsKey = false;
  }

  /** What is typed. Another question has other choices; a changed question may have another key. */
  editQuestion(text: string): void {
    const old = this.question;
    this.question = text;
    if (old.trim() === '' || old.trim() === text.trim()) return;
    const undo = { ...this.#snapshot(), question: null };
    if (isOtherQuestion(old, text)) {
      this.sendsKey = false;
      this.#removeOptions(undo);
    } else if (this.keyId !== null && !this.#keepsKey) {
      this.keyId = null;
      this.notice = { kind: 'keyRemoved', count: 0, hasKey: false, setAside: [], undo };
    }
  }

  /**
   * Splits pasted text that contains choices or a key.
   * @param start selected part of the question, which the text replaces
   * @param html the clipboard's HTML; empty if it has none
   * @returns false if the text has neither: let the browser paste it
   */
  pasteIntoQuestion(text: string, start: number, end: number, html = ''): boolean {
    const read = readClipboard(text, html);
    const [found] = read;
    const before = this.question.slice(0, start);
    const after = this.question.slice(end);
    const old = this.#snapshot();
    this.notice = null;
    if (!found || (read.length === 1 && found.options.length === 0 && found.setAside.length === 0)) {
      return this.#pastePlain(text, before + after, old);
    }
    this.#restart();
    this.several = read.length > 1 ? read : [];
    const isNew = (before + after).trim() === '';
    this.question = (before + found.question + after).trim();
    if (found.options.length > 0 || isNew) this.setOptions(found.options, found.key);
    const { key, setAside, options } = found;
    const kind = options.length > 0 ? 'choices' : 'setAside';
    const undo = { ...old, question: before + text + after };
    this.notice = { kind, count: options.length, hasKey: key !== null, setAside, undo };
    return true;
  }

  /** The same for a paste into the field of a choice: the list fills this field and the following ones. */
  pasteIntoOption(text: string, id: number): boolean {
    const found = readChoices(text);
    const index = this.options.findIndex((option) => option.id === id);
    this.notice = null;
    if (!found || index < 0 || index + found.options.length > MAX_OPTIONS) return false;
    const before = this.#snapshot();
    const texts = this.options.map((option) => option.text);
    texts.splice(index, found.options.length, ...found.options);
    const key = found.key === null ? before.key : index + found.key;
    const undo = { ...before, options: before.options.map((old, i) => (i === index ? old + text : old)) };
    this.setOptions(texts, key);
    const { length: count } = found.options;
    this.notice = { kind: 'choices', count, hasKey: found.key !== null, setAside: [], undo };
    return true;
  }

  /** Puts another question of the paste into the form; what was changed in the present one is kept. */
  pick(index: number): void {
    const next = this.several[index];
    if (!next || index === this.picked) return;
    const { question, options, key } = this.#snapshot();
    this.several = this.several.map((one, i) =>
      i === this.picked ? { ...one, question: question ?? '', options, key } : one,
    );
    this.#fill(next.question, next.options, next.key);
    this.picked = index;
  }

  undo(): void {
    if (!this.notice) return;
    const { question, options, key } = this.notice.undo;
    const wasKey = this.notice.kind === 'keyRemoved';
    if (wasKey) this.keyId = key === null ? null : (this.options[key]?.id ?? null);
    else this.setOptions(options, key);
    if (question !== null) {
      this.question = question;
      this.several = [];
    }
    this.notice = null;
    this.#keepsKey = true;
  }

  useSuggestion(suggestion: Suggestion): void {
    this.#restart();
    this.#fill(suggestion.question, suggestion.options, null);
  }

  useSample(sample: Sample): void {
    this.#restart();
    this.#fill(sample.question, sample.options, sample.key);
    this.follows = null;
  }

  /** Fills the form with an earlier question, to change it and ask it again at the same place of the conversation. */
  edit(asked: Asked, follows: Turn | null): void {
    this.#restart();
    this.#fill(asked.question, asked.options, asked.key);
    this.follows = follows;
  }

  /** Clears the form for a question that follows `turn`; null starts a new conversation. */
  follow(turn: Turn | null): void {
    if (turn === null) this.#restart();
    this.#fill('', [], null);
    this.follows = turn;
  }

  /** Without the questions of a paste. */
  #restart(): void {
    this.several = [];
    this.picked = 0;
  }

  #fill(question: string, options: readonly string[], key: number | null): void {
    this.question = question;
    this.setOptions(options, key);
    this.notice = null;
    this.sendsKey = false;
    this.#keepsKey = false;
  }

  /** A plain text that replaces the question has no choices yet; one that is added to it is left to the browser. */
  #pastePlain(text: string, rest: string, old: Snapshot): boolean {
    if (rest.trim() !== '' || this.question.trim() === '' || !this.hasOptions) return false;
    this.#restart();
    this.question = text;
    this.sendsKey = false;
    this.#removeOptions({ ...old, question: null });
    return true;
  }

  #removeOptions(undo: Snapshot): void {
    if (!this.hasOptions) return;
    const { length: count } = this.options;
    this.setOptions([]);
    this.#keepsKey = false;
    this.notice = { kind: 'choicesRemoved', count, hasKey: undo.key !== null, setAside: [], undo };
  }

  #snapshot(): Snapshot {
    const key = this.options.findIndex((option) => option.id === this.keyId);
    return {
      question: this.question,
      options: this.options.map((option) => option.text),
      key: key < 0 ? null : key,
    };
  }
}
