/**
 * Splits a model's text into thinking and answer while it is being generated. The tags are plain strings (in most
 * checkpoints they are not special tokens), so they can arrive in any number of pieces; they can also be missing,
 * repeated, nested or unclosed.
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
/** The text read so far as a sequence of tags and the text segments between them. */
type Part = { tag: Tag } | { text: string };

/**
 * `push` returns the text that can be shown immediately: never part of a tag, and no whitespace at the ends of a
 * segment. The caller appends the pieces of each phase. `result` is authoritative: for well-formed text it equals the
 * appended pieces; if a tag comes too late (`</think>` without `<think>`), it corrects them.
 */
export class ThinkingSplitter {
  readonly #tags: { tag: Tag; text: string }[];
  readonly #parts: Part[] = [];
  readonly #shown: Record<Phase, boolean> = { thinking: false, answering: false };
  #phase: Phase = 'answering';
  /** Text that may be the start of a tag. */
  #pending = '';
  /** Whitespace that is shown only if more text of the segment follows. */
  #pendingSpace = '';
  #segmentShown = false;

  constructor(tags: ThinkingTags = DEFAULT_TAGS) {
    const all: { tag: Tag; text: string }[] = [
      { tag: 'thinkOpen', text: tags.think[0] },
      { tag: 'thinkClose', text: tags.think[1] },
      { tag: 'answerOpen', text: tags.answer[0] },
      { tag: 'answerClose', text: tags.answer[1] },
    ];
    this.#tags = all.filter(({ text }) => text !== '');
  }

  /** The phase of the text that follows. */
  get phase(): Phase {
    return this.#phase;
  }

  push(text: string): PhasePiece[] {
    const pieces: PhasePiece[] = [];
    let rest = this.#pending + text;
    for (let found = this.#firstTag(rest); found; found = this.#firstTag(rest)) {
      this.#addText(rest.slice(0, found.index), pieces);
      this.#addTag(found.tag);
      rest = rest.slice(found.index + found.length);
    }
    const cut = rest.length - this.#possibleTagLength(rest);
    this.#addText(rest.slice(0, cut), pieces);
    this.#pending = rest.slice(cut);
    return pieces;
  }

  /**
   * Ends the text. Pending text is the start of a tag that was cut off by the token limit. It stays hidden, so there is
   * never anything left to show.
   */
  finish(): PhasePiece[] {
    this.#pending = '';
    return [];
  }

  /**
   * Thinking and answer of all text, trimmed. Thinking is the text from `<think>` to the next `</think>`, whatever
   * tags it contains. An unclosed `<think>` extends to `<answer>` or the end; with a `</think>` that was never opened,
   * the text before it is thinking. The answer is the text in answer tags or, without any, all other text.
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
    const answer = joinSegments(tagged);
    return { thinking: joinSegments(thinking), answer: answer === '' ? joinSegments(outside) : answer };
  }

  #firstTag(text: string): { tag: Tag; index: number; length: number } | undefined {
    let first: { tag: Tag; index: number; length: number } | undefined;
    for (const { tag, text: tagText } of this.#tags) {
      const index = text.indexOf(tagText);
      if (index >= 0 && (!first || index < first.index)) first = { tag, index, length: tagText.length };
    }
    return first;
  }

  /** Length of the longest end of `text` that is the start of a tag. */
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
    this.#pendingSpace = '';
    this.#segmentShown = false;
    // A stray </answer> does not end the thinking, but <answer> does, because models forget </think>.
    if (tag === 'thinkOpen') this.#phase = 'thinking';
    else if (tag !== 'answerClose') this.#phase = 'answering';
  }

  #addText(text: string, pieces: PhasePiece[]): void {
    if (text === '') return;
    const last = this.#parts[this.#parts.length - 1];
    if (last && 'text' in last) last.text += text;
    else this.#parts.push({ text });
    const whole = this.#pendingSpace + text;
    const visible = whole.trimEnd();
    this.#pendingSpace = whole.slice(visible.length);
    if (visible === '') return;
    const phase = this.#phase;
    if (this.#segmentShown) pieces.push({ phase, text: visible });
    else pieces.push({ phase, text: (this.#shown[phase] ? '\n' : '') + visible.trimStart() });
    this.#segmentShown = true;
    this.#shown[phase] = true;
  }
}

/** Index after the thinking that starts at `start`; `start` if none starts there. */
function thinkingEnd(parts: readonly Part[], start: number, hasThinking: boolean): number {
  const find = (tag: Tag) => {
    const found = parts.findIndex((part, index) => index >= start && 'tag' in part && part.tag === tag);
    return found < 0 ? parts.length : found;
  };
  const close = find('thinkClose');
  if (find('thinkOpen') === start) return close < parts.length ? close + 1 : find('answerOpen');
  const isStray = close < find('thinkOpen') && close < find('answerOpen');
  // A second </think> at the end of the text follows the answer, not thinking.
  const isAnswerBefore = hasThinking && joinText(parts.slice(close + 1)) === '';
  return isStray && !isAnswerBefore ? close + 1 : start;
}

function joinText(parts: readonly Part[]): string {
  return joinSegments(parts.map((part) => ('text' in part ? part.text : '')));
}

function joinSegments(segments: readonly string[]): string {
  return segments
    .map((segment) => segment.trim())
    .filter((segment) => segment !== '')
    .join('\n');
}
