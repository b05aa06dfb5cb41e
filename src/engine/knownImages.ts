/** What images became, by their content: a question about a known image needs its pixels no more. */
import type { PixelLimits, ProcessedImage } from '../shared/generation';
import type { GridThw } from './preprocess/patchify';

/** What an image became. */
export interface KnownImage {
  report: ProcessedImage;
  gridThw: GridThw;
  /** SHA-256 of the resized pixels, and their size: the cache key of its features. */
  key: string;
}

/** An entry takes some hundred bytes; pixels and features are not in it. */
const MAX_KNOWN = 1_000;

/** What each image became, by its content and the resize steps before the processor's own. */
export class KnownImages {
  readonly #images = new Map<string, KnownImage>();

  get(sha256: string, limits: readonly PixelLimits[]): KnownImage | undefined {
    return this.#images.get(keyOf(sha256, limits));
  }

  add(sha256: string, limits: readonly PixelLimits[], image: KnownImage): void {
    this.#images.set(keyOf(sha256, limits), image);
    const oldest = this.#images.keys().next();
    if (this.#images.size > MAX_KNOWN && !oldest.done) this.#images.delete(oldest.value);
  }
}

function keyOf(sha256: string, limits: readonly PixelLimits[]): string {
  return `${sha256} ${JSON.stringify(limits)}`;
}
