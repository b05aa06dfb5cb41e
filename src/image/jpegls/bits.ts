/** The coded bits of JPEG-LS: a zero bit is stuffed after each byte of ones, so that FF 80 and above is a marker. ISO/IEC 14495-1 A.1. */
import { JpegError } from '../jpeg/bits';

/** Longest Golomb code (16-bit samples): above, the data can't be sound. */
const MAX_ZEROS = 64;

export class LsBitReader {
  /** Of the next byte that isn't in the cache. */
  position: number;
  readonly #bytes: Uint8Array;
  /** The next bits, from the top. */
  #cache = 0;
  #valid = 0;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.position = position;
  }

  #fill(): void {
    const bytes = this.#bytes;
    while (this.#valid <= 24 && this.position < bytes.length) {
      const byte = bytes[this.position]!;
      if (byte === 0xff && (bytes[this.position + 1] ?? 0xff) >= 0x80) return;
      this.#cache |= byte << (24 - this.#valid);
      this.position++;
      // The stuffed bit of the next byte lies on the last bit of this one, and leaves it as it is.
      this.#valid += byte === 0xff ? 7 : 8;
    }
  }

  /** @param count at most 24 */
  bits(count: number): number {
    if (count === 0) return 0;
    if (this.#valid < count) {
      this.#fill();
      if (this.#valid < count) throw new JpegError('the coded data ends early');
    }
    const value = this.#cache >>> (32 - count);
    this.#cache <<= count;
    this.#valid -= count;
    return value;
  }

  /** Zeros before the next one, which is read as well. */
  zeros(): number {
    let total = 0;
    for (;;) {
      if (this.#valid < 16) this.#fill();
      if (this.#valid <= 0) throw new JpegError('the coded data ends early');
      const zeros = Math.clz32(this.#cache);
      const read = Math.min(zeros + 1, this.#valid);
      // A shift by 32 would be none.
      this.#cache = (this.#cache << (read - 1)) << 1;
      this.#valid -= read;
      if (zeros < read) return total + zeros;
      total += read;
      if (total > MAX_ZEROS) throw new JpegError('a code is too long');
    }
  }
}
