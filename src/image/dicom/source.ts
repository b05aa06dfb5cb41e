/**
 * The bytes of a DICOM file, in memory or in a Blob of up to gigabytes. Of a Blob only the header and the requested frame are
 * read: a parser asks for a few bytes at a time, and gets them from a chunk that grows while it reads on without jumps.
 */
import { readRange } from '../readRange';

/** Files up to this size are read at once. */
const READ_WHOLE = 4 * 1024 * 1024;
const SMALLEST_CHUNK = 64 * 1024;
const LARGEST_CHUNK = 4 * 1024 * 1024;
/** Jumps up to this many bytes count as reading on: skipping them would cost more than reading them. */
const SHORT_JUMP = 256 * 1024;

export class ByteSource {
  readonly size: number;
  /** Null: all bytes are in the chunk. */
  readonly #blob: Blob | null;
  #chunk: Uint8Array;
  #start = 0;
  #chunkSize = SMALLEST_CHUNK;

  private constructor(blob: Blob | null, chunk: Uint8Array, size: number) {
    this.#blob = blob;
    this.#chunk = chunk;
    this.size = size;
  }

  /** @throws RoundsError image_invalid if the browser can't read the file; so do `load`, `keep` and `read` */
  static async open(file: Blob | Uint8Array): Promise<ByteSource> {
    if (file instanceof Uint8Array) return new ByteSource(null, file, file.length);
    if (file.size > READ_WHOLE) return ByteSource.inParts(file);
    return ByteSource.open(await readRange(file, 0, file.size));
  }

  /** Of a small file, too, only what is asked for is read. */
  static inParts(file: Blob): ByteSource {
    return new ByteSource(file, new Uint8Array(), file.size);
  }

  /** False: `load` the bytes before using `at` or `u16` and `u32` on them. */
  has(position: number, length: number): boolean {
    return position >= this.#start && position + length <= this.#start + this.#chunk.length;
  }

  /** @returns false if the file ends before `position + length` */
  async load(position: number, length: number): Promise<boolean> {
    if (position < 0 || position + length > this.size) return false;
    if (this.has(position, length) || !this.#blob) return true;
    const jump = position - (this.#start + this.#chunk.length);
    const readsOn = Math.abs(jump) <= SHORT_JUMP && this.#chunk.length > 0;
    this.#chunkSize = readsOn ? Math.min(this.#chunkSize * 2, LARGEST_CHUNK) : SMALLEST_CHUNK;
    const end = Math.min(this.size, position + Math.max(length, this.#chunkSize));
    this.#chunk = await readRange(this.#blob, position, end);
    this.#start = position;
    return this.has(position, length);
  }

  /** One loaded byte. */
  at(position: number): number {
    return this.#chunk[position - this.#start]!;
  }

  u16(position: number, isLittle: boolean): number {
    const at = position - this.#start;
    const [first, second] = [this.#chunk[at]!, this.#chunk[at + 1]!];
    return isLittle ? first | (second << 8) : (first << 8) | second;
  }

  u32(position: number, isLittle: boolean): number {
    const [first, second] = [this.u16(position, isLittle), this.u16(position + 2, isLittle)];
    return isLittle ? first + second * 65536 : first * 65536 + second;
  }

  /** Bytes to keep. */
  async keep(position: number, length: number): Promise<Uint8Array> {
    return (await this.load(position, length)) ? this.copy(position, length) : new Uint8Array();
  }

  /** Loaded bytes to keep: of a Blob a copy, so that a short value doesn't keep a whole chunk in memory. */
  copy(position: number, length: number): Uint8Array {
    const from = position - this.#start;
    return this.#blob ? this.#chunk.slice(from, from + length) : this.#chunk.subarray(from, from + length);
  }

  /** A range that isn't kept in the chunk, such as a frame. Shorter if the file ends before. */
  async read(start: number, end: number): Promise<Uint8Array> {
    if (!this.#blob) return this.#chunk.subarray(start, end);
    return readRange(this.#blob, start, Math.max(start, end));
  }
}
