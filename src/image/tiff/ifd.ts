/** The directories of a TIFF file: classic and BigTIFF, both byte orders. TIFF 6.0 section 2. */
import type { RoundsError } from '../../shared/errors';
import type { ByteSource } from '../byteSource';
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
  xmp: 700,
} as const;

const TAGS: ReadonlySet<number> = new Set(Object.values(TAG));

/** Bytes of a value by its type. Fields of other types are ignored. */
const TYPE_BYTES: Partial<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
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

/** A field whose values are elsewhere in the file. */
interface Pointer {
  type: number;
  count: number;
  start: number;
}

/** The values of a directory's fields: those inside it at once, others after `load`. */
export class Directory {
  readonly #values = new Map<number, readonly number[]>();
  readonly #pointers = new Map<number, Pointer>();

  set(tag: number, values: readonly number[] | Pointer): void {
    if ('start' in values) this.#pointers.set(tag, values);
    else this.#values.set(tag, values);
  }

  all(tag: number): readonly number[] {
    return this.#values.get(tag) ?? [];
  }

  first(tag: number, fallback: number): number {
    return this.all(tag)[0] ?? fallback;
  }

  /** A count, whatever type it's written with. */
  count(tag: number, fallback: number): number {
    return Math.trunc(this.first(tag, fallback));
  }

  /** Reads the values that aren't in the directory itself. @throws RangeError, RoundsError image_invalid */
  async load({ source, isLittleEndian }: TiffFile): Promise<void> {
    for (const [tag, { type, count, start }] of this.#pointers) {
      const bytes = await source.read(start, count * TYPE_BYTES[type]!);
      this.#values.set(tag, readValues(viewOf(bytes), 0, type, count, isLittleEndian));
    }
    this.#pointers.clear();
  }
}

export interface TiffFile {
  source: ByteSource;
  isLittleEndian: boolean;
  /** Full-size pages; thumbnails and masks are left out. */
  pages: Directory[];
}

/** @throws RoundsError image_invalid if the directories can't be read */
export async function readTiff(source: ByteSource): Promise<TiffFile> {
  try {
    const head = viewOf(await source.read(0, 8));
    const isLittleEndian = head.getUint8(0) === 0x49;
    const isBig = head.getUint16(2, isLittleEndian) === 43;
    const all = await new DirectoryReader(source, isLittleEndian, isBig).readAll();
    // Bit 0: a smaller version of another page. Bit 2: a mask.
    const pages = all.filter((page) => (page.first(TAG.subfileType, 0) & 5) === 0);
    if (all.length === 0) throw new RangeError('the file has no directory');
    return { source, isLittleEndian, pages: pages.length > 0 ? pages : all };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw damagedTiff(error);
  }
}

/** @returns image_invalid */
export function damagedTiff(cause?: unknown): RoundsError {
  return invalidImage('the TIFF data is damaged or incomplete', cause);
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

class DirectoryReader {
  readonly #source: ByteSource;
  readonly #little: boolean;
  readonly #isBig: boolean;
  /** Bytes of directories that may still come: in a sound file they don't overlap. */
  #budget: number;

  constructor(source: ByteSource, little: boolean, isBig: boolean) {
    this.#source = source;
    this.#little = little;
    this.#isBig = isBig;
    this.#budget = source.size;
  }

  /** Follows the chain of directories, and stops if it returns to an earlier one. */
  async readAll(): Promise<Directory[]> {
    const seen = new Set<number>();
    const pages: Directory[] = [];
    const [pointerBytes, countBytes] = this.#isBig ? [8, 8] : [4, 2];
    let at = await this.#offset(this.#isBig ? 8 : 4);
    while (at !== 0 && !seen.has(at) && pages.length < MAX_PAGES) {
      seen.add(at);
      const head = viewOf(await this.#source.read(at, countBytes));
      const count = this.#isBig ? this.#offsetIn(head, 0) : head.getUint16(0, this.#little);
      const length = count * (this.#isBig ? 20 : 12);
      this.#budget -= countBytes + length + pointerBytes;
      if (count > 65_535 || this.#budget < 0) throw new RangeError('a directory has too many fields');
      const entries = viewOf(await this.#source.read(at + countBytes, length));
      pages.push(this.#directory(entries, count));
      at = await this.#offset(at + countBytes + length);
    }
    return pages;
  }

  #directory(entries: DataView, count: number): Directory {
    const directory = new Directory();
    const [entryBytes, inlineBytes] = this.#isBig ? [20, 8] : [12, 4];
    for (let i = 0; i < count; i++) {
      const entry = i * entryBytes;
      const tag = entries.getUint16(entry, this.#little);
      if (!TAGS.has(tag)) continue;
      const type = entries.getUint16(entry + 2, this.#little);
      const length = this.#offsetIn(entries, entry + 4);
      const bytes = TYPE_BYTES[type];
      if (bytes === undefined || length > MAX_VALUES) continue;
      const field = entry + entryBytes - inlineBytes;
      directory.set(
        tag,
        length * bytes <= inlineBytes
          ? readValues(entries, field, type, length, this.#little)
          : { type, count: length, start: this.#offsetIn(entries, field) },
      );
    }
    return directory;
  }

  async #offset(at: number): Promise<number> {
    return this.#offsetIn(viewOf(await this.#source.read(at, this.#isBig ? 8 : 4)), 0);
  }

  /** A file offset or count: 32 bits, or 64 in BigTIFF. */
  #offsetIn(view: DataView, at: number): number {
    return this.#isBig ? Number(view.getBigUint64(at, this.#little)) : view.getUint32(at, this.#little);
  }
}

function readValues(view: DataView, start: number, type: number, count: number, little: boolean): number[] {
  const bytes = TYPE_BYTES[type]!;
  const values: number[] = [];
  for (let i = 0; i < count; i++) values.push(readValue(view, type, start + i * bytes, little));
  return values;
}

function readValue(view: DataView, type: number, at: number, little: boolean): number {
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
