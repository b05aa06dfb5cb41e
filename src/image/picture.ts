/** PNG and the formats that the browser decodes: one picture, or the frames of an animation. */
import type { FileFormat, ImageFacts } from '../shared/imageFacts';
import { isAnimated, openAnimation } from './animation';
import { decodeInBrowser } from './browser';
import type { DecodedImage, DecodeOptions, ImageFile } from './decoded';
import { renderDeepGrey } from './deepGrey';
import { checkDimensions, readDimensions } from './dimensions';
import { forgetful } from './fileMemory';
import { missingPart } from './imageError';
import { jpegOrientation, webpOrientation } from './exif';
import { gifBackground } from './gif';
import { checkScans } from './jpegScans';
import { decodePng } from './png/decodePng';
import { pngOrientation } from './png/orientation';
import { turn, turnPixels } from './turn';
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
  const { format } = file;
  const bytes = await file.bytes();
  const size = readDimensions(bytes, format);
  checkDimensions(size);
  if (format === 'jpeg') checkScans(bytes, size);
  const frame = options.frame ?? 0;
  const isAnimation = isAnimated(bytes, format);
  const { remember = forgetful } = options;
  const animation = isAnimation
    ? await remember('animation', bytes.length, () => openAnimation(bytes, format))
    : null;
  try {
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
    if (animation && frame > 0) {
      const { image, isTurned } = await animation.decode(frame, backgroundOf(bytes, format));
      return { ...turn(image, isTurned ? 1 : await orientationOf(bytes, format)), facts };
    }
    return format === 'png'
      ? await still(bytes, facts, options)
      : await inBrowser(file.blob, bytes, facts, format);
  } finally {
    // Whoever remembers it closes it.
    if (!options.remember) animation?.close();
  }
}

async function still(
  bytes: Uint8Array<ArrayBuffer>,
  facts: ImageFacts,
  options: DecodeOptions,
): Promise<DecodedImage> {
  const { deep, usedBits, ...image } = await decodePng(bytes);
  const orientation = await pngOrientation(bytes);
  if (!deep) return { ...turn(image, orientation), facts: { ...facts, ...(usedBits ? { usedBits } : {}) } };
  const { data, raw, ...shown } = renderDeepGrey(deep, image, 16, false, options);
  return {
    ...turn({ ...image, data }, orientation),
    facts: { ...facts, ...shown },
    ...(raw ? { raw: { ...raw, values: turnPixels(raw.values, image, orientation) } } : {}),
  };
}

/** What the browser leaves to be turned: of JPEG it reads the EXIF data. */
async function orientationOf(bytes: Uint8Array<ArrayBuffer>, format: ImageFormat): Promise<number> {
  if (format === 'png') return pngOrientation(bytes);
  if (format === 'webp') return webpOrientation(bytes);
  return format === 'jpeg' ? jpegOrientation(bytes) : 1;
}

async function inBrowser(
  blob: Blob,
  bytes: Uint8Array<ArrayBuffer>,
  facts: ImageFacts,
  format: ImageFormat,
): Promise<DecodedImage> {
  const image = await decodeInBrowser(blob, {
    background: backgroundOf(bytes, format),
    orientation: format === 'webp' ? 'ours' : 'browser',
  });
  return { ...turn(image, await orientationOf(bytes, format)), facts };
}

function backgroundOf(bytes: Uint8Array, format: ImageFormat): string {
  return format === 'gif' ? gifBackground(bytes) : '#fff';
}
