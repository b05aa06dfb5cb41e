/**
 * Caches what was read of the file in the viewer (bytes, parsed data set, unpacked volume), so that its next frame doesn't start
 * from the whole file again. One file at a time, and limited in size to leave memory for a model.
 */

/** Reads a part of the file, or returns what an earlier call read. `bytes` counts towards the cache's limit. */
export type Remember = <T>(part: string, bytes: number, read: () => Promise<T>) => Promise<T>;

/** Caches nothing. */
export const forgetful: Remember = (_part, _bytes, read) => read();

/** Larger parts are read again each time. */
export const MAX_MEMORY_BYTES = 256 * 1024 * 1024;

export class FileMemory {
  #file = '';
  #bytes = 0;
  readonly #parts = new Map<string, Promise<unknown>>();

  /** @param file identifies the file; a different one empties the cache */
  of(file: string): Remember {
    if (file !== this.#file) this.#forget(file);
    return <T>(part: string, bytes: number, read: () => Promise<T>): Promise<T> => {
      const known = this.#file === file ? this.#parts.get(part) : undefined;
      // The type is right, because the same decoder stored this part.
      if (known) return known as Promise<T>;
      const reading = read();
      if (this.#file === file && this.#bytes + bytes <= MAX_MEMORY_BYTES) this.#store(part, bytes, reading);
      return reading;
    };
  }

  #store(part: string, bytes: number, reading: Promise<unknown>): void {
    this.#bytes += bytes;
    this.#parts.set(part, reading);
    // The caller gets the failure; the next call tries again.
    reading.catch(() => {
      if (this.#parts.get(part) !== reading) return;
      this.#parts.delete(part);
      this.#bytes -= bytes;
    });
  }

  #forget(file: string): void {
    this.#file = file;
    this.#bytes = 0;
    for (const part of this.#parts.values()) void part.then(closePart, () => undefined);
    this.#parts.clear();
  }
}

/** What holds more than memory, such as a browser's decoder, has a method for letting go of it. */
function closePart(part: unknown): void {
  if (typeof part === 'object' && part !== null && 'close' in part && typeof part.close === 'function')
    (part.close as () => void)();
}
