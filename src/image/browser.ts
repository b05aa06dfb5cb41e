/** Formats that the browser decodes: JPEG, WebP, GIF (first frame), BMP, AVIF. */
import type { RgbImage } from '../engine/preprocess/resample';
import { RoundsError } from '../shared/errors';
import { checkDimensions } from './dimensions';
import { invalidImage, unsupportedImage } from './imageError';

/**
 * Like the reference: without colour management, with the EXIF orientation of JPEG applied, transparency on `background`. JPEG
 * decoders differ by a level or two.
 *
 * @param orientation `ours` if the caller turns the picture
 * @throws RoundsError image_invalid, image_too_large, image_unsupported (outside a browser), out_of_memory
 */
export async function decodeInBrowser(
  blob: Blob,
  {
    background = '#fff',
    orientation = 'browser',
  }: { background?: string; orientation?: 'browser' | 'ours' } = {},
): Promise<RgbImage> {
  if (typeof createImageBitmap === 'undefined' || typeof OffscreenCanvas === 'undefined') {
    throw unsupportedImage('this format can be decoded in a browser only');
  }
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob, {
      colorSpaceConversion: 'none',
      premultiplyAlpha: 'none',
      imageOrientation: orientation === 'ours' ? 'none' : 'from-image',
    });
  } catch (error) {
    throw invalidImage('the file is damaged, or this browser can’t read its format', error);
  }
  try {
    checkDimensions(bitmap);
    return readPixels(bitmap, bitmap, background);
  } finally {
    bitmap.close();
  }
}

/** @param background for transparent pixels, as CSS. @throws RoundsError out_of_memory */
export function readPixels(
  bitmap: ImageBitmap | VideoFrame,
  { width, height }: { width: number; height: number },
  background: string,
): RgbImage {
  // willReadFrequently keeps the canvas off the GPU, where a driver may change values.
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) {
    const size = `${width}×${height} pixels`;
    throw new RoundsError(
      'out_of_memory',
      `there isn’t enough memory for an image of ${size}; scale it down first.`,
    );
  }
  context.fillStyle = background;
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = rgba[from]!;
    data[to + 1] = rgba[from + 1]!;
    data[to + 2] = rgba[from + 2]!;
  }
  return { width, height, data };
}
