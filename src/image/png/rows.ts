/** The rows of a PNG picture: filters undone, interlaced passes put in their places (PNG 3, sections 8 and 9). */
import { damagedPng, type PngHeader } from './chunks';

/** Where the pixels of a row belong: every `step`th column from `first` in row `y`. */
export interface RowPlace {
  y: number;
  first: number;
  step: number;
  count: number;
  /** Of the pass that the row belongs to; filters don't reach into another one. */
  pass: number;
}

/** Adam7: first column, first row, column step, row step. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function* placesOf({ width, height, isInterlaced }: PngHeader): Generator<RowPlace, void> {
  const passes = isInterlaced ? PASSES : ([[0, 0, 1, 1]] as const);
  for (const [pass, [first, top, step, down]] of passes.entries()) {
    const count = Math.ceil((width - first) / step);
    if (count < 1) continue;
    for (let y = top; y < height; y += down) yield { y, first, step, count, pass };
  }
}

/** Takes the unpacked bytes as they come, and hands over each row once it's whole. */
export class RowReader {
  readonly #bitsPerPixel: number;
  /** Bytes between a sample and the same one of the pixel before; at least 1. */
  readonly #reach: number;
  readonly #places: Generator<RowPlace, void>;
  readonly #take: (row: Uint8Array, place: RowPlace) => void;
  #place: RowPlace | null;
  #row: Uint8Array;
  #above: Uint8Array;
  #filled = 0;
  #filter = -1;

  /** @param take gets the samples of a row as they are packed; the array is used again for the next one */
  constructor(header: PngHeader, take: (row: Uint8Array, place: RowPlace) => void) {
    this.#bitsPerPixel = header.channels * header.depth;
    this.#reach = Math.max(1, this.#bitsPerPixel >> 3);
    this.#places = placesOf(header);
    this.#take = take;
    this.#row = this.#above = new Uint8Array();
    this.#place = null;
    this.#next();
  }

  get isDone(): boolean {
    return this.#place === null;
  }

  /** Bytes after the last row are ignored, like in other readers. @throws RoundsError image_invalid (unknown filter) */
  add(bytes: Uint8Array): void {
    let at = 0;
    while (this.#place && at < bytes.length) {
      if (this.#filter < 0) this.#filter = bytes[at++]!;
      const part = bytes.subarray(at, at + this.#row.length - this.#filled);
      this.#row.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#row.length) this.#finishRow(this.#place);
    }
  }

  #finishRow(place: RowPlace): void {
    undoFilter(this.#filter, this.#row, this.#above, this.#reach);
    this.#take(this.#row, place);
    this.#next();
  }

  #next(): void {
    const before = this.#place;
    const next = this.#places.next();
    this.#place = next.done ? null : next.value;
    this.#filled = 0;
    this.#filter = -1;
    if (!this.#place) return;
    if (before?.pass !== this.#place.pass) {
      const length = Math.ceil((this.#place.count * this.#bitsPerPixel) / 8);
      [this.#row, this.#above] = [new Uint8Array(length), new Uint8Array(length)];
    } else [this.#row, this.#above] = [this.#above, this.#row];
  }
}

function undoFilter(filter: number, row: Uint8Array, above: Uint8Array, reach: number): void {
  switch (filter) {
    case 0:
      return;
    case 1:
      for (let channel = 0; channel < reach; channel++) undoLeft(row, channel, reach);
      return;
    case 2:
      undoUp(row, above);
      return;
    case 3:
      for (let channel = 0; channel < reach; channel++) undoAverage(row, above, channel, reach);
      return;
    case 4:
      for (let channel = 0; channel < reach; channel++) undoPaeth(row, above, channel, reach);
      return;
    default:
      throw damagedPng();
  }
}

/*
 * One channel after another, with what is to the left in a variable: read back from the row, each byte would have to wait until the
 * one before is in memory.
 */

function undoLeft(row: Uint8Array, start: number, step: number): void {
  let left = 0;
  for (let i = start; i < row.length; i += step) row[i] = left = (row[i]! + left) & 255;
}

/** Four bytes at a time, without carries from one to the next. Rows are arrays of their own. */
function undoUp(row: Uint8Array, above: Uint8Array): void {
  const words = new Uint32Array(row.buffer, 0, row.length >> 2);
  const others = new Uint32Array(above.buffer, 0, row.length >> 2);
  for (let i = 0; i < words.length; i++) {
    const [one, other] = [words[i]!, others[i]!];
    words[i] = ((one & 0x7f7f7f7f) + (other & 0x7f7f7f7f)) ^ ((one ^ other) & 0x80808080);
  }
  for (let i = words.length * 4; i < row.length; i++) row[i]! += above[i]!;
}

function undoAverage(row: Uint8Array, above: Uint8Array, start: number, step: number): void {
  let left = 0;
  for (let i = start; i < row.length; i += step) row[i] = left = (row[i]! + ((left + above[i]!) >> 1)) & 255;
}

/** Adds whichever of the left, upper and upper left byte is nearest to left + upper − upper left. */
function undoPaeth(row: Uint8Array, above: Uint8Array, start: number, step: number): void {
  let left = 0;
  let corner = 0;
  for (let i = start; i < row.length; i += step) {
    const up = above[i]!;
    const toLeft = Math.abs(up - corner);
    const toUp = Math.abs(left - corner);
    const toCorner = Math.abs(left + up - 2 * corner);
    const nearest = toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    row[i] = left = (row[i]! + nearest) & 255;
    corner = up;
  }
}
