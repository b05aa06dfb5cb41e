/** Applies the orientation that a file states: 1–8 in EXIF and in the field Orientation of TIFF. */
import type { RgbImage } from '../engine/preprocess/resample';

interface Size {
  width: number;
  height: number;
}

/** @param orientation 1–8; others leave the image as it is */
export function turn(image: RgbImage, orientation: number): RgbImage {
  const path = pathOf(image, orientation);
  if (!path) return image;
  const { width, height } = path;
  const { data: from } = image;
  const data = new Uint8Array(from.length);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, at = (path.start + y * path.down) * 3; x < width; x++, at += path.across * 3, to += 3) {
      data[to] = from[at]!;
      data[to + 1] = from[at + 1]!;
      data[to + 2] = from[at + 2]!;
    }
  }
  return { width, height, data };
}

/** The same for one value per pixel. */
export function turnPixels<T extends Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>>(
  values: T,
  size: Size,
  orientation: number,
): T {
  const path = pathOf(size, orientation);
  if (!path) return values;
  const turned = values.slice() as T;
  for (let y = 0, to = 0; y < path.height; y++) {
    for (let x = 0, at = path.start + y * path.down; x < path.width; x++, at += path.across)
      turned[to++] = values[at]!;
  }
  return turned;
}

/** The shape of a pixel, height divided by width, after the turn. */
export function turnAspect(aspect: number, orientation: number): number {
  return orientation > 4 && orientation <= 8 ? 1 / aspect : aspect;
}

/** How the turned image runs through the stored one, in pixels: its first one, and the steps to the right and down. */
function pathOf(
  { width, height }: Size,
  orientation: number,
): (Size & { start: number; across: number; down: number }) | null {
  if (!(orientation > 1 && orientation <= 8)) return null;
  const isTransposed = orientation > 4;
  const isMirrored = [2, 3, 7, 8].includes(orientation);
  const isFlipped = [3, 4, 6, 7].includes(orientation);
  const start = (isMirrored ? width - 1 : 0) + (isFlipped ? (height - 1) * width : 0);
  const column = isMirrored ? -1 : 1;
  const row = isFlipped ? -width : width;
  return isTransposed
    ? { width: height, height: width, start, across: row, down: column }
    : { width, height, start, across: column, down: row };
}
