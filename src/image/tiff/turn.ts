/** Applies the Orientation field of TIFF, which has the same values as in EXIF. */
import type { RgbImage } from '../../engine/preprocess/resample';

interface Size {
  width: number;
  height: number;
}

/** @param orientation 1–8; others leave the image as it is */
export function turn(image: RgbImage, orientation: number): RgbImage {
  if (orientation <= 1 || orientation > 8) return image;
  const { sources, width, height } = sourcesOf(image, orientation);
  const data = new Uint8Array(image.data.length);
  for (const [pixel, source] of sources.entries())
    data.set(image.data.subarray(source * 3, source * 3 + 3), pixel * 3);
  return { width, height, data };
}

/** The same for one value per pixel. */
export function turnPixels<T extends Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>>(
  values: T,
  size: Size,
  orientation: number,
): T {
  if (orientation <= 1 || orientation > 8) return values;
  return sourcesOf(size, orientation).sources.reduce((turned, source, pixel) => {
    turned[pixel] = values[source]!;
    return turned;
  }, values.slice() as T);
}

/** For each pixel of the turned image, row by row, the index of its pixel in the stored image. */
function sourcesOf({ width, height }: Size, orientation: number): Size & { sources: Uint32Array } {
  const isTransposed = orientation > 4;
  const [turnedWidth, turnedHeight] = isTransposed ? [height, width] : [width, height];
  const isMirrored = [2, 3, 7, 8].includes(orientation);
  const isFlipped = [3, 4, 6, 7].includes(orientation);
  const sources = new Uint32Array(width * height);
  for (let y = 0; y < turnedHeight; y++) {
    for (let x = 0; x < turnedWidth; x++) {
      const [column, row] = isTransposed ? [y, x] : [x, y];
      const from = (isFlipped ? height - 1 - row : row) * width + (isMirrored ? width - 1 - column : column);
      sources[y * turnedWidth + x] = from;
    }
  }
  return { width: turnedWidth, height: turnedHeight, sources };
}
