/** The directories of a TIFF file: classic and BigTIFF, both byte orders. TIFF 6.0 section 2. */
import type { RoundsError } from '../../shared/errors';
import { invalidImage } from '../imageError';

/** Tags that are read. */
export const TAG = {
  subfileType: 254,
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  extraSamples: 338,
  sampleFormat: 339,
} as const;

/** Bytes of a value by its type. Fields of other types are ignored. */
const TYPE_BYTES: Record<number, number> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  8: 2,
  9: 4,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
};
const MAX_PAGES = 10_000;
/** Values of one field; offsets of strips and tiles are the longest. */
const MAX_VALUES = 1_000_000;

/** The values of a directory's fields, read when they're needed. */
export class Directory {
  readonly #fields: Map<number, () => number[]>;

  constructor(fields: Map<number, () => number[]>) {
    this.#fields = fields;
  }

  all(tag: number): number[] {
    return this.#fields.get(tag)?.() ?? [];
  }

  first(tag: number, fallback: number): number {
    return this.all(tag)[0] ?? fallback;
  }
}

export interface TiffFile {
  view: DataView;
  isLittleEndian: boolean;
  /** Full-size pages; thumbnails and masks are left out. */
  pages: Directory[];
}

/** @throws RoundsError image_invalid if the directories can't be read */
export function readTiff(bytes: Uint8Array): TiffFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const isLittleEndian = view.getUint8(0) === 0x49;
    const isBig = view.getUint16(2, isLittleEndian) === 43;
    const all = new DirectoryReader(view, isLittleEndian, isBig).readAll();
    // Bit 0: a smaller version of another page. Bit 2: a mask.
    const pages = all.filter((page) => (page.first(TAG.subfileType, 0) & 5) === 0);
    if (all.length === 0) throw new RangeError('the file has no directory');
    return { view, isLittleEndian, pages: pages.length > 0 ? pages : all };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw damagedTiff(error);
  }
}

/** @returns image_invalid */
export function damagedTiff(cause?: unknown): RoundsError {
  return invalidImage('the TIFF data is damaged or incomplete', cause);
}

class DirectoryReader {
  readonly #view: DataView;
  readonly #little: boolean;
  readonly #isBig: boolean;

  constructor(view: DataView, little: boolean, isBig: boolean) {
    this.#view = view;
    this.#little = little;
    this.#isBig = isBig;
  }

  /** Follows the chain of directories, and stops if it returns to an earlier one. */
  readAll(): Directory[] {
    const seen = new Set<number>();
    const pages: Directory[] = [];
    let at = this.#offset(this.#isBig ? 8 : 4);
    while (at !== 0 && !seen.has(at) && pages.length < MAX_PAGES) {
      seen.add(at);
      const count = this.#isBig ? this.#offset(at) : this.#view.getUint16(at, this.#little);
      const start = at + (this.#isBig ? 8 : 2);
      const entryBytes = this.#isBig ? 20 : 12;
      if (count > 65_535) throw new RangeError('a directory has too many fields');
      const fields = new Map<number, () => number[]>();
      for (let i = 0; i < count; i++) {
        const entry = start + i * entryBytes;
        fields.set(this.#view.getUint16(entry, this.#little), () => this.#values(entry));
      }
      pages.push(new Directory(fields));
      at = this.#offset(start + count * entryBytes);
    }
    return pages;
  }

  /** A file offset or count: 32 bits, or 64 in BigTIFF. */
  #offset(at: number): number {
    return this.#isBig
      ? Number(this.#view.getBigUint64(at, this.#little))
      : this.#view.getUint32(at, this.#little);
  }

  #values(entry: number): number[] {
    const type = this.#view.getUint16(entry + 2, this.#little);
    const count = this.#offset(entry + 4);
    const bytes = TYPE_BYTES[type];
    if (bytes === undefined || count > MAX_VALUES) return [];
    const field = entry + (this.#isBig ? 12 : 8);
    const isInline = count * bytes <= (this.#isBig ? 8 : 4);
    const start = isInline ? field : this.#offset(field);
    return Array.from({ length: count }, (_, i) => this.#value(type, start + i * bytes));
  }

  #value(type: number, at: number): number {
    const [view, little] = [this.#view, this.#little];
    switch (type) {
      case 3:
        return view.getUint16(at, little);
      case 8:
        return view.getInt16(at, little);
      case 4:
      case 13:
        return view.getUint32(at, little);
      case 9:
        return view.getInt32(at, little);
      case 5:
        return view.getUint32(at, little) / (view.getUint32(at + 4, little) || 1);
      case 16:
      case 17:
      case 18:
        return Number(view.getBigUint64(at, little));
      default:
        return view.getUint8(at);
    }
  }
}
