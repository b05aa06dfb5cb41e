/**
 * Combines many small reads of remote files into a few large requests, and prefetches. All files of a checkpoint share
 * one cache, so its memory is bounded for any number of files.
 */
import type { BlobLike, Part } from './source';

/** Bytes per request: long enough to make round trips negligible, short enough to repeat. */
const SEGMENT_BYTES = 8 * 1024 * 1024;
/** 48 MiB in total: the segment being read, prefetched segments, and small tensors in between. */
const MAX_SEGMENTS = 6;
/** Prefetched segments. With the one being read, three connections are enough to use the network fully. */
const READ_AHEAD = 2;

export interface CacheOptions {
  segmentBytes?: number;
  readAhead?: number;
}

interface RemoteFile {
  size: number;
  read: (start: number, end: number) => Promise<ArrayBuffer>;
  /** Null until the file's parts are known. Until then each read is a request. */
  segments: Segmentation | null;
}

interface Segmentation {
  id: number;
  /** Start of each segment, followed by the size of the file. */
  starts: number[];
  /** Indices of the segments that begin a run. */
  runStarts: Set<number>;
}

export class SegmentCache {
  readonly #segmentBytes: number;
  readonly #readAhead: number;
  /** In order of last use. Promises, so that concurrent reads share one request. */
  readonly #segments = new Map<string, Promise<ArrayBuffer>>();
  #nextId = 0;

  constructor({ segmentBytes = SEGMENT_BYTES, readAhead = READ_AHEAD }: CacheOptions = {}) {
    this.#segmentBytes = segmentBytes;
    this.#readAhead = readAhead;
  }

  /**
   * Wraps a remote file.
   * @param size in bytes
   * @param read requests exactly the bytes [start, end)
   */
  open(size: number, read: RemoteFile['read']): BlobLike {
    const file: RemoteFile = { size, read, segments: null };
    return {
      size,
      slice: (start, end) => ({ arrayBuffer: () => this.#range(file, start, Math.min(end, size)) }),
      setParts: (parts) => {
        file.segments = { id: this.#nextId++, ...planSegments(size, parts, this.#segmentBytes) };
      },
    };
  }

  async #range(file: RemoteFile, start: number, end: number): Promise<ArrayBuffer> {
    if (end <= start) return new ArrayBuffer(0);
    if (!file.segments) return file.read(start, end);
    const result = new Uint8Array(end - start);
    for (let position = start; position < end;) {
      const index = segmentAt(file.segments.starts, position);
      const bytes = this.#segment(file, file.segments, index);
      this.#prefetch(file, file.segments, index);
      const offset = position - file.segments.starts[index]!;
      const part = new Uint8Array(await bytes).subarray(offset, offset + end - position);
      result.set(part, position - start);
      position += part.length;
    }
    return result.buffer;
  }

  /** Requests the following segments of the same run, which will be read next. */
  #prefetch(file: RemoteFile, segments: Segmentation, index: number): void {
    for (let next = index + 1; next <= index + this.#readAhead; next++) {
      if (next >= segments.starts.length - 1 || segments.runStarts.has(next)) return;
      void this.#segment(file, segments, next).catch(() => undefined);
    }
  }

  #segment(file: RemoteFile, { id, starts }: Segmentation, index: number): Promise<ArrayBuffer> {
    const key = `${id}/${index}`;
    const bytes = this.#segments.get(key) ?? file.read(starts[index]!, starts[index + 1]!);
    // A failed request is removed from the cache; callers that await it get the error.
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
 * Divides a file into runs, and each run into segments of nearly equal length. A large part is a run of its own, so
 * that reading one tensor does not fetch bytes of the next, which may be read much later. Small parts between two
 * large ones form one run.
 */
function planSegments(size: number, parts: readonly Part[], segmentBytes: number): Omit<Segmentation, 'id'> {
  const large = parts.filter(({ start, end }) => end - start >= segmentBytes / 4);
  const edges = [...new Set([0, ...large.flatMap(({ start, end }) => [start, end]), size])].sort(
    (a, b) => a - b,
  );
  const starts: number[] = [];
  const runStarts = new Set<number>();
  for (const [i, start] of edges.slice(0, -1).entries()) {
    const length = edges[i + 1]! - start;
    const count = Math.ceil(length / segmentBytes);
    runStarts.add(starts.length);
    for (let n = 0; n < count; n++) starts.push(start + Math.floor((n * length) / count));
  }
  return { starts: [...starts, size], runStarts };
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
