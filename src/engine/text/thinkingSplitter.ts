/**
 * Parts a model's text into thinking and answer while it is still being written. The tags are plain strings
 * (to most checkpoints they are no special tokens), so they may arrive in any cuts; they may also be missing,
 * repeated, nested or never closed.
 */
import type { Phase } from '../../shared/protocol';

export interface ThinkingTags {
  think: readonly [open: string, close: string];
  answer: readonly [open: string, close: string];
}

export const DEFAULT_TAGS: ThinkingTags = {
  think: ['<think>', '</think>'],
  answer: ['<answer>', '</answer>'],
};

export interface PhasePiece {
  phase: Phase;
  text: string;
}

export interface SplitText {
  thinking: string;
  answer: string;
}

type Tag = 'thinkOpen' | 'thinkClose' | 'answerOpen' | 'answerClose';
/** The whole text as it was read: stretches between tags, and the tags. */
type Part = { tag: Tag } | { text: string };

/**
 * `push` gives what can be shown at once: never a part of a tag, no blank space at the ends of a stretch. The
 * pieces of one phase are to be appended. `result` is the final word: in well formed text it equals the
 * appended pieces; where a tag comes too late (`</think>` without `<think>`) it puts right what was shown.
 */
export class ThinkingSplitter {
  readonly #tags: { tag: Tag; text: string }[];
  readonly #parts: Part[] = [];
  readonly #shown: Record<Phase, boolean> = { thinking: false, answering: false };
  #phase: Phase = 'answering';
  /** Unread text that may be the beginning of a tag. */
  #held = '';
  /** Blank space that is shown only if more text of the stretch follows. */
  #blank = '';
  #stretchShown = false;

  constructor(tags: ThinkingTags = DEFAULT_TAGS) {
    const all: { tag: Tag; text: string }[] = [
      { tag: 'thinkOpen', text: tags.think[0] },
      { tag: 'thinkClose', text: tags.think[1] },
      { tag: 'answerOpen', text: tags.answer[0] },
      { tag: 'answerClose', text: tags.answer[1] },
    ];
    this.#tags = all.filter(({ text }) => text !== '');
  }

  /** Of the text that comes next. */
  get phase(): Phase {
    return this.#phase;
  }

  push(text: string): PhasePiece[] {
    const pieces: PhasePiece[] = [];
    let rest = this.#held + text;
    for (let found = this.#firstTag(rest); found; found = this.#firstTag(rest)) {
      this.#addText(rest.slice(0, found.index), pieces);
      this.#addTag(found.tag);
      rest = rest.slice(found.index + found.length);
    }
    const cut = rest.length - this.#possibleTagLength(rest);
    this.#addText(rest.slice(0, cut), pieces);
    this.#held = rest.slice(cut);
    return pieces;
  }

  /**
   * Ends the text. What is still held back is the beginning of a tag that was cut off (by the token limit):
   * it stays hidden, so there is never anything left to show.
   */
  finish(): PhasePiece[] {
    this.#held = '';
    return [];
  }

  /**
   * Thinking and answer of everything pushed, trimmed. Thinking is what stands between `<think>` and the next `</think>`, whatever tags are inside;
   * an unclosed `<think>` reaches to `<answer>` or the end; a `</think>` that was never opened makes the text
   * before it thinking. The answer is what stands in answer tags; without any it is all other text.
   */
  result(): SplitText {
    const thinking: string[] = [];
    const tagged: string[] = [];
    const outside: string[] = [];
    const parts = this.#parts;
    let index = 0;
    let inAnswer = false;
    while (index < parts.length) {
      const end = thinkingEnd(parts, index, thinking.length > 0);
      if (end > index) {
        thinking.push(joinText(parts.slice(index, end)));
        index = end;
        inAnswer = false;
        continue;
      }
      const part = parts[index++]!;
      if ('text' in part) (inAnswer ? tagged : outside).push(part.text);
      else if (part.tag === 'answerOpen') inAnswer = true;
      else if (part.tag === 'answerClose') inAnswer = false;
    }
    const answer = joinStretches(tagged);
    return { thinking: joinStretches(thinking), answer: answer === '' ? joinStretches(outside) : answer };
  }

  #firstTag(text: string): { tag: Tag; index: number; length: number } | undefined {
    let first: { tag: Tag; index: number; length: number } | undefined;
    for (const { tag, text: tagText } of this.#tags) {
      const index = text.indexOf(tagText);
      if (index >= 0 && (!first || index < first.index)) first = { tag, index, length: tagText.length };
    }
    return first;
  }

  /** Length of the longest end of `text` that a tag begins with. */
  #possibleTagLength(text: string): number {
    const longest = Math.max(0, ...this.#tags.map((tag) => tag.text.length - 1));
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      const end = text.slice(text.length - length);
      if (this.#tags.some((tag) => tag.text.startsWith(end))) return length;
    }
    return 0;
  }

  #addTag(tag: Tag): void {
    this.#parts.push({ tag });
    this.#blank = '';
    this.#stretchShown = false;
    // A stray </answer> does not end the thinking; an <answer> does, since models forget </think>.
    if (tag === 'thinkOpen') this.#phase = 'thinking';
    else if (tag !== 'answerClose') this.#phase = 'answering';
  }

  #addText(text: string, pieces: PhasePiece[]): void {
    if (text === '') return;
    const last = this.#parts[this.#parts.length - 1];
    if (last && 'text' in last) last.text += text;
    else this.#parts.push({ text });
    const whole = this.#blank + text;
    const visible = whole.trimEnd();
    this.#blank = whole.slice(visible.length);
    if (visible === '') return;
    const phase = this.#phase;
    if (this.#stretchShown) pieces.push({ phase, text: visible });
    else pieces.push({ phase, text: (this.#shown[phase] ? '\n' : '') + visible.trimStart() });
    this.#stretchShown = true;
    this.#shown[phase] = true;
  }
}

/** Splits a finished text. */
export function splitThinking(text: string, tags: ThinkingTags = DEFAULT_TAGS): SplitText {
  const splitter = new ThinkingSplitter(tags);
  splitter.push(text);
  splitter.finish();
  return splitter.result();
}

/** Index behind the thinking that starts at `start`, or `start` where none does. */
function thinkingEnd(parts: readonly Part[], start: number, hasThinking: boolean): number {
  const find = (tag: Tag) => {
    const found = parts.findIndex((part, index) => index >= start && 'tag' in part && part.tag === tag);
    return found < 0 ? parts.length : found;
  };
  const close = find('thinkClose');
  if (find('thinkOpen') === start) return close < parts.length ? close + 1 : find('answerOpen');
  const isStray = close < find('thinkOpen') && close < find('answerOpen');
  // The second of two </think> at the end of the text has the answer before it, not thinking.
  const isAnswerBefore = hasThinking && joinText(parts.slice(close + 1)) === '';
  return isStray && !isAnswerBefore ? close + 1 : start;
}

function joinText(parts: readonly Part[]): string {
  return joinStretches(parts.map((part) => ('text' in part ? part.text : '')));
}

function joinStretches(stretches: readonly string[]): string {
  return stretches
    .map((stretch) => stretch.trim())
    .filter((stretch) => stretch !== '')
    .join('\n');
}
