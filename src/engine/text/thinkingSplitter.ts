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
  /** Any of the tags; null if there is none. */
  readonly #anyTag: RegExp | null;
  readonly #parts: Part[] = [];
  readonly #shown: Record<Phase, boolean> = { thinking: false, answering: false };
  #phase: Phase = 'answering';
  /** Text that may be the start of a tag. */
  #pending = '';
  /** Whitespace that is shown only if more text of the segment follows. */
  #pendingSpace = '';
  #segmentShown = false;
  #isAnswerOpen = false;

  constructor(tags: ThinkingTags = DEFAULT_TAGS) {
    const all: { tag: Tag; text: string }[] = [
      { tag: 'thinkOpen', text: tags.think[0] },
      { tag: 'thinkClose', text: tags.think[1] },
      { tag: 'answerOpen', text: tags.answer[0] },
      { tag: 'answerClose', text: tags.answer[1] },
    ];
    this.#tags = all.filter(({ text }) => text !== '');
    const sources = this.#tags.map(({ text }) => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'));
    this.#anyTag = sources.length > 0 ? new RegExp(sources.join('|'), 'g') : null;
  }

  /** The phase of the text that follows. */
  get phase(): Phase {
    return this.#phase;
  }

  push(text: string): PhasePiece[] {
    const pieces: PhasePiece[] = [];
    const whole = this.#pending + text;
    let from = 0;
    for (const found of this.#anyTag ? whole.matchAll(this.#anyTag) : []) {
      const tag = this.#tags.find((known) => known.text === found[0]);
      this.#addText(whole.slice(from, found.index), pieces);
      if (tag) this.#addTag(tag.tag);
      from = found.index + found[0].length;
    }
    const rest = whole.slice(from);
    const cut = rest.length - this.#possibleTagLength(rest);
    this.#addText(rest.slice(0, cut), pieces);
    this.#pending = rest.slice(cut);
    return pieces;
  }

  /**
   * Ends the text. What is pending looks like the start of a tag. If the model ended its text, it is text: "p <".
   * @param isCut the text was cut off, by the token limit or by the visitor: then a tag that may follow here, of which
   *   more than "<" is written, stays hidden
   */
  finish(isCut = false): PhasePiece[] {
    const pieces: PhasePiece[] = [];
    const pending = this.#pending;
    this.#pending = '';
    if (!isCut || !this.#mayBeginTag(pending)) this.#addText(pending, pieces);
    return pieces;
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
    const places = new PartPlaces(parts);
    let index = 0;
    let inAnswer = false;
    while (index < parts.length) {
      const end = thinkingEnd(places, index, thinking.length > 0);
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

  /** Whether a cut tag of this beginning makes sense here: `</answer>` only closes what is open. */
  #mayBeginTag(pending: string): boolean {
    if (pending.length < 2) return false;
    const tags = this.#tags.filter(({ text }) => text.startsWith(pending));
    return tags.some(({ tag }) => tag !== 'answerClose' || this.#isAnswerOpen || this.#phase === 'thinking');
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
    if (tag === 'answerOpen' || tag === 'answerClose') this.#isAnswerOpen = tag === 'answerOpen';
    // A stray </answer> does not end the thinking, but <answer> does, because models forget </think>.
    if (tag === 'thinkOpen') this.#phase = 'thinking';
    else if (tag !== 'answerClose') this.#phase = 'answering';
  }

  #addText(text: string, pieces: PhasePiece[]): void {
    if (text === '') return;
    const last = this.#parts[this.#parts.length - 1];
    if (last && 'text' in last) last.text += text;
    else this.#parts.push({ text });
    // Spaces are joined once they are followed by something, however many tokens of spaces there are.
    if (text.trim() === '') {
      this.#pendingSpace += text;
      return;
    }
    const whole = this.#pendingSpace + text;
    const visible = whole.trimEnd();
    this.#pendingSpace = whole.slice(visible.length);
    const phase = this.#phase;
    if (this.#segmentShown) pieces.push({ phase, text: visible });
    else pieces.push({ phase, text: (this.#shown[phase] ? '\n' : '') + visible.trimStart() });
    this.#segmentShown = true;
    this.#shown[phase] = true;
  }
}

/** Where the next tag of each kind is, and whether any text follows. */
class PartPlaces {
  readonly #next: Record<Tag, Int32Array>;
  readonly #lastText: number;
  readonly length: number;

  constructor(parts: readonly Part[]) {
    const { length } = parts;
    this.length = length;
    const places = (): Int32Array => new Int32Array(length + 1).fill(length);
    this.#next = { thinkOpen: places(), thinkClose: places(), answerOpen: places(), answerClose: places() };
    for (const [tag, next] of Object.entries(this.#next)) {
      for (let index = length - 1; index >= 0; index--) {
        const part = parts[index];
        next[index] = part && 'tag' in part && part.tag === tag ? index : (next[index + 1] ?? length);
      }
    }
    this.#lastText = parts.findLastIndex((part) => 'text' in part && part.text.trim() !== '');
  }

  /** Index of the first such tag from `start` on; the number of parts if there is none. */
  find(tag: Tag, start: number): number {
    return this.#next[tag][start] ?? this.length;
  }

  hasTextAfter(index: number): boolean {
    return this.#lastText > index;
  }
}

/** Index after the thinking that starts at `start`; `start` if none starts there. */
function thinkingEnd(places: PartPlaces, start: number, hasThinking: boolean): number {
  const close = places.find('thinkClose', start);
  const open = places.find('thinkOpen', start);
  const answer = places.find('answerOpen', start);
  if (open === start) return close < places.length ? close + 1 : answer;
  const isStray = close < open && close < answer;
  // A second </think> at the end of the text follows the answer, not thinking.
  const isAnswerBefore = hasThinking && !places.hasTextAfter(close);
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
