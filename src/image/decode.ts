/** Any file that Rounds opens → 8-bit RGB. The only way into the pixels: page preview and model share it. */
import { RoundsError } from '../shared/errors';
import type { FileFormat, ImageFacts } from '../shared/imageFacts';
import { isAnimated, openAnimation } from './animation';
import { decodeInBrowser } from './browser';
import type { DecodedImage, DecodeOptions } from './decoded';
import { checkDimensions, checkFileSize, readDimensions } from './dimensions';
import { renderDeepGrey } from './deepGrey';
import { forgetful } from './fileMemory';
import { loadPart } from './loadPart';
import { decodePng } from './png';
import { type ImageFormat, SNIFF_BYTES, sniffFormat } from './sniff';

export interface NamedOptions extends DecodeOptions {
  /** How messages call the file. */
  name?: string;
}

/**
 * Sizes are checked from the header before anything is unpacked.
 *
 * @throws RoundsError image_invalid, image_unsupported, image_too_large, request_invalid; decoder_missing where a decoder
 *   that is loaded when needed cannot be
 */
export async function decodeImage(blob: Blob, options: NamedOptions = {}): Promise<DecodedImage> {
  const name = options.name ?? 'The image';
  checkFileSize(blob.size, name);
  const head = new Uint8Array(await blob.slice(0, SNIFF_BYTES).arrayBuffer());
  const format = sniffFormat(head, name);
  const remember = options.remember ?? forgetful;
  const bytes = await remember('bytes', blob.size, async () => new Uint8Array(await blob.arrayBuffer()));
  switch (format) {
    case 'dicom':
      return (await loadPart(() => import('./dicom/decodeDicom'))).decodeDicom(bytes, name, options);
    case 'tiff':
      return (await loadPart(() => import('./tiff/decodeTiff'))).decodeTiff(bytes, name, options);
    case 'nifti':
    case 'gzip':
      return (await loadPart(() => import('./nifti/decodeNifti'))).decodeNifti(bytes, name, options);
    default:
      return decodePicture(blob, bytes, format, name, options);
  }
}

const NAMES: Partial<Record<ImageFormat, FileFormat>> = {
  png: 'PNG',
  jpeg: 'JPEG',
  webp: 'WebP',
  gif: 'GIF',
  bmp: 'BMP',
  avif: 'AVIF',
};

/** Formats of one picture, and animations; their first frame is read as a picture. */
async function decodePicture(
  blob: Blob,
  bytes: Uint8Array<ArrayBuffer>,
  format: ImageFormat,
  name: string,
  options: DecodeOptions,
): Promise<DecodedImage> {
  checkDimensions(readDimensions(bytes, format, name), name);
  const frame = options.frame ?? 0;
  const isAnimation = isAnimated(bytes, format);
  const { remember = forgetful } = options;
  const animation = isAnimation
    ? await remember('animation', bytes.length, () => openAnimation(bytes, format))
    : null;
  const frames = animation?.frames ?? 1;
  if (!Number.isInteger(frame) || frame < 0 || frame >= frames) {
    const count = frames === 1 ? 'one frame' : `${frames} frames`;
    throw new RoundsError('request_invalid', `${name} has ${count}, but frame ${frame} was asked.`);
  }
  const facts: ImageFacts = {
    format: NAMES[format] ?? 'PNG',
    frames,
    frame,
    isAnimation,
    window: null,
    presets: [],
    unit: '',
    pixelAspect: 1,
  };
  if (animation && frame > 0) return { ...(await animation.decode(frame, name)), facts };
  if (format !== 'png') return { ...(await decodeInBrowser(blob, name)), facts };
  const { deep, ...image } = await decodePng(bytes, name);
  if (!deep) return { ...image, facts };
  const { data, window, presets, raw } = renderDeepGrey(deep, image, 16, false, options);
  return { ...image, data, facts: { ...facts, window, presets }, ...(raw ? { raw } : {}) };
}
