/** Pixels as a canvas takes them. */
import type { RgbImage } from '../engine/preprocess/resample';

/** @returns four bytes per pixel, opaque */
export function toRgba({ data, width, height }: RgbImage): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(width * height * 4);
  // A view per pixel, as `subarray` makes one, would cost ten times as much.
  for (let from = 0, to = 0; to < rgba.length; from += 3, to += 4) {
    rgba[to] = data[from]!;
    rgba[to + 1] = data[from + 1]!;
    rgba[to + 2] = data[from + 2]!;
    rgba[to + 3] = 255;
  }
  return rgba;
}
