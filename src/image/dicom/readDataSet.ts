/**
 * Bytes → a data set. Reads what it can: padding after the last element, missing delimiters and a file that is cut off end the
 * data set without an error. Each byte is passed once, and counts and depth have limits, so that the work is in proportion to
 * the file. PS3.5 chapter 7.
 */
import { invalidImage } from '../imageError';
import { DataSet, type DicomElement, tagName } from './dataSet';
import { type Encoding, isItemExplicit, isLetter, SHORT_VRS, vrCode } from './encoding';
import { hasFragments, readFragments } from './readFragments';
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
const [SQ, UN, OB, OW] = [vrCode('SQ'), vrCode('UN'), vrCode('OB'), vrCode('OW')];
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
const MAX_KEPT = 200_000;
const MAX_DEPTH = 64;

export interface ReadOptions {
  start: number;
  encoding: Encoding;
  /** Whether reading ends before an element, which isn't in an item, given what was read so far. */
  endsBefore?: (tag: number, data: DataSet) => boolean;
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

/**
 * Waits for bytes only where they aren't loaded yet, because waiting for each of a million elements would take seconds. The head of
 * the current element is in fields for the same reason.
 */
class Reader {
  position: number;
  isCut = false;
  readonly #source: ByteSource;
  readonly #isLittle: boolean;
  readonly #endsBefore: (tag: number, data: DataSet) => boolean;
  #tag = 0;
  /** As in the file, the first letter in the upper byte; 0: none. */
  #vr = 0;
  #length = 0;
  #elements = 0;
  #kept = 0;
  #keptBytes = 0;

  constructor(source: ByteSource, { start, encoding, endsBefore = () => false }: ReadOptions) {
    this.#source = source;
    this.#isLittle = encoding.isLittle;
    this.#endsBefore = endsBefore;
    this.position = start;
  }

