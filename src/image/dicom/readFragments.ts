/** Encapsulated Pixel Data → where its fragments are. PS3.5 A.4; always little endian. */
import { invalidImage } from '../imageError';
import { sniffCoded } from './coded';
import { type Fragments, viewOf } from './dataSet';
import type { ByteSource } from './source';

const UNDEFINED = 0xffffffff;
const ITEM = 0xfffee000;
const SEQUENCE_END = 0xfffee0dd;
/** Bytes at the end of a fragment that may hold an end marker. */
const TAIL = 3;
/** A damaged file must not determine how much is kept. */
const MAX_FRAGMENTS = 500_000;

/**
 * The first item is the Basic Offset Table, which may be empty. Padding or a missing delimiter after the last fragment ends the
 * list without an error.
 *
 * @param end of the element, or of the file
 * @returns the fragments, and where the first byte is that wasn't read
 * @throws RoundsError image_invalid if there are too many
 */
export async function readFragments(
  source: ByteSource,
  start: number,
  end: number,
): Promise<{ fragments: Fragments; position: number }> {
  const walk = new Walk(source, end);
  let at = (await walk.offsetTable(start)) ? walk.next : start;
  for (;;) {
    // Waiting for each of many fragments would take seconds.
    if (!walk.isLoaded(at)) await walk.load(at);
    if (!walk.fragment(at)) break;
    at = walk.next;
  }
  return { fragments: walk.fragments, position: walk.next };
}

/** Whether pixels with a length are encapsulated all the same, as some writers do. */
export async function hasFragments(source: ByteSource, position: number, length: number): Promise<boolean> {
  if (length < 8 || !(await source.load(position, 8))) return false;
  const isItem = source.u16(position, true) === 0xfffe && source.u16(position + 2, true) === 0xe000;
  // The first item, the Basic Offset Table, is empty or has four bytes for each frame.
  const table = source.u32(position + 4, true);
  return isItem && table % 4 === 0 && table + 16 <= length;
}

class Walk {
  /** Where the next item begins. */
  next = 0;
  readonly fragments: Fragments = { positions: [], lengths: [], hasEndMarker: [], offsets: [], isCut: false };
  readonly #source: ByteSource;
  readonly #end: number;

  constructor(source: ByteSource, end: number) {
    this.#source = source;
    this.#end = end;
  }

  /** @returns false if the first item is a fragment already: some writers forget the table */
  async offsetTable(at: number): Promise<boolean> {
    this.next = at;
    const head = await this.#head(at);
    if (head?.tag !== ITEM || at + 8 + head.length > this.#end) return false;
    const { length } = head;
    const start = await this.#source.keep(at + 8, Math.min(length, 64));
    if (length % 4 !== 0 || length > MAX_FRAGMENTS * 4 || sniffCoded(start)) return false;
    const view = viewOf(await this.#source.keep(at + 8, length));
    for (let i = 0; i < length; i += 4) this.fragments.offsets.push(view.getUint32(i, true));
    this.next = at + 8 + length;
    return true;
  }

  /** Whether the header of the item and the end of the fragment before it are loaded. */
  isLoaded(at: number): boolean {
    return this.#source.has(at - TAIL, TAIL + 8);
  }

  async load(at: number): Promise<void> {
    const from = at - TAIL;
    await this.#source.load(from, Math.min(TAIL + 8, this.#source.size - from));
  }

  /** Reads a loaded item. @returns whether another one may follow */
  fragment(at: number): boolean {
    const { fragments } = this;
    this.next = at;
    const last = fragments.positions.length - 1;
    if (last >= 0) fragments.hasEndMarker[last] = this.#hasEndMarker(at, fragments.lengths[last]!);
    const head = this.#loadedHead(at);
    const isItem = head?.tag === ITEM;
    if (!head || (!isItem && head.tag !== SEQUENCE_END)) return false;
    this.next = at + 8;
    if (!isItem) return false;
    if (last + 1 >= MAX_FRAGMENTS) throw invalidImage('the pixel data has too many fragments');
    const rest = this.#end - at - 8;
    const length = Math.min(head.length, rest);
    fragments.isCut = head.length > rest && head.length !== UNDEFINED;
    fragments.positions.push(at + 8);
    fragments.lengths.push(length);
    fragments.hasEndMarker.push(false);
    this.next = at + 8 + length;
    return true;
  }

  async #head(at: number): Promise<{ tag: number; length: number } | null> {
    await this.#source.load(at, 8);
    return this.#loadedHead(at);
  }

  #loadedHead(at: number): { tag: number; length: number } | null {
    const source = this.#source;
    if (at + 8 > this.#end || !source.has(at, 8)) return null;
    return { tag: source.u16(at, true) * 65536 + source.u16(at + 2, true), length: source.u32(at + 4, true) };
  }

  /** EOI or EOC, FF D9, with at most one padding byte after it, at the end of the fragment before `at`. */
  #hasEndMarker(at: number, length: number): boolean {
    const source = this.#source;
    if (length < TAIL || !source.has(at - TAIL, TAIL)) return false;
    const isAt = (position: number) => source.at(position) === 0xff && source.at(position + 1) === 0xd9;
    return isAt(at - TAIL) || isAt(at - TAIL + 1);
  }
}
