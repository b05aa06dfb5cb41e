/**
 * Animations (GIF, WebP, PNG, AVIF): whether a file is one, and its frames where the browser can take them apart. The first
 * frame comes from the still decoders, as the reference reads it.
 */
import type { RgbImage } from '../engine/preprocess/resample';
import { RoundsError } from '../shared/errors';
import { readPixels } from './browser';
import { checkDimensions } from './dimensions';
import { ascii, type ImageFormat } from './sniff';

export interface Animation {
  frames: number;
  /** @throws RoundsError image_invalid for a frame that cannot be decoded */
  decode(frame: number, name: string): Promise<RgbImage>;
}

/** More frames than this are a film: it is cut short here. */
const MAX_FRAMES = 5000;

/** @param bytes the whole file */
export function isAnimated(bytes: Uint8Array, format: ImageFormat): boolean {
  if (format === 'png') return findsInHead(bytes, 'acTL');
  if (format === 'webp') return ascii(bytes, 12, 16) === 'VP8X' && ((bytes[20] ?? 0) & 0x02) !== 0;
  if (format === 'avif') return ascii(bytes, 8, 12) === 'avis';
  return format === 'gif' && countGifFrames(bytes) > 1;
}

/** Chunks that announce an animation stand before the pixels. */
function findsInHead(bytes: Uint8Array, chunk: string): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; at += view.getUint32(at) + 12) {
    const type = ascii(bytes, at + 4, at + 8);
    if (type === chunk) return true;
    if (type === 'IDAT') return false;
  }
  return false;
}

/** Up to two: more need not be known. */
function countGifFrames(bytes: Uint8Array): number {
  const tableBytes = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + tableBytes(bytes[10] ?? 0);
  let frames = 0;
  while (at < bytes.length && frames < 2) {
    const block = bytes[at];
    if (block === 0x2c) {
      frames += 1;
      at += 11 + tableBytes(bytes[at + 9] ?? 0);
    } else if (block === 0x21) at += 2;
    else break;
    // Sub-blocks, each behind its length; one of length 0 ends them.
    while (at < bytes.length && bytes[at] !== 0) at += (bytes[at] ?? 0) + 1;
    at += 1;
  }
  return frames;
}

/** Null where the browser has no decoder of single frames, or not for this format. */
export async function openAnimation(
  bytes: Uint8Array<ArrayBuffer>,
  format: ImageFormat,
): Promise<Animation | null> {
  const type = `image/${format}`;
  if (typeof ImageDecoder === 'undefined' || !(await ImageDecoder.isTypeSupported(type))) return null;
  const decoder = new ImageDecoder({ data: bytes, type, colorSpaceConversion: 'none' });
  try {
    // Either may be the last to come.
    await Promise.all([decoder.tracks.ready, decoder.completed]);
  } catch {
    return null;
  }
  const frames = Math.min(decoder.tracks.selectedTrack?.frameCount ?? 1, MAX_FRAMES);
  return frames > 1 ? { frames, decode: (frame, name) => decodeFrame(decoder, frame, name) } : null;
}

async function decodeFrame(decoder: ImageDecoder, frame: number, name: string): Promise<RgbImage> {
  try {
    const { image } = await decoder.decode({ frameIndex: frame });
    const size = { width: image.displayWidth, height: image.displayHeight };
    try {
      checkDimensions(size, name);
      return readPixels(image, size);
    } finally {
      image.close();
    }
  } catch (error) {
    if (error instanceof RoundsError) throw error;
    throw new RoundsError('image_invalid', `Frame ${frame} of ${name} is damaged.`, { cause: error });
  }
}
