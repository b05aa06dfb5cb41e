/**
 * Walks the first elements of a DICOM data set without interpreting more than it must: short values are collected, everything
 * else is skipped. It never throws, and its work is proportional to the bytes it gets.
 */
export interface SkimmedValue {
  /** The bytes as Latin-1, without padding. */
  text: string;
  /** The first two bytes as an unsigned number. */
  number: number;
  /** The bytes as hexadecimal digits: values that only have to be compared. */
  raw: string;
}

export interface Skimmed {
  values: ReadonlyMap<number, SkimmedValue>;
  /** True if the bytes ended before the wanted elements did. */
  isShort: boolean;
  /** Where reading ended. */
  end: number;
}

export interface SkimOptions {
  start: number;
  /** Reads only the elements of this group; null reads until the elements that describe the picture are over. */
  group: number | null;
  isLittle: boolean;
}

/** Rows and Columns are the last elements that place a slice; some writers don't sort the elements before them. */
const LAST_TAGS = [0x00280010, 0x00280011];
const FIRST_TAG_AFTER = 0x00290000;
/** Values beyond this length are never needed. */
const MAX_VALUE = 1024;
const MAX_DEPTH = 16;
const UNDEFINED = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
/** Value representations with a length of 32 bits. */
const LONG = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

interface Element {
  tag: number;
  vr: string;
  length: number;
  /** Where the value begins. */
  at: number;
}

/** @returns null if the bytes aren't a data set */
export function skimElements(bytes: Uint8Array<ArrayBuffer>, options: SkimOptions): Skimmed | null {
  const reader = new Reader(bytes, options.isLittle);
  const values = new Map<number, SkimmedValue>();
  let at = options.start;
  while (at + 8 <= bytes.length) {
    const element = reader.element(at);
    if (!element) break;
    const { tag, length } = element;
    if (options.group !== null && tag >>> 16 !== options.group) return { values, isShort: false, end: at };
    if (tag >= FIRST_TAG_AFTER) return { values, isShort: false, end: at };
    // Zeros would otherwise be read as elements to the end.
    if (tag === 0 && length === 0) return null;
    const next = reader.after(element, 0);
    if (next === null) break;
    if (length <= MAX_VALUE) values.set(tag, reader.value(element));
    at = next;
    if (LAST_TAGS.every((last) => values.has(last))) return { values, isShort: false, end: at };
  }
  return { values, isShort: true, end: at };
}

class Reader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #isLittle: boolean;

  constructor(bytes: Uint8Array<ArrayBuffer>, isLittle: boolean) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#isLittle = isLittle;
  }

  /** Null if the bytes end within the element's head. Explicit or implicit is what the head looks like, not what the file says. */
  element(at: number): Element | null {
    if (at + 8 > this.#bytes.length) return null;
    const tag = this.#tag(at);
    const vr = this.#latin(at + 4, 2);
    // Items and delimiters have no VR.
    const isExplicit = /^[A-Z]{2}$/.test(vr) && tag >>> 16 !== 0xfffe;
    if (!isExplicit) return { tag, vr: '', length: this.#view.getUint32(at + 4, this.#isLittle), at: at + 8 };
    if (!LONG.has(vr)) return { tag, vr, length: this.#view.getUint16(at + 6, this.#isLittle), at: at + 8 };
    if (at + 12 > this.#bytes.length) return null;
    return { tag, vr, length: this.#view.getUint32(at + 8, this.#isLittle), at: at + 12 };
  }

  /** Where the next element begins; null if that is beyond the bytes. */
  after({ length, at }: Element, depth: number): number | null {
    if (length === UNDEFINED) return this.#afterSequence(at, depth + 1);
    const next = at + length;
    return next <= this.#bytes.length ? next : null;
  }

  value({ at, length }: Element): SkimmedValue {
    const bytes = this.#bytes.subarray(at, at + length);
    return {
      text: this.#latin(at, length)
        .replace(/[\0 ]+$/, '')
        .trimStart(),
      number: length >= 2 ? this.#view.getUint16(at, this.#isLittle) : 0,
      raw: length <= 64 ? Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') : '',
    };
  }

  #afterSequence(start: number, depth: number): number | null {
    if (depth > MAX_DEPTH) return null;
    for (let at = start; at + 8 <= this.#bytes.length;) {
      const tag = this.#tag(at);
      if (tag === SEQUENCE_END) return at + 8;
      if (tag !== ITEM) return null;
      const length = this.#view.getUint32(at + 4, this.#isLittle);
      const next = length === UNDEFINED ? this.#afterItem(at + 8, depth) : at + 8 + length;
      if (next === null) return null;
      at = next;
    }
    return null;
  }

  #afterItem(start: number, depth: number): number | null {
    for (let at = start; at + 8 <= this.#bytes.length;) {
      const element = this.element(at);
      if (!element) return null;
      if (element.tag === ITEM_END) return at + 8;
      const next = this.after(element, depth);
      if (next === null) return null;
      at = next;
    }
    return null;
  }

  #tag(at: number): number {
    const group = this.#view.getUint16(at, this.#isLittle);
    return ((group << 16) | this.#view.getUint16(at + 2, this.#isLittle)) >>> 0;
  }

  #latin(at: number, length: number): string {
    return String.fromCharCode(...this.#bytes.subarray(at, at + length));
  }
}
