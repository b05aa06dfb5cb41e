/** Entropy-coded bits of a JPEG scan: byte stuffing, restart markers, and Huffman codes. ISO/IEC 10918-1 F.2.2. */

/** Thrown inside this folder only; `decodeJpeg` turns it into a RoundsError. Its message is a clause without a full stop. */
export class JpegError extends Error {}

/** A kind of JPEG that can't be opened, although it may be sound. */
export class JpegUnsupportedError extends JpegError {}

/** Codes of at most this many bits take a single table lookup. */
const FAST_BITS = 9;

/** A Huffman table as in DHT: the number of codes of each length 1–16, and their values in order. */
export class HuffmanTable {
  /** Length << 8 | value for the next FAST_BITS bits; 0 if the code is longer. */
  readonly fast = new Uint16Array(1 << FAST_BITS);
  /** Largest code of each length (−1: none), and the offset from a code to the index of its value. */
  readonly maxCode = new Int32Array(18).fill(-1);
  readonly shift = new Int32Array(18);
  readonly values: Uint8Array;

  /** @throws JpegError if the lengths don't form a prefix code */
  constructor(counts: Uint8Array, values: Uint8Array) {
    this.values = values;
    let code = 0;
    let index = 0;
    for (let length = 1; length <= 16; length++) {
      const count = counts[length - 1]!;
      if (code + count > 1 << length) throw new JpegError('a Huffman table is invalid');
      this.shift[length] = index - code;
      for (let i = 0; i < count; i++) this.#enter(code++, length, values[index++]!);
      if (count > 0) this.maxCode[length] = code - 1;
      code <<= 1;
    }
  }

  #enter(code: number, length: number, value: number): void {
    if (length > FAST_BITS) return;
    const free = FAST_BITS - length;
    this.fast.fill((length << 8) | value, code << free, (code + 1) << free);
  }
}

export class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #bits = 0;
  #count = 0;
  /** Zero bits appended after the end of the segment; using one means that the scan is truncated. */
  #padding = 0;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  /** Offset of the next marker, or of the end of the file; skips coded bytes that weren't used. */
  findMarker(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    while (at < bytes.length && (bytes[at] !== 0xff || bytes[at + 1] === 0)) at++;
    return at;
  }

  #fill(): void {
    while (this.#count <= 24) {
      let byte = 0;
      const next = this.#bytes[this.#at];
      if (next === undefined || (next === 0xff && this.#bytes[this.#at + 1] !== 0)) {
        this.#padding += 8;
      } else {
        byte = next;
        this.#at += next === 0xff ? 2 : 1;
      }
      this.#bits |= byte << (24 - this.#count);
      this.#count += 8;
    }
  }

  #drop(count: number): void {
    this.#bits <<= count;
    this.#count -= count;
    if (this.#count < this.#padding) throw new JpegError('the coded data ends early');
  }

  /** @param count 0–16 */
  read(count: number): number {
    if (count === 0) return 0;
    if (this.#count < 16) this.#fill();
    const value = this.#bits >>> (32 - count);
    this.#drop(count);
    return value;
  }

  /** The next value of a table. */
  decode(table: HuffmanTable): number {
    if (this.#count < 16) this.#fill();
    const entry = table.fast[this.#bits >>> (32 - FAST_BITS)]!;
    if (entry !== 0) {
      this.#drop(entry >> 8);
      return entry & 255;
    }
    for (let length = FAST_BITS + 1; length <= 16; length++) {
      const code = this.#bits >>> (32 - length);
      if (code > table.maxCode[length]!) continue;
      this.#drop(length);
      return table.values[code + table.shift[length]!]!;
    }
    throw new JpegError('a Huffman code is unknown');
  }

  /** A difference or coefficient of `size` bits with its sign. */
  readSigned(size: number): number {
    const value = this.read(size);
    return size > 0 && value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
  }

  /** Continues after the next restart marker. */
  restart(): void {
    const bytes = this.#bytes;
    this.#bits = this.#count = this.#padding = 0;
    while (this.#at + 1 < bytes.length) {
      const marker = bytes[this.#at] === 0xff ? bytes[this.#at + 1]! : 0;
      if (marker >= 0xd0 && marker <= 0xd7) {
        this.#at += 2;
        return;
      }
      if (marker !== 0 && marker !== 0xff) break;
      this.#at++;
    }
    throw new JpegError('a restart marker is missing');
  }
}
