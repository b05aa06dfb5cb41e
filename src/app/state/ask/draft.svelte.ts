/** The question being written: text, answer choices, and the key, which the model never sees. */
import { MAX_OPTIONS, recognizeList, recognizeQuestion } from '../../../shared/options';
import type { Asked } from '../../question/prompting';
import type { Sample } from '../../question/samples';
import type { Suggestion } from '../../question/suggestions';
import type { Turn } from './turn.svelte';

export { MAX_OPTIONS } from '../../../shared/options';
export const MIN_OPTIONS = 2;

export interface DraftOption {
  /** Stays the same when options are added or removed. */
  readonly id: number;
  text: string;
}

interface Snapshot {
  question: string;
  options: string[];
  key: number | null;
}

/** What was recognized in a paste, and what the form would contain without that. */
export interface PastedChoices {
  count: number;
  hasKey: boolean;
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
  /** The last paste that was split into question and choices. */
  pasted = $state.raw<PastedChoices | null>(null);

  /** The options that are asked: empty ones are left out, and the letters count the others. */
  filled = $derived(this.options.filter((option) => option.text.trim() !== ''));
  hasOptions = $derived(this.options.length > 0);
  keyIndex = $derived(this.filled.findIndex((option) => option.id === this.keyId));

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
  }

  /**
   * Splits pasted text that contains lettered choices.
   * @param start selected part of the question, which the text replaces
   * @returns false if the text has no choices: let the browser paste it
   */
  pasteIntoQuestion(text: string, start: number, end: number): boolean {
    const found = recognizeQuestion(text);
    if (!found) return false;
    const before = this.question.slice(0, start);
    const after = this.question.slice(end);
    const undo = { ...this.#snapshot(), question: before + text + after };
    this.question = (before + found.question + after).trim();
    this.setOptions(found.options, found.key);
    this.pasted = { count: found.options.length, hasKey: found.key !== null, undo };
    return true;
  }

  /** The same for a paste into the field of a choice: the list fills this field and the following ones. */
  pasteIntoOption(text: string, id: number): boolean {
    const found = recognizeList(text);
    const index = this.options.findIndex((option) => option.id === id);
    if (!found || index < 0 || index + found.options.length > MAX_OPTIONS) return false;
    const before = this.#snapshot();
    const texts = this.options.map((option) => option.text);
    texts.splice(index, found.options.length, ...found.options);
    const key = found.key === null ? before.key : index + found.key;
    const undo = { ...before, options: before.options.map((old, i) => (i === index ? old + text : old)) };
    this.setOptions(texts, key);
    this.pasted = { count: found.options.length, hasKey: found.key !== null, undo };
    return true;
  }

  undoPaste(): void {
    if (!this.pasted) return;
    const { question, options, key } = this.pasted.undo;
    this.question = question;
    this.setOptions(options, key);
    this.pasted = null;
  }

  useSuggestion(suggestion: Suggestion): void {
    this.question = suggestion.question;
    this.setOptions(suggestion.options);
    this.pasted = null;
  }

  useSample(sample: Sample): void {
    this.question = sample.question;
    this.setOptions(sample.options, sample.key);
    this.pasted = null;
    this.follows = null;
  }

  /** Fills the form with an earlier question, to change it and ask it again at the same place of the conversation. */
  edit(asked: Asked, follows: Turn | null): void {
    this.question = asked.question;
    this.setOptions(asked.options, asked.key);
    this.pasted = null;
    this.follows = follows;
  }

  /** Clears the form for a question that follows `turn`; null starts a new conversation. */
  follow(turn: Turn | null): void {
    this.question = '';
    this.setOptions([]);
    this.pasted = null;
    this.follows = turn;
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
