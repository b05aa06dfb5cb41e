/**
 * Token ids → text that can be shown at once. A token of a byte-level BPE may end inside a code point; the
 * decoder writes U+FFFD there, and the next tokens turn it into the character.
 */

export interface IdDecoder {
  /** Text of a run of ids; at code point borders decode(a) + decode(b) = decode(a ++ b). */
  decode(ids: readonly number[]): string;
}

const REPLACEMENT = '\uFFFD';
/** Tokens without a clean border after which one is looked for; only broken text gets here. */
const LONG_WINDOW = 32;
/** A code point has 4 bytes: a border can be found among that many tokens, some more if tokens are empty. */
const BORDER_SEARCH = 8;

/**
 * Each `push` decodes only the ids since the last clean border (usually one), so long answers cost no more for a
 * token than short ones. All pieces with the one of `finish` together are decode(all ids).
 */
export class Utf8Stream {
  readonly #decoder: IdDecoder;
  #window: number[] = [];
  /** Characters of the window's text that have been given out. */
  #given = 0;

  constructor(decoder: IdDecoder) {
    this.#decoder = decoder;
  }

  /** Text that has become certain with this id; '' while a character is incomplete. */
  push(id: number): string {
    this.#window.push(id);
    const text = this.#decoder.decode(this.#window);
    if (!text.endsWith(REPLACEMENT)) {
      const piece = text.slice(this.#given);
      this.#window = [];
      this.#given = 0;
      return piece;
    }
    // Only the last U+FFFD can still change: the decoder writes one for an incomplete end.
    const certain = text.length - 1;
    const piece = text.slice(this.#given, certain);
    this.#given = Math.max(this.#given, certain);
    if (this.#window.length > LONG_WINDOW) this.#shorten(text);
    return piece;
  }

  /** What was held back; a character that stayed incomplete comes out as U+FFFD. */
  finish(): string {
    if (this.#window.length === 0) return '';
    const piece = this.#decoder.decode(this.#window).slice(this.#given);
    this.#window = [];
    this.#given = 0;
    return piece;
  }

  /** Drops the window's beginning at a border that later ids cannot change. */
  #shorten(text: string): void {
    for (let count = 1; count <= BORDER_SEARCH; count++) {
      const end = this.#window.slice(-count);
      const endText = this.#decoder.decode(end);
      if (endText === '') continue;
      const startText = this.#decoder.decode(this.#window.slice(0, -count));
      if (startText + endText !== text) continue;
      this.#window = end;
      this.#given -= startText.length;
      return;
    }
  }
}
