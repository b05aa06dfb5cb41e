/**
 * Bytes → a data set. Reads what it can: padding after the last element, missing delimiters and a file that is cut off end the
 * data set without an error. Each byte is passed once, and counts and depth have limits, so that the work is in proportion to
 * the file. PS3.5 chapter 7.
 */
import { invalidImage } from '../imageError';
import { DataSet, type DicomElement } from './dataSet';
import { type Encoding, isItemExplicit, isLetter, SHORT_VRS } from './encoding';
import { readFragments } from './readFragments';
import type { ByteSource } from './source';

/** Sequences whose items are kept. All others are passed. */
const SEQUENCES: ReadonlySet<number> = new Set([
  // Other Patient IDs, Request Attributes: only whether they are filled.
  0x00101002, 0x00400275,
  // Modality LUT, VOI LUT.
  0x00283000, 0x00283010,
  // Shared and per-frame functional groups; in them Pixel Measures, Frame VOI LUT, Pixel Value Transformation.
  0x52009229,
  0x52009230, 0x00289110, 0x00289132, 0x00289145,
]);
/** Groups of elements that are kept of items: those about pixels. */
const ITEM_GROUPS: ReadonlySet<number> = new Set([0x0018, 0x0028]);
const NOTHING = new Uint8Array();
const PIXEL_DATA = 0x7fe00010;
const UNDEFINED = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;

/** Longer values (pixels) aren't kept; the longest of a lookup table has 128 KiB, of an Extended Offset Table 800 kB. */
const MAX_VALUE = 1024 * 1024;
const MAX_KEPT_BYTES = 128 * 1024 * 1024;
/** Elements that are passed, and those that are kept, of one file. */
const MAX_ELEMENTS = 4_000_000;
const MAX_KEPT = 300_000;
const MAX_DEPTH = 64;

export interface ReadOptions {
  start: number;
  encoding: Encoding;
  /** Read elements of this group only (file meta information). */
  onlyGroup?: number;
}

export interface ReadResult {
  data: DataSet;
  /** Where the first byte is that wasn't read. */
  end: number;
  /** The file ends inside an element. */
  isCut: boolean;
}

/** @throws RoundsError image_invalid above the limits */
export async function readDataSet(source: ByteSource, options: ReadOptions): Promise<ReadResult> {
  const reader = new Reader(source, options);
  const data = await reader.dataSet(options.encoding.isExplicit);
  return { data, end: reader.position, isCut: reader.isCut };
}

/** Where an element is. */
interface Place {
  isExplicit: boolean;
  /** Of the data set around it. */
  end: number;
  /** Of nesting; 0: not in an item. */
  depth: number;
  /** What's read here is kept. */
  isKept: boolean;
}

interface Head {
  tag: number;
  vr: string;
  length: number;
}

class Reader {
  position: number;
  isCut = false;
  readonly #source: ByteSource;
  readonly #isLittle: boolean;
  readonly #onlyGroup: number | undefined;
  #elements = 0;
  #kept = 0;
  #keptBytes = 0;

  constructor(source: ByteSource, { start, encoding, onlyGroup }: ReadOptions) {
    this.#source = source;
    this.#isLittle = encoding.isLittle;
    this.#onlyGroup = onlyGroup;
    this.position = start;
  }

