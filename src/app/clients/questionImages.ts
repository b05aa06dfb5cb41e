/**
 * Decodes the images of questions for the engine, each once: what was decoded is remembered by file and place, and the engine
 * gets the pixels of each content once. A decode that was begun for one call serves the next one too.
 */
import type { ImageInput } from '../../shared/generation';
import type { RgbPixels, SourceImage } from '../../shared/imageFacts';
import { untilAborted, type ImageClient } from './imageClient';

interface DecodedImage {
  width: number;
  height: number;
  sha256: string;
}

/** An image for one call. */
export interface ReadyImage extends DecodedImage {
  /** Null if the engine has them. */
  pixels: RgbPixels | null;
}

/** Most bytes of pixels that wait for a call, besides those of the last image. */
const UNSENT_BYTES = 64 * 2 ** 20;

export class QuestionImages {
  readonly #client: ImageClient;
  readonly #decoded = new WeakMap<Blob, Map<string, Promise<DecodedImage>>>();
  /** Decoded for a call that was ended before it could take them along. */
  readonly #unsent = new Map<string, RgbPixels>();
  /** What the engine was given. It may have dropped it: then it says so. */
  readonly #sent = new Set<string>();

  constructor(client: ImageClient) {
    this.#client = client;
  }

  /** Decodes an image, unless its pixels are here or with the engine. @throws RoundsError of the decoder; aborted */
  async decode(image: ImageInput, signal?: AbortSignal): Promise<ReadyImage> {
    const known = await this.#once(image, signal);
    if (this.#sent.has(known.sha256) || this.#unsent.has(known.sha256)) return this.#ready(known);
    this.#decoded.get(image.blob)?.delete(placeOf(image));
    return this.#ready(await this.#once(image, signal));
  }

  /** The image for a call that is sent now: with its pixels if the engine wasn't given them yet. */
  take({ width, height, sha256, pixels }: ReadyImage): SourceImage {
    const data = this.#sent.has(sha256) ? null : (pixels?.data ?? null);
    this.#unsent.delete(sha256);
    this.#sent.add(sha256);
    return { width, height, sha256, data };
  }

  /** The engine hasn't these images any more. */
  resend(images: Iterable<string>): void {
    for (const sha256 of images) this.#sent.delete(sha256);
  }

  #once(image: ImageInput, signal?: AbortSignal): Promise<DecodedImage> {
    const places = this.#decoded.get(image.blob) ?? new Map<string, Promise<DecodedImage>>();
    this.#decoded.set(image.blob, places);
    const place = placeOf(image);
    const running = places.get(place) ?? this.#decode(image);
    places.set(place, running);
    running.catch(() => places.delete(place));
    return signal ? untilAborted(running, signal) : running;
  }

  #ready(known: DecodedImage): ReadyImage {
    return { ...known, pixels: this.#unsent.get(known.sha256) ?? null };
  }

  async #decode(image: ImageInput): Promise<DecodedImage> {
    const { sha256, ...pixels } = await this.#client.call('decode', { image });
    const { width, height } = pixels;
    if (!this.#sent.has(sha256)) this.#keep(sha256, pixels);
    return { width, height, sha256 };
  }

  #keep(sha256: string, pixels: RgbPixels): void {
    this.#unsent.delete(sha256);
    this.#unsent.set(sha256, pixels);
    let bytes = [...this.#unsent.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    for (const [oldest, { data }] of this.#unsent) {
      if (bytes <= UNSENT_BYTES || oldest === sha256) return;
      this.#unsent.delete(oldest);
      bytes -= data.byteLength;
    }
  }
}

/** What decides the pixels besides the file. Names matter to formats that have no signature. */
function placeOf({ name, frame, window, plane, volume }: ImageInput): string {
  return JSON.stringify([name, frame, window, plane, volume]);
}
