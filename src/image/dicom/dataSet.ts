/** What was read of a DICOM data set: elements by tag, and their values in the form that a decoder needs. */

export interface Fragments {
  /** Where each fragment's bytes begin in the file, and how many there are. */
  positions: number[];
  lengths: number[];
  /** The fragment ends with the end marker of a coded image. */
  hasEndMarker: boolean[];
  /** Basic Offset Table: bytes from the first fragment's header to each frame's. */
  offsets: number[];
  /** Whether the file ends inside the last fragment. */
  isCut: boolean;
}

export interface DicomElement {
  /** Empty: implicit. */
  vr: string;
  /** Of the value, in bytes from the start of the file. */
  position: number;
  /** Bytes of the value that the file has. */
  length: number;
  /** The value; empty if it's too long to be kept (pixels). */
  value: Uint8Array;
  /** Of a sequence; only those in SEQUENCES (readDataSet.ts) are kept. */
  items?: DataSet[];
  /** Of encapsulated Pixel Data. */
  fragments?: Fragments;
}

/** Characters that are read of a text. A value of an image's header that is longer doesn't say anything about its pixels. */
const MAX_TEXT = 4096;

/** Tags are "x" and eight lower-case hexadecimal digits: x00280010. */
export class DataSet {
  readonly elements: Record<string, DicomElement | undefined> = {};
  readonly isLittleEndian: boolean;

  constructor(isLittleEndian: boolean) {
    this.isLittleEndian = isLittleEndian;
  }

  /** Up to the first zero byte, as Latin-1 text without spaces around it. Undefined if there is no such element. */
  string(tag: string): string | undefined {
    const value = this.elements[tag]?.value.subarray(0, MAX_TEXT);
    if (!value) return undefined;
    const end = value.indexOf(0);
    return String.fromCharCode(...(end < 0 ? value : value.subarray(0, end))).trim();
  }

  /** The values of a text with several ones, at most `limit`. */
  strings(tag: string, limit: number): string[] {
    const text = this.string(tag);
    return text ? text.split('\\', limit).map((part) => part.trim()) : [];
  }

  /** Numbers written as text (IS, DS); NaN for what isn't a number. Some writers use a decimal comma. */
  numbers(tag: string, limit: number): number[] {
    return this.strings(tag, limit).map((text) => parseFloat(text.replace(',', '.')));
  }

  uint16(tag: string): number | undefined {
    return this.#view(tag, 2)?.getUint16(0, this.isLittleEndian);
  }

  int16(tag: string): number | undefined {
    return this.#view(tag, 2)?.getInt16(0, this.isLittleEndian);
  }

  #view(tag: string, length: number): DataView | null {
    const value = this.elements[tag]?.value;
    return value && value.length >= length ? viewOf(value) : null;
  }
}

export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Names of the tags that items have again and again. */
const names = new Map<number, string>();

/** The form of tags in `elements`. */
export function tagName(tag: number): string {
  const known = names.get(tag);
  if (known !== undefined) return known;
  const name = `x${tag.toString(16).padStart(8, '0')}`;
  if (names.size < 1000) names.set(tag, name);
  return name;
}
