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

export interface AnimationFrame {
  image: RgbImage;
  /** The browser has applied the orientation that the file states. */
  isTurned: boolean;
}

export interface Animation {
  frames: number;
  /**
   * @param frame from 0
   * @param background for transparent pixels, as CSS
   * @throws RoundsError image_invalid, image_too_large
   */
  decode(frame: number, background: string): Promise<AnimationFrame>;
  /** Frees the decoded frames that the browser holds. Decoding again is possible, and takes longer. */
  close(): void;
}

/** A viewer that plays asks several times a second; nothing reports when it stops. */
const IDLE_MS = 10_000;

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
  const open = (): ImageDecoder => new ImageDecoder({ data: bytes, type, colorSpaceConversion: 'none' });
  const decoder = open();
  try {
    // Either may be the last to resolve.
    await Promise.all([decoder.tracks.ready, decoder.completed]);
  } catch {
    closeDecoder(decoder);
    return null;
  }
  const frames = Math.min(decoder.tracks.selectedTrack?.frameCount ?? 1, MAX_FRAMES);
  if (frames > 1) return new OpenAnimation(frames, decoder, open);
  closeDecoder(decoder);
  return null;
}

/** Keeps its decoder for the next frame, and closes it when none is asked for. */
class OpenAnimation implements Animation {
  readonly frames: number;
  readonly #open: () => ImageDecoder;
  #decoder: ImageDecoder | null;
  #running = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(frames: number, decoder: ImageDecoder, open: () => ImageDecoder) {
    this.frames = frames;
    this.#decoder = decoder;
    this.#open = open;
    this.#closeLater();
  }

  async decode(frame: number, background: string): Promise<AnimationFrame> {
    clearTimeout(this.#timer);
    this.#decoder ??= this.#open();
    this.#running += 1;
    try {
      return await decodeFrame(this.#decoder, frame, background);
    } finally {
      this.#running -= 1;
      this.#closeLater();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    if (this.#running > 0 || !this.#decoder) return;
    closeDecoder(this.#decoder);
    this.#decoder = null;
  }

  #closeLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), IDLE_MS);
  }
}

function closeDecoder(decoder: ImageDecoder): void {
  try {
    decoder.close();
  } catch {
    // After a failure it has closed itself.
  }
}

/** Where the types of TypeScript are older than browsers: how a frame is turned when it's drawn. */
type TurnedFrame = VideoFrame & { readonly rotation?: number; readonly flip?: boolean };

async function decodeFrame(
  decoder: ImageDecoder,
  frame: number,
  background: string,
): Promise<AnimationFrame> {
  try {
    const { image }: { image: TurnedFrame } = await decoder.decode({ frameIndex: frame });
    // Browsers without these attributes show a quarter turn by the shape.
    const isTurned =
      !!image.rotation ||
      !!image.flip ||
      (image.codedWidth !== image.displayWidth && image.codedWidth === image.displayHeight);
    const size = { width: image.displayWidth, height: image.displayHeight };
    try {
      checkDimensions(size);
      return { image: readPixels(image, size, background), isTurned };
    } finally {
      image.close();
    }
  } catch (error) {
    if (error instanceof RoundsError) throw error;
    throw invalidImage(`frame ${frame} of the animation is damaged`, error);
  }
}
