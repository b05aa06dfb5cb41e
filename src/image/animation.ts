/**
 * Animations (GIF, WebP, PNG, AVIF): whether a file is one, and its frames if the browser can decode them one by one. The
 * first frame comes from the still-image decoders, like in the reference.
 */
import type { RgbImage } from '../engine/preprocess/resample';
import { RoundsError } from '../shared/errors';
import { readPixels } from './browser';
import { checkDimensions } from './dimensions';
import { countGifFrames } from './gif';
import { invalidImage } from './imageError';
import { ascii, isoBrands } from './magic';
import type { ImageFormat } from './sniff';

export interface Animation {
  frames: number;
  /**
   * @param frame from 0
   * @param background for transparent pixels, as CSS
   * @throws RoundsError image_invalid, image_too_large
   */
  decode(frame: number, background: string): Promise<RgbImage>;
  /** Frees the browser's decoder. */
  close(): void;
}

/** Further frames of long animations are left out. */
const MAX_FRAMES = 5000;

/** @param bytes the whole file */
export function isAnimated(bytes: Uint8Array, format: ImageFormat): boolean {
  if (format === 'png') return findsInHead(bytes, 'acTL');
  if (format === 'webp') return ascii(bytes, 12, 16) === 'VP8X' && ((bytes[20] ?? 0) & 0x02) !== 0;
  if (format === 'avif') return isoBrands(bytes).includes('avis');
  return format === 'gif' && countGifFrames(bytes) > 1;
}

/** The chunk that announces an animation comes before the pixels. */
function findsInHead(bytes: Uint8Array, chunk: string): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; at += view.getUint32(at) + 12) {
    const type = ascii(bytes, at + 4, at + 8);
    if (type === chunk) return true;
    if (type === 'IDAT') return false;
  }
  return false;
}

/** Null if the browser can't decode single frames of this format. */
export async function openAnimation(
  bytes: Uint8Array<ArrayBuffer>,
  format: ImageFormat,
): Promise<Animation | null> {
  const type = `image/${format}`;
  if (typeof ImageDecoder === 'undefined' || !(await ImageDecoder.isTypeSupported(type))) return null;
  const decoder = new ImageDecoder({ data: bytes, type, colorSpaceConversion: 'none' });
  try {
    // Either may be the last to resolve.
    await Promise.all([decoder.tracks.ready, decoder.completed]);
  } catch {
    decoder.close();
    return null;
  }
  const frames = Math.min(decoder.tracks.selectedTrack?.frameCount ?? 1, MAX_FRAMES);
  if (frames > 1) {
    return {
      frames,
      decode: (frame, background) => decodeFrame(decoder, frame, background),
      close: () => decoder.close(),
    };
  }
  decoder.close();
  return null;
}

async function decodeFrame(decoder: ImageDecoder, frame: number, background: string): Promise<RgbImage> {
  try {
    const { image } = await decoder.decode({ frameIndex: frame });
    const size = { width: image.displayWidth, height: image.displayHeight };
    try {
      checkDimensions(size);
      return readPixels(image, size, background);
    } finally {
      image.close();
    }
  } catch (error) {
    if (error instanceof RoundsError) throw error;
    throw invalidImage(`frame ${frame} of the animation is damaged`, error);
  }
}
