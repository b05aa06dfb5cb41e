/** Decoded frames of the tray's images, so that scrolling back and forth doesn't decode them again. */
import type { ImagePreview } from '../../../shared/protocol';
import type { WindowRange } from '../../../shared/windowing';

export interface CachedFrame {
  preview: ImagePreview;
  /** The window that the pixels were rendered with; null for the file's own. */
  window: WindowRange | null;
}

/** A CT slice with its values and both pictures takes 3 MB: about 60 frames. */
const MAX_BYTES = 192 * 1024 * 1024;

/** Removes the least recently used frames when the limit is exceeded. */
export class FrameCache {
  readonly #frames = new Map<string, CachedFrame>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): CachedFrame | undefined {
    const frame = this.#frames.get(key);
    if (!frame) return undefined;
    // A Map keeps insertion order, so the first frame is the least recently used.
    this.#frames.delete(key);
    this.#frames.set(key, frame);
    return frame;
  }

  set(key: string, frame: CachedFrame): void {
    this.delete(key);
    this.#frames.set(key, frame);
    this.#bytes += bytesOf(frame);
    for (const oldest of this.#frames.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.delete(oldest);
    }
  }

  /** Removes the frames whose keys start with the prefix; without one, all frames. */
  clear(prefix = ''): void {
    for (const key of [...this.#frames.keys()]) if (key.startsWith(prefix)) this.delete(key);
  }

  delete(key: string): void {
    const frame = this.#frames.get(key);
    if (!frame) return;
    this.#frames.delete(key);
    this.#bytes -= bytesOf(frame);
  }
}

function bytesOf({ preview }: CachedFrame): number {
  const { rgba, resizedRgba, raw } = preview;
  return rgba.byteLength + (resizedRgba?.byteLength ?? 0) + (raw?.values.byteLength ?? 0);
}
