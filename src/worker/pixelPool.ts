/**
 * Decoded images of recent calls, by their content. A call that was ended before it used its images leaves them to the next
 * one, and another preset may resize them in another way.
 */
import type { SourceImage } from '../shared/imageFacts';

/** Most bytes of pixels that are kept. An image of 4000 × 3000 pixels has 36 MB. */
export const POOL_BYTES = 64 * 2 ** 20;

export class PixelPool {
  readonly #limit: number;
  /** The least recently used first. */
  readonly #images = new Map<string, SourceImage>();
  #bytes = 0;

  constructor(limit = POOL_BYTES) {
    this.#limit = limit;
  }

  /** Keeps images that came with their pixels, as far as they fit. */
  add(images: readonly SourceImage[]): void {
    for (const image of images) {
      const { sha256, data } = image;
      if (sha256 === undefined || data === null || data.byteLength > this.#limit) continue;
      this.#remove(sha256);
      this.#images.set(sha256, image);
      this.#bytes += data.byteLength;
    }
    for (const sha256 of this.#images.keys()) {
      if (this.#bytes <= this.#limit) return;
      this.#remove(sha256);
    }
  }

  /** The images of a call, with their pixels where these are here or came with the same call. */
  fill(images: readonly SourceImage[]): SourceImage[] {
    const own = new Map(images.flatMap((image) => (image.data ? [[image.sha256, image] as const] : [])));
    return images.map((image) => {
      const { sha256 = '', data } = image;
      if (data !== null) return image;
      const kept = this.#images.get(sha256);
      if (kept) this.add([kept]);
      return own.get(sha256) ?? kept ?? image;
    });
  }

  #remove(sha256: string): void {
    this.#bytes -= this.#images.get(sha256)?.data?.byteLength ?? 0;
    this.#images.delete(sha256);
  }
}
