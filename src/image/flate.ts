/**
 * Unpacks a short deflate stream (RFC 1951) at once. A `DecompressionStream` costs more to set up than a tile of a TIFF takes
 * here; for whole files it is the faster one.
 */

/** Codes of at most this many bits take a single table lookup. */
const FAST_BITS = 9;
const MAX_BITS = 15;
const LENGTHS = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** @returns `length` bytes of a zlib stream; null if it ends early or is damaged. What follows is left alone. */
export function inflateShort(coded: Uint8Array, length: number): Uint8Array<ArrayBuffer> | null {
  const [method, flags] = coded;
  const isZlib = method !== undefined && flags !== undefined && (method & 15) === 8 && (flags & 0x20) === 0;
  return isZlib ? new Inflater(coded.subarray(2), length).run() : null;
}

/** Canonical Huffman codes, read from the lowest bit on. */
class Codes {
  /** Length << 12 | symbol for the next FAST_BITS bits; 0 if the code is longer or unknown. */
  readonly fast = new Uint16Array(1 << FAST_BITS);
  readonly counts = new Uint16Array(MAX_BITS + 1);
  readonly symbols: Uint16Array;
  readonly isSound: boolean;

  constructor(lengths: Uint8Array) {
    for (const length of lengths) if (length > 0) this.counts[length]! += 1;
    const [codes, starts] = [new Uint16Array(MAX_BITS + 2), new Uint16Array(MAX_BITS + 2)];
    let free = 1;
    for (let bits = 1; bits <= MAX_BITS; bits++) {
      codes[bits + 1] = (codes[bits]! + this.counts[bits]!) << 1;
      starts[bits + 1] = starts[bits]! + this.counts[bits]!;
      free = free * 2 - this.counts[bits]!;
      if (free < 0) break;
    }
    this.isSound = free >= 0;
    this.symbols = new Uint16Array(lengths.length);
    if (!this.isSound) return;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const bits = lengths[symbol]!;
      if (bits === 0) continue;
      this.symbols[starts[bits]!++] = symbol;
      const code = codes[bits]!++;
      if (bits > FAST_BITS) continue;
      let reversed = 0;
      for (let bit = 0; bit < bits; bit++) reversed |= ((code >> bit) & 1) << (bits - 1 - bit);
      for (let at = reversed; at < 1 << FAST_BITS; at += 1 << bits) this.fast[at] = (bits << 12) | symbol;
    }
  }
}

let fixed: [Codes, Codes] | null = null;

function fixedCodes(): [Codes, Codes] {
  const literals = new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280);
  fixed ??= [new Codes(literals), new Codes(new Uint8Array(30).fill(5))];
  return fixed;
}

class Inflater {
  readonly #coded: Uint8Array;
  readonly #out: Uint8Array<ArrayBuffer>;
  #from = 0;
  #to = 0;
  #bits = 0;
  #count = 0;
  #isBroken = false;

  constructor(coded: Uint8Array, length: number) {
    this.#coded = coded;
    this.#out = new Uint8Array(length);
  }

  run(): Uint8Array<ArrayBuffer> | null {
    for (let isLast = false; !isLast && !this.#isBroken && this.#to < this.#out.length;) {
      isLast = this.#read(1) === 1;
      const kind = this.#read(2);
      if (kind === 0) this.#copyStored();
      else if (kind === 1) this.#unpack(...fixedCodes());
      else if (kind === 2) this.#unpackOwn();
      else this.#isBroken = true;
    }
    return this.#to === this.#out.length ? this.#out : null;
  }

  #read(count: number): number {
    while (this.#count < count) {
      if (this.#from >= this.#coded.length) {
        this.#isBroken = true;
        return 0;
      }
      this.#bits |= this.#coded[this.#from++]! << this.#count;
      this.#count += 8;
    }
    const value = this.#bits & ((1 << count) - 1);
    this.#bits >>>= count;
    this.#count -= count;
    return value;
  }

  /** @returns the next symbol, or −1 */
  #decode(codes: Codes): number {
    while (this.#count < MAX_BITS && this.#from < this.#coded.length) {
      this.#bits |= this.#coded[this.#from++]! << this.#count;
      this.#count += 8;
    }
    const entry = codes.fast[this.#bits & ((1 << FAST_BITS) - 1)]!;
    if (entry >> 12 > 0 && entry >> 12 <= this.#count) {
      this.#bits >>>= entry >> 12;
      this.#count -= entry >> 12;
      return entry & 0xfff;
    }
    let [code, first, index] = [0, 0, 0];
    for (let bits = 1; bits <= Math.min(MAX_BITS, this.#count); bits++) {
      code |= (this.#bits >> (bits - 1)) & 1;
      const count = codes.counts[bits]!;
      if (code - first < count) {
        this.#bits >>>= bits;
        this.#count -= bits;
        return codes.symbols[index + code - first]!;
      }
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    this.#isBroken = true;
    return -1;
  }

  #copyStored(): void {
    // Whole bytes that were read ahead are given back.
    this.#from -= this.#count >> 3;
    this.#bits = this.#count = 0;
    const length = this.#coded[this.#from]! | (this.#coded[this.#from + 1]! << 8);
    const part = this.#coded.subarray(this.#from + 4, this.#from + 4 + length);
    if (part.length < length) this.#isBroken = true;
    this.#out.set(part.subarray(0, this.#out.length - this.#to), this.#to);
    this.#to = Math.min(this.#to + part.length, this.#out.length);
    this.#from += 4 + length;
  }

  #unpackOwn(): void {
    const [literals, distances, used] = [this.#read(5) + 257, this.#read(5) + 1, this.#read(4) + 4];
    const own = new Uint8Array(19);
    for (let i = 0; i < used; i++) own[ORDER[i]!] = this.#read(3);
    const codes = new Codes(own);
    const lengths = new Uint8Array(literals + distances);
    for (let i = 0; i < lengths.length && codes.isSound && !this.#isBroken;) {
      const symbol = this.#decode(codes);
      if (symbol < 0) return;
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      const value = symbol === 16 ? (lengths[i - 1] ?? 0) : 0;
      const repeat =
        symbol === 16 ? 3 + this.#read(2) : symbol === 17 ? 3 + this.#read(3) : 11 + this.#read(7);
      lengths.fill(value, i, i + repeat);
      i += repeat;
    }
    const [first, second] = [new Codes(lengths.subarray(0, literals)), new Codes(lengths.subarray(literals))];
    if (!codes.isSound || !first.isSound || !second.isSound) this.#isBroken = true;
    else this.#unpack(first, second);
  }

  #unpack(literals: Codes, distances: Codes): void {
    const out = this.#out;
    while (this.#to < out.length && !this.#isBroken) {
      const symbol = this.#decode(literals);
      if (symbol < 256) {
        if (symbol >= 0) out[this.#to++] = symbol;
        continue;
      }
      if (symbol === 256) return;
      const length = (LENGTHS[symbol - 257] ?? 0) + this.#read(LENGTH_BITS[symbol - 257] ?? 0);
      const code = this.#decode(distances);
      const extra = Math.max(0, (code >> 1) - 1);
      const distance = code < 4 ? code + 1 : 1 + ((2 + (code & 1)) << extra) + this.#read(extra);
      if (length === 0 || code < 0 || code > 29 || distance > this.#to) this.#isBroken = true;
      const end = this.#isBroken ? this.#to : Math.min(this.#to + length, out.length);
      for (; this.#to < end; this.#to++) out[this.#to] = out[this.#to - distance]!;
    }
  }
}
