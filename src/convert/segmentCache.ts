/**
 * Turns many small reads of remote files into few large ones that are asked for ahead of their turn. All files of
 * a checkpoint share one cache, so its bound holds however many files there are.
 */
import type { BlobLike, Part } from './source';

/** One request: long enough that its round trips hardly count, short enough to repeat. */
const SEGMENT_BYTES = 8 * 1024 * 1024;
/** 48 MiB in all: what is being read, what is asked for ahead, and the small tensors in between. */
const MAX_SEGMENTS = 6;
/** Requests under way behind the one that is waited for; three connections keep a network busy. */
const READ_AHEAD = 2;

export interface CacheOptions {
  segmentBytes?: number;
  readAhead?: number;
}

interface RemoteFile {
  size: number;
  read: (start: number, end: number) => Promise<ArrayBuffer>;
  /** null until the file was laid out: until then each read is a request. */
  cut: Cut | null;
}

interface Cut {
  id: number;
  /** Where segments start, and at the end the size of the file. */
  starts: number[];
  /** Segments that begin a run. */
  fresh: Set<number>;
}

export class SegmentCache {
  readonly #segmentBytes: number;
  readonly #readAhead: number;
  /** In order of last use. A promise, so that reads which overlap in time share one request. */
  readonly #segments = new Map<string, Promise<ArrayBuffer>>();
  #cuts = 0;

  constructor({ segmentBytes = SEGMENT_BYTES, readAhead = READ_AHEAD }: CacheOptions = {}) {
    this.#segmentBytes = segmentBytes;
    this.#readAhead = readAhead;
  }

  /** @param read bytes [start, end) of the file, exactly */
  open(size: number, read: RemoteFile['read']): BlobLike {
    const file: RemoteFile = { size, read, cut: null };
    return {
      size,
      slice: (start, end) => ({ arrayBuffer: () => this.#range(file, start, Math.min(end, size)) }),
      layOut: (parts) => {
        file.cut = { id: this.#cuts++, ...cutSegments(size, parts, this.#segmentBytes) };
      },
    };
  }

  async #range(file: RemoteFile, start: number, end: number): Promise<ArrayBuffer> {
    if (end <= start) return new ArrayBuffer(0);
    if (!file.cut) return file.read(start, end);
    const result = new Uint8Array(end - start);
    for (let position = start; position < end;) {
      const index = segmentAt(file.cut.starts, position);
      const bytes = this.#segment(file, file.cut, index);
      this.#askAhead(file, file.cut, index);
      const offset = position - file.cut.starts[index]!;
      const part = new Uint8Array(await bytes).subarray(offset, offset + end - position);
      result.set(part, position - start);
      position += part.length;
    }
    return result.buffer;
  }

  /** What follows in the same run will be wanted next. */
  #askAhead(file: RemoteFile, cut: Cut, index: number): void {
    for (let next = index + 1; next <= index + this.#readAhead; next++) {
      if (next >= cut.starts.length - 1 || cut.fresh.has(next)) return;
      void this.#segment(file, cut, next).catch(() => undefined);
    }
  }

  #segment(file: RemoteFile, { id, starts }: Cut, index: number): Promise<ArrayBuffer> {
    const key = `${id}/${index}`;
    const bytes = this.#segments.get(key) ?? file.read(starts[index]!, starts[index + 1]!);
    // A failed request is not kept; whoever waits for it sees the failure.
    bytes.catch(() => this.#segments.get(key) === bytes && this.#segments.delete(key));
    this.#segments.delete(key);
    this.#segments.set(key, bytes);
    for (const oldest of this.#segments.keys()) {
      if (this.#segments.size <= MAX_SEGMENTS) break;
      this.#segments.delete(oldest);
    }
    return bytes;
  }
}

/**
 * Segments of nearly equal length within each run. A large part is a run of its own, so that what is read for one
 * tensor brings nothing of the next, which may be read much later; small parts between two large ones are one run.
 */
function cutSegments(size: number, parts: readonly Part[], segmentBytes: number): Omit<Cut, 'id'> {
  const large = parts.filter(({ start, end }) => end - start >= segmentBytes / 4);
  const edges = [...new Set([0, ...large.flatMap(({ start, end }) => [start, end]), size])].sort(
    (a, b) => a - b,
  );
  const starts: number[] = [];
  const fresh = new Set<number>();
  for (const [i, start] of edges.slice(0, -1).entries()) {
    const length = edges[i + 1]! - start;
    const count = Math.ceil(length / segmentBytes);
    fresh.add(starts.length);
    for (let n = 0; n < count; n++) starts.push(start + Math.floor((n * length) / count));
  }
  return { starts: [...starts, size], fresh };
}

/** The last segment that starts at or before `position`. */
function segmentAt(starts: readonly number[], position: number): number {
  let [low, high] = [0, starts.length - 2];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (starts[middle]! <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}