  async dataSet(isExplicit: boolean): Promise<DataSet> {
    const data = new DataSet(this.#isLittle);
    const place: Place = { isExplicit, end: this.#source.size, depth: 0, isKept: true };
    let last = 0;
    for (;;) {
      const start = this.position;
      const head = await this.#head(isExplicit);
      if (!head) break;
      const { tag } = head;
      const isWanted = this.#onlyGroup === undefined || tag >>> 16 === this.#onlyGroup;
      // After the pixels, what isn't an element of a higher tag is padding.
      const isPadding = last >= PIXEL_DATA && (tag <= last || tag >= ITEM);
      if (!isWanted || isPadding || tag === ITEM) {
        this.position = start;
        break;
      }
      if (tag === ITEM_END || tag === SEQUENCE_END) continue;
      last = tag;
      const element = await this.#element(head, place);
      if (!element) break;
      await this.#keep(data, tag, element);
    }
    // Bytes that are no element.
    const isComplete = this.position >= this.#source.size || last >= PIXEL_DATA;
    if (this.#onlyGroup === undefined && !isComplete) this.isCut = true;
    return data;
  }

  async #keep(data: DataSet, tag: number, element: DicomElement): Promise<void> {
    if (++this.#kept > MAX_KEPT) throw invalidImage('the DICOM header has too many elements');
    const { position, length } = element;
    if (!element.items && !element.fragments && length > 0 && length <= MAX_VALUE) {
      this.#keptBytes += length;
      if (this.#keptBytes > MAX_KEPT_BYTES) throw invalidImage('the DICOM header is too large');
      element.value = await this.#source.keep(position, length);
    }
    data.elements[`x${tag.toString(16).padStart(8, '0')}`] = element;
  }

  /** Tag, VR and length of the element at the position, which then is that of its value. Null if the file ends before. */
  async #head(isExplicit: boolean): Promise<Head | null> {
    const source = this.#source;
    const at = this.position;
    if (!source.has(at, 12) && !(await source.load(at, 12)) && !(await source.load(at, 8))) return null;
    if (++this.#elements > MAX_ELEMENTS) throw invalidImage('the DICOM header has too many elements');
    const isLittle = this.#isLittle;
    const tag = source.u16(at, isLittle) * 65536 + source.u16(at + 2, isLittle);
    const [first, second] = [source.at(at + 4), source.at(at + 5)];
    // Items have no VR, nor have single elements of writers that mix both encodings.
    if (!isExplicit || tag >= ITEM || !isLetter(first) || !isLetter(second)) {
      this.position = at + 8;
      return { tag, vr: '', length: source.u32(at + 4, isLittle) };
    }
    const vr = String.fromCharCode(first, second);
    const short = source.u16(at + 6, isLittle);
    const rest = source.size - at - 12;
    const long = rest >= 0 ? source.u32(at + 8, isLittle) : Infinity;
    // VRs of later editions of the standard have 32 bits (PS3.5 6.2). Some writers give 16 bits to those that should have 32.
    const isShort = SHORT_VRS.has(vr) || (short !== 0 && long > rest && long !== UNDEFINED);
    this.position = at + (isShort ? 8 : 12);
    return { tag, vr, length: isShort ? short : long };
  }

  /** @returns null if the value isn't complete */
  async #element({ tag, vr, length }: Head, place: Place): Promise<DicomElement | null> {
    const { end, depth } = place;
    const position = this.position;
    const element: DicomElement = { vr, position, length, value: NOTHING };
    const isUndefined = length === UNDEFINED;
    if (isUndefined && (tag === PIXEL_DATA || vr === 'OB' || vr === 'OW')) {
      await this.#fragments(element, this.#source.size);
      return element;
    }
    if (!isUndefined && position + length > end) {
      if (tag !== PIXEL_DATA || depth > 0 || position > end) return this.#cut(end);
      // Some of the frames may be complete.
      element.length = end - position;
    }
    if (isUndefined || ((vr === 'SQ' || vr === 'UN' || vr === '') && SEQUENCES.has(tag))) {
      const isKept = place.isKept && SEQUENCES.has(tag);
      const within = { ...place, end: isUndefined ? end : position + length, depth: depth + 1, isKept };
      const items = await this.#items(vr === 'UN' ? { ...within, isExplicit: false } : within);
      if (!isUndefined) this.position = position + length;
      element.length = this.position - position;
      return isKept ? { ...element, items } : element;
    }
    this.position = position + element.length;
    if (tag === PIXEL_DATA && depth === 0) await this.#encapsulated(element);
    return element;
  }

  /** Some writers give encapsulated pixels a length. */
  async #encapsulated(element: DicomElement): Promise<void> {
    const { position, length } = element;
    if (length < 8 || !(await this.#source.load(position, 8))) return;
    const isItem =
      this.#source.u16(position, true) === 0xfffe && this.#source.u16(position + 2, true) === 0xe000;
    // Explicit, little endian. The first item, the Basic Offset Table, is empty or has four bytes for each frame.
    const table = this.#source.u32(position + 4, true);
    if (!isItem || table % 4 !== 0 || table + 16 > length) return;
    const end = this.position;
    this.position = position;
    await this.#fragments(element, position + length);
    this.position = end;
  }

  async #fragments(element: DicomElement, end: number): Promise<void> {
    const { fragments, position } = await readFragments(this.#source, this.position, end);
    element.fragments = fragments;
    element.length = position - element.position;
    this.position = position;
  }

  /** @param end of the data set around the element: an item, whose length may be wrong, or the file */
  #cut(end: number): null {
    if (end === this.#source.size) this.isCut = true;
    this.position = end;
    return null;
  }

  async #items(place: Place): Promise<DataSet[]> {
    if (place.depth > MAX_DEPTH) throw invalidImage('the DICOM header is nested too deeply');
    const items: DataSet[] = [];
    while (this.position < place.end) {
      const start = this.position;
      const head = await this.#head(false);
      if (!head || head.tag === SEQUENCE_END) break;
      if (head.tag !== ITEM) {
        // The delimiter is missing.
        this.position = start;
        break;
      }
      const hasEnd = head.length !== UNDEFINED;
      const end = hasEnd ? Math.min(place.end, this.position + head.length) : place.end;
      const item = await this.#item({ ...place, end });
      if (hasEnd) this.position = end;
      if (!place.isKept) continue;
      if (++this.#kept > MAX_KEPT) throw invalidImage('the DICOM header has too many elements');
      items.push(item);
    }
    return items;
  }

  async #item(place: Place): Promise<DataSet> {
    const data = new DataSet(this.#isLittle);
    const isExplicit = await isItemExplicit(this.#source, this.position, place.isExplicit);
    while (this.position < place.end) {
      const start = this.position;
      const head = await this.#head(isExplicit);
      if (!head || head.tag === ITEM_END) break;
      if (head.tag === SEQUENCE_END || head.tag === ITEM) {
        // The delimiter is missing.
        this.position = start;
        break;
      }
      const element = await this.#element(head, { ...place, isExplicit });
      if (!element) break;
      const isAboutPixels = ITEM_GROUPS.has(head.tag >>> 16) || element.items !== undefined;
      if (place.isKept && isAboutPixels) await this.#keep(data, head.tag, element);
    }
    return data;
  }
}
