/** Grey values through a window → pixels for a canvas, fast enough to follow a drag: no round trip to the worker. */
import type { RawValues } from '../../shared/imageFacts';
import { levelOf, type WindowRange } from '../../shared/windowing';

/** A table is made for values of up to 16 bits; above, each value is computed. */
const MAX_TABLE = 1 << 16;
const OPAQUE = 0xff000000;

/**
 * The same pixels as the worker makes of this window.
 *
 * @param target RGBA, one pixel for each value; filled
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
  // Values are looked up as if they were unsigned: one table of all that 16 bits can say.
  const table = new Uint32Array(MAX_TABLE);
  const [least, most] = extent(values);
  for (let value = least; value <= most; value++) {
    table[value & 0xffff] = colour[levelOf(value, range, shape)] ?? 0;
  }
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[(values[i] as number) & 0xffff] as number;
}

/** RGBA of each level, as the bytes stand in memory: little endian wherever there is WebAssembly. */
function colours(isInverted: boolean): Uint32Array {
  const flip = isInverted ? 255 : 0;
  return Uint32Array.from({ length: 256 }, (_, level) => OPAQUE + (level ^ flip) * 0x010101);
}

/** Found once for each frame: a drag asks sixty times a second. */
const extents = new WeakMap<RawValues['values'], [least: number, most: number]>();

/** Smallest and largest value that is a number; [0, 0] where there is none. */
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
