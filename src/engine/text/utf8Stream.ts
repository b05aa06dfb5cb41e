/**
 * Converts token ids to text as they arrive. A token of a byte-level BPE can end inside a code point; the decoder
 * returns U+FFFD there until the next tokens complete the character.
 */

export interface IdDecoder {
  /** Text of consecutive ids. At code point boundaries, decode(a) + decode(b) = decode(a ++ b). */
  decode(ids: readonly number[]): string;
}

const REPLACEMENT = '\uFFFD';
/** Number of tokens without a code point boundary after which one is searched. Only invalid text gets there. */
const LONG_WINDOW = 32;
/** A code point has up to 4 bytes, so there is a boundary within 4 tokens, or a few more if some are empty. */
const BOUNDARY_SEARCH = 8;

/**
 * Each `push` decodes only the ids since the last code point boundary (usually one), so the cost per token does not
 * grow with the answer. All pieces, including that of `finish`, concatenate to decode(all ids).
 */
export class Utf8Stream {
  readonly #decoder: IdDecoder;
  #window: number[] = [];
  /** Number of characters of the window's text that have been returned. */
  #emitted = 0;

  constructor(decoder: IdDecoder) {
    this.#decoder = decoder;
  }

  /** The text that is final with this id; '' while a character is incomplete. */
  push(id: number): string {
    this.#window.push(id);
    const text = this.#decoder.decode(this.#window);
    if (!text.endsWith(REPLACEMENT)) {
      const piece = text.slice(this.#emitted);
      this.#window = [];
      this.#emitted = 0;
      return piece;
    }
    // Only the last U+FFFD can still change: the decoder returns one for an incomplete end.
    const final = text.length - 1;
    const piece = text.slice(this.#emitted, final);
    this.#emitted = Math.max(this.#emitted, final);
    if (this.#window.length > LONG_WINDOW) this.#shorten(text);
    return piece;
  }

  /** The remaining text; an incomplete character becomes U+FFFD. */
  finish(): string {
    if (this.#window.length === 0) return '';
    const piece = this.#decoder.decode(this.#window).slice(this.#emitted);
    this.#window = [];
    this.#emitted = 0;
    return piece;
  }

  /** Drops the start of the window, up to a boundary that later ids cannot change. */
  #shorten(text: string): void {
    for (let count = 1; count <= BOUNDARY_SEARCH; count++) {
      const end = this.#window.slice(-count);
      const endText = this.#decoder.decode(end);
      if (endText === '') continue;
      const startText = this.#decoder.decode(this.#window.slice(0, -count));
      if (startText + endText !== text) continue;
      this.#window = end;
      this.#emitted -= startText.length;
      return;
    }
  }
}
