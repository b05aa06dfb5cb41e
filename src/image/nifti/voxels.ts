/** The voxels of one volume as they stream in: unpacked, in the machine's byte order, counted, and stored or picked. */
import type { Samples } from '../grey';
import { countValues, sampleValues, type Statistics } from '../statistics';
import type { NiftiHeader, VoxelType } from './header';

/** Bytes that are converted at a time: a multiple of every voxel's size. */
const BLOCK_BYTES = 48 * 16_384;

/** @param from index of the first value in the volume; a colour has several values */
export type VoxelSink = (values: Samples, from: number) => void;

/** Cuts a stream of bytes into blocks of whole values. */
export class VoxelReader {
  readonly #type: VoxelType;
  readonly #isSwapped: boolean;
  readonly #sinks: VoxelSink[];
  readonly #block: Uint8Array<ArrayBuffer>;
  #filled = 0;
  #from = 0;

  /** @param length of the volume in bytes */
  constructor({ type, isLittleEndian }: NiftiHeader, length: number, sinks: VoxelSink[]) {
    this.#type = type;
    this.#isSwapped = !isLittleEndian && type.bytes > 1;
    this.#sinks = sinks;
    this.#block = new Uint8Array(Math.min(BLOCK_BYTES, length));
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.#block.length - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#block.length) this.flush();
    }
  }

  /** Hands over the last block. */
  flush(): void {
    const { bytes, view } = this.#type;
    const count = Math.floor(this.#filled / bytes);
    this.#filled = 0;
    if (count === 0) return;
    if (this.#isSwapped) swap(this.#block.subarray(0, count * bytes), bytes);
    const values = view(this.#block.buffer, count);
    for (const sink of this.#sinks) sink(values, this.#from);
    this.#from += count;
  }
}

/** Reverses the bytes of each value. */
function swap(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) {
    for (let low = at, high = at + size - 1; low < high; low++, high--) {
      const byte = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = byte;
    }
  }
}

/** @param count of the volume's values */
export function statisticsOf({ range }: VoxelType, count: number): Statistics {
  return range ? countValues(...range) : sampleValues(count);
}

/** How a picture runs through a volume: index of its first voxel, and the steps to the right and down. */
export interface SlicePath {
  width: number;
  height: number;
  start: number;
  across: number;
  down: number;
}

/** Voxels that a slice consists of: indexes of the lowest and the highest. */
export function extentOf({ width, height, start, across, down }: SlicePath): [first: number, last: number] {
  const ends = [(width - 1) * across, (height - 1) * down];
  const below = ends.reduce((sum, end) => sum + Math.min(0, end), start);
  return [below, ends.reduce((sum, end) => sum + Math.max(0, end), start)];
}

/** Copies the voxels of a slice from blocks of a volume, whichever order they come in. */
export class SlicePicker {
  readonly path: SlicePath;
  readonly #channels: number;
  readonly values: Samples;

  constructor(path: SlicePath, { channels, array }: VoxelType) {
    this.path = path;
    this.#channels = channels;
    this.values = array(path.width * path.height * channels);
  }

  /** @param from index of the block's first value */
  pick(block: Samples, from: number): void {
    const { width, height, start, across, down } = this.path;
    const [first, end] = [from / this.#channels, (from + block.length) / this.#channels];
    for (let y = 0; y < height; y++) {
      const row = start + y * down;
      const [x0, x1] = overlap(row, across, width, first, end);
      for (let x = x0; x < x1; x++) {
        const source = (row + x * across) * this.#channels - from;
        const target = (y * width + x) * this.#channels;
        for (let channel = 0; channel < this.#channels; channel++)
          this.values[target + channel] = block[source + channel]!;
      }
    }
  }
}

/** Which of the voxels `row + x × step` (0 ≤ x < count) are in [first, end). */
function overlap(row: number, step: number, count: number, first: number, end: number): [number, number] {
  const [low, high] = [row + (step < 0 ? (count - 1) * step : 0), row + (step < 0 ? 0 : (count - 1) * step)];
  if (high < first || low >= end) return [0, 0];
  const size = Math.abs(step);
  // Counted from the lowest voxel of the row.
  const from = Math.max(0, Math.ceil((first - low) / size));
  const to = Math.min(count, Math.floor((end - 1 - low) / size) + 1);
  return step > 0 ? [from, to] : [count - to, count - from];
}
