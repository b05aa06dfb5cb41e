/** Encapsulated Pixel Data → where its fragments are. PS3.5 A.4; always little endian. */
import { invalidImage } from '../imageError';
import { sniffCoded } from './coded';
import { type Fragments, viewOf } from './dataSet';
import type { ByteSource } from './source';

const UNDEFINED = 0xffffffff;
const ITEM = 0xfffee000;
const SEQUENCE_END = 0xfffee0dd;
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
  const isTable = await walk.offsetTable(start);
  let at = isTable ? walk.next : start;
  while (await walk.fragment(at)) at = walk.next;
  return { fragments: walk.fragments, position: walk.next };
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

  /** @returns whether another item may follow */
  async fragment(at: number): Promise<boolean> {
    this.next = at;
    const head = await this.#head(at);
    if (!head) return false;
    const { fragments } = this;
    const isItem = head.tag === ITEM;
    if (!isItem && head.tag !== SEQUENCE_END) return false;
    this.next = at + 8;
    if (!isItem) return false;
    const rest = this.#end - at - 8;
    const isCut = head.length > rest && head.length !== UNDEFINED;
    const length = Math.min(head.length, rest);
    if (fragments.positions.length >= MAX_FRAGMENTS)
      throw invalidImage('the pixel data has too many fragments');
    fragments.positions.push(at + 8);
    fragments.lengths.push(length);
    fragments.isCut = isCut;
    this.next = at + 8 + length;
    fragments.hasEndMarker.push(await this.#hasEndMarker(length));
    return this.next + 8 <= this.#end;
  }

  async #head(at: number): Promise<{ tag: number; length: number } | null> {
    const source = this.#source;
    if (at + 8 > this.#end) return null;
    if (!source.has(at, 8) && !(await source.load(at, 8))) return null;
    return { tag: source.u16(at, true) * 65536 + source.u16(at + 2, true), length: source.u32(at + 4, true) };
  }

  /** EOI or EOC, FF D9, with at most one padding byte after it, at the end of the fragment before `next`. */
  async #hasEndMarker(length: number): Promise<boolean> {
    const source = this.#source;
    const from = this.next - 3;
    if (length < 3) return false;
    // Together with the header of the next item.
    if (!source.has(from, 11)) await source.load(from, Math.min(11, source.size - from));
    const isAt = (at: number) => source.at(at) === 0xff && source.at(at + 1) === 0xd9;
    return isAt(from) || isAt(from + 1);
  }
}
