/** PNG and the formats that the browser decodes: one picture, or the frames of an animation. */
import type { FileFormat, ImageFacts } from '../shared/imageFacts';
import { isAnimated, openAnimation, type Animation } from './animation';
import { decodeInBrowser } from './browser';
import type { DecodedImage, DecodeOptions, ImageFile } from './decoded';
import { renderDeepGrey } from './deepGrey';
import { checkDimensions, readDimensions } from './dimensions';
import { forgetful } from './fileMemory';
import { missingPart } from './imageError';
import { decodePng } from './png';
import type { ImageFormat } from './sniff';

const NAMES: Partial<Record<ImageFormat, FileFormat>> = {
  png: 'PNG',
  jpeg: 'JPEG',
  webp: 'WebP',
  gif: 'GIF',
  bmp: 'BMP',
  avif: 'AVIF',
};

/**
 * The first frame of an animation is decoded as a still picture, like in the reference.
 *
 * @throws RoundsError image_invalid, image_unsupported, image_too_large, request_invalid (no such frame), out_of_memory
 */
export async function decodePicture(file: ImageFile, options: DecodeOptions): Promise<DecodedImage> {
  const { bytes, format } = file;
  checkDimensions(readDimensions(bytes, format));
  const frame = options.frame ?? 0;
  const isAnimation = isAnimated(bytes, format);
  const { remember = forgetful } = options;
  const animation = isAnimation
    ? await remember('animation', bytes.length, () => openAnimation(bytes, format))
    : null;
  try {
    return await decodeFrame(file, frame, { isAnimation, animation }, options);
  } finally {
    // Nobody comes back for another frame.
    if (!options.remember) animation?.close();
  }
}

async function decodeFrame(
  { blob, bytes, format }: ImageFile,
  frame: number,
  { isAnimation, animation }: { isAnimation: boolean; animation: Animation | null },
  options: DecodeOptions,
): Promise<DecodedImage> {
  const frames = animation?.frames ?? 1;
  if (!Number.isInteger(frame) || frame < 0 || frame >= frames) throw missingPart('frame', frame, frames);
  const facts: ImageFacts = {
    format: NAMES[format] ?? 'PNG',
    ...{ frames, frame, isAnimation },
    window: null,
    presets: [],
    unit: '',
    pixelAspect: 1,
  };
  if (animation && frame > 0) return { ...(await animation.decode(frame)), facts };
  if (format !== 'png') return { ...(await decodeInBrowser(blob)), facts };
  const { deep, ...image } = await decodePng(bytes);
  if (!deep) return { ...image, facts };
  const { data, window, presets, raw } = renderDeepGrey(deep, image, 16, false, options);
  return { ...image, data, facts: { ...facts, window, presets }, ...(raw ? { raw } : {}) };
}
