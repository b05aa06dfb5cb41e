/** Formats that the browser decodes: JPEG, WebP, GIF (first frame), BMP, AVIF. */
import type { RgbImage } from '../engine/preprocess/resample';
import { RoundsError } from '../shared/errors';
import { checkDimensions } from './dimensions';

/**
 * No colour management and the EXIF orientation applied, as the reference reads files; transparency over
 * white. JPEG decoders differ by a level or two.
 *
 * @throws RoundsError image_invalid, image_too_large, image_unsupported (outside a browser)
 */
export async function decodeInBrowser(blob: Blob, name: string): Promise<RgbImage> {
  if (typeof createImageBitmap === 'undefined' || typeof OffscreenCanvas === 'undefined') {
    throw new RoundsError('image_unsupported', `${name} can be decoded in a browser only.`);
  }
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob, {
      colorSpaceConversion: 'none',
      premultiplyAlpha: 'none',
      imageOrientation: 'from-image',
    });
  } catch (error) {
    throw new RoundsError(
      'image_invalid',
      `${name} is damaged, or the browser cannot read this kind of image.`,
      {
        cause: error,
      },
    );
  }
  try {
    checkDimensions(bitmap, name);
    return readPixels(bitmap, bitmap);
  } finally {
    bitmap.close();
  }
}

/** Over white. @throws RoundsError out_of_memory */
export function readPixels(
  bitmap: ImageBitmap | VideoFrame,
  { width, height }: { width: number; height: number },
): RgbImage {
  // willReadFrequently keeps the canvas off the GPU, where a driver may change values.
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context)
    throw new RoundsError('out_of_memory', `There is no memory for an image of ${width}×${height}.`);
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = rgba[from] ?? 0;
    data[to + 1] = rgba[from + 1] ?? 0;
    data[to + 2] = rgba[from + 2] ?? 0;
  }
  return { width, height, data };
}
