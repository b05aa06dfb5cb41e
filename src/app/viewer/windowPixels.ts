/** Applies a window to grey values in the page: fast enough to follow a drag, without a round trip to the worker. */
import type { RawValues } from '../../shared/imageFacts';
import { levelOf, type WindowRange } from '../../shared/windowing';

/** Size of the lookup table for 16-bit values; wider values are computed one by one. */
const MAX_TABLE = 1 << 16;
const OPAQUE = 0xff000000;

/**
 * Renders the same pixels as the worker does for this window.
 *
 * @param target RGBA output, one pixel for each value
 */
export function windowPixels(
  raw: RawValues,
  range: WindowRange,
  target: Uint8ClampedArray<ArrayBuffer>,
): void {
  const pixels = new Uint32Array(target.buffer, target.byteOffset, raw.values.length);
  const colour = colours(raw.isInverted);
  const { values, shape } = raw;
  if (!(values instanceof Int16Array)) {
    for (let i = 0; i < pixels.length; i++) pixels[i] = colour[levelOf(values[i] ?? NaN, range, shape)] ?? 0;
    return;
  }
  // The table is indexed by the value as an unsigned 16-bit number.
  const table = new Uint32Array(MAX_TABLE);
  const [least, most] = extent(values);
  for (let value = least; value <= most; value++) {
    table[value & 0xffff] = colour[levelOf(value, range, shape)] ?? 0;
  }
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[(values[i] as number) & 0xffff] as number;
}

/** RGBA of each level in memory order: WebAssembly platforms are little endian. */
function colours(isInverted: boolean): Uint32Array {
  const flip = isInverted ? 255 : 0;
  return Uint32Array.from({ length: 256 }, (_, level) => OPAQUE + (level ^ flip) * 0x010101);
}

/** Cached for each frame, since a drag reads it sixty times a second. */
const extents = new WeakMap<RawValues['values'], [least: number, most: number]>();

/** Smallest and largest value, ignoring NaN; [0, 0] if there is none. */
export function extent(values: RawValues['values']): [least: number, most: number] {
  const known = extents.get(values);
  if (known) return known;
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const found: [number, number] = least <= most ? [least, most] : [0, 0];
  extents.set(values, found);
  return found;
}