  async dataSet(isExplicit: boolean): Promise<DataSet> {
    const data = new DataSet(this.#isLittle);
    const place: Place = { isExplicit, end: this.#source.size, depth: 0, isKept: true };
    let last = 0;
    let isEnough = false;
    for (;;) {
      const start = this.position;
      if (!this.#isLoaded()) await this.#load();
      if (!this.#head(isExplicit)) break;
      const tag = this.#tag;
      isEnough = this.#endsBefore(tag, data);
      // After the pixels, what isn't an element of a higher tag is padding.
      const isPadding = last >= PIXEL_DATA && (tag <= last || tag >= ITEM);
      if (isEnough || isPadding || tag === ITEM) {
        this.position = start;
        break;
      }
      if (tag === ITEM_END || tag === SEQUENCE_END) continue;
      last = tag;
      if (!(await this.#element(place, data))) break;
    }
    // Bytes that aren't an element.
    const isComplete = isEnough || this.position >= this.#source.size || last >= PIXEL_DATA;
    if (!isComplete) this.isCut = true;
    return data;
  }

  /** Whether `#head` has the bytes that it needs. */
  #isLoaded(): boolean {
    return this.#source.has(this.position, 12);
  }

  async #load(): Promise<void> {
    if (!(await this.#source.load(this.position, 12))) await this.#source.load(this.position, 8);
  }

  /** Reads tag, VR and length of the element at the position, which then is that of its value. False if the file ends before. */
  #head(isExplicit: boolean): boolean {
    const source = this.#source;
    const at = this.position;
    if (!source.has(at, 8)) return false;
    if (++this.#elements > MAX_ELEMENTS) throw invalidImage('the DICOM header has too many elements');
    const isLittle = this.#isLittle;
    this.#tag = source.u16(at, isLittle) * 65536 + source.u16(at + 2, isLittle);
    const [first, second] = [source.at(at + 4), source.at(at + 5)];
    // Items have no VR, nor have single elements of writers that mix both encodings.
    if (!isExplicit || this.#tag >= ITEM || !isLetter(first) || !isLetter(second)) {
      this.position = at + 8;
      this.#vr = 0;
      this.#length = source.u32(at + 4, isLittle);
      return true;
    }
    this.#vr = first * 256 + second;
    const short = source.u16(at + 6, isLittle);
    const rest = source.size - at - 12;
    const long = rest >= 0 ? source.u32(at + 8, isLittle) : Infinity;
    // VRs of later editions of the standard have 32 bits (PS3.5 6.2). Some writers give 16 bits to those that should have 32.
    const isShort = SHORT_VRS.has(this.#vr) || (short !== 0 && long > rest && long !== UNDEFINED);
    this.position = at + (isShort ? 8 : 12);
    this.#length = isShort ? short : long;
    return true;
  }

  /** Reads the value after `#head`. @param data keeps the element; null: it's passed. @returns false if it isn't complete */
  #element(place: Place, data: DataSet | null): boolean | Promise<boolean> {
    const { position } = this;
    const length = this.#length;
    const isPlain = this.#tag !== PIXEL_DATA && length !== UNDEFINED && !this.#isKeptSequence();
    if (!isPlain) return this.#nested(place, data);
    if (position + length > place.end) return this.#cut(place.end);
    this.position = position + length;
    return data ? this.#keep(data, this.#tag, this.#newElement(position, length)) : true;
  }

  #isKeptSequence(): boolean {
    return SEQUENCES.has(this.#tag) && (this.#vr === SQ || this.#vr === UN || this.#vr === 0);
  }

  #newElement(position: number, length: number): DicomElement {
    const vr = this.#vr === 0 ? '' : String.fromCharCode(this.#vr >> 8, this.#vr & 255);
    return { vr, position, length, value: NOTHING };
  }

  /** Pixels, and what has items. */
  async #nested(place: Place, data: DataSet | null): Promise<boolean> {
    const { position } = this;
    const [tag, vr, length] = [this.#tag, this.#vr, this.#length];
    const element = this.#newElement(position, length);
    const hasLength = length !== UNDEFINED;
    if (hasLength && position + length > place.end) {
      if (tag !== PIXEL_DATA || place.depth > 0 || position > place.end) return this.#cut(place.end);
      // Some of the frames may be complete.
      element.length = place.end - position;
    }
    if (!hasLength && (tag === PIXEL_DATA || vr === OB || vr === OW)) {
      await this.#fragments(element, this.#source.size);
    } else if (tag === PIXEL_DATA && hasLength) {
      const isEncapsulated =
        place.depth === 0 && (await hasFragments(this.#source, position, element.length));
      if (isEncapsulated) await this.#fragments(element, position + element.length);
      this.position = position + element.length;
    } else {
      const isKept = data !== null && SEQUENCES.has(tag);
      const end = hasLength ? position + length : place.end;
      const within = { isExplicit: place.isExplicit && vr !== UN, end, depth: place.depth + 1, isKept };
      const items = await this.#items(within);
      if (hasLength) this.position = end;
      element.length = this.position - position;
      if (isKept) element.items = items;
    }
    return data ? this.#keep(data, tag, element) : true;
  }

  #keep(data: DataSet, tag: number, element: DicomElement): true | Promise<true> {
    this.#countKept();
    data.elements[tagName(tag)] = element;
    const { position, length } = element;
    if (element.items || element.fragments || length === 0 || length > MAX_VALUE) return true;
    this.#keptBytes += length;
    if (this.#keptBytes > MAX_KEPT_BYTES) throw invalidImage('the DICOM header is too large');
    if (!this.#source.has(position, length)) return this.#keepLater(element);
    element.value = this.#source.copy(position, length);
    return true;
  }

  async #keepLater(element: DicomElement): Promise<true> {
    element.value = await this.#source.keep(element.position, element.length);
    return true;
  }

  #countKept(): void {
    if (++this.#kept > MAX_KEPT) throw invalidImage('the DICOM header has too many elements');
  }

  async #fragments(element: DicomElement, end: number): Promise<void> {
    const { fragments, position } = await readFragments(this.#source, this.position, end);
    element.fragments = fragments;
    element.length = position - element.position;
    this.position = position;
  }

  /** @param end of the data set around the element: an item, whose length may be wrong, or the file */
  #cut(end: number): false {
    if (end === this.#source.size) this.isCut = true;
    this.position = end;
    return false;
  }

  async #items(place: Place): Promise<DataSet[]> {
    if (place.depth > MAX_DEPTH) throw invalidImage('the DICOM header is nested too deeply');
    const items: DataSet[] = [];
    while (this.position < place.end) {
      const start = this.position;
      if (!this.#isLoaded()) await this.#load();
      if (!this.#head(false) || this.#tag === SEQUENCE_END) break;
      if (this.#tag !== ITEM) {
        // The delimiter is missing.
        this.position = start;
        break;
      }
      const hasEnd = this.#length !== UNDEFINED;
      const end = hasEnd ? Math.min(place.end, this.position + this.#length) : place.end;
      if (!place.isKept && hasEnd) {
        this.position = end;
        continue;
      }
      if (place.isKept) this.#countKept();
      const data = place.isKept ? new DataSet(this.#isLittle) : null;
      await this.#item({ ...place, end }, data);
      if (hasEnd) this.position = end;
      if (data) items.push(data);
    }
    return items;
  }

  async #item(place: Place, data: DataSet | null): Promise<void> {
    if (!this.#isLoaded()) await this.#load();
    const isExplicit = isItemExplicit(this.#source, this.position, place.isExplicit);
    const inside = { ...place, isExplicit };
    while (this.position < place.end) {
      const start = this.position;
      if (!this.#isLoaded()) await this.#load();
      if (!this.#head(isExplicit) || this.#tag === ITEM_END) return;
      if (this.#tag === SEQUENCE_END || this.#tag === ITEM) {
        // The delimiter is missing.
        this.position = start;
        return;
      }
      const isWanted = ITEM_GROUPS.has(this.#tag >>> 16) || SEQUENCES.has(this.#tag);
      const isComplete = this.#element(inside, isWanted ? data : null);
      if (!(isComplete === true || (await isComplete))) return;
    }
  }
}
