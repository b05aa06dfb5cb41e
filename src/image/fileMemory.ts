/**
 * What was read of the file that a viewer goes through, so that its next frame does not begin with the whole file again: a
 * volume that was unpacked, a data set that was parsed. One file at a time, and only what is not too large to be kept
 * beside a model.
 */

/** Reads a part of the file, or gives what an earlier call read. */
export type Remember = <T>(part: string, bytes: number, read: () => Promise<T>) => Promise<T>;

export const forgetful: Remember = (_part, _bytes, read) => read();

const MAX_BYTES = 256 * 1024 * 1024;

export class FileMemory {
  #file = '';
  #bytes = 0;
  readonly #parts = new Map<string, Promise<unknown>>();

  /** @param file names the file; with another one everything is forgotten */
  of(file: string): Remember {
    if (file !== this.#file) this.#forget(file);
    return <T>(part: string, bytes: number, read: () => Promise<T>): Promise<T> => {
      const known = this.#file === file ? this.#parts.get(part) : undefined;
      // What stands under a part's name was put there by the same decoder.
      if (known) return known as Promise<T>;
      const reading = read();
      if (this.#file === file && this.#bytes + bytes <= MAX_BYTES) this.#keep(part, bytes, reading);
      return reading;
    };
  }

  #keep(part: string, bytes: number, reading: Promise<unknown>): void {
    this.#bytes += bytes;
    this.#parts.set(part, reading);
    // A failure is told to who asked; the next one tries again.
    reading.catch(() => {
      if (this.#parts.get(part) !== reading) return;
      this.#parts.delete(part);
      this.#bytes -= bytes;
    });
  }

  #forget(file: string): void {
    this.#file = file;
    this.#bytes = 0;
    this.#parts.clear();
  }
}
