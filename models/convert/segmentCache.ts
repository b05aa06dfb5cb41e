/** Turns many small reads of a remote file into few large ones. */
import type { BlobLike } from './source';

/** One request: long enough that its round trips hardly count, short enough to repeat. */
const SEGMENT_BYTES = 8 * 1024 * 1024;
/** Weights are read nearly in file order, tensor by tensor; 48 MiB cover the tensors of a layer that are read in turn. */
const MAX_SEGMENTS = 6;

/**
 * @param read bytes [start, end) of the file, exactly
 */
export function cacheSegments(
  size: number,
  read: (start: number, end: number) => Promise<ArrayBuffer>,
  segmentBytes = SEGMENT_BYTES,
): BlobLike {
  /** In order of last use. A promise, so that reads which overlap in time share one request. */
  const segments = new Map<number, Promise<ArrayBuffer>>();

  const segment = (index: number): Promise<ArrayBuffer> => {
    const start = index * segmentBytes;
    const bytes = segments.get(index) ?? read(start, Math.min(start + segmentBytes, size));
    // A failed request is not kept; whoever waits for it sees the failure.
    bytes.catch(() => segments.get(index) === bytes && segments.delete(index));
    segments.delete(index);
    segments.set(index, bytes);
    for (const oldest of segments.keys()) {
      if (segments.size <= MAX_SEGMENTS) break;
      segments.delete(oldest);
    }
    return bytes;
  };

  const readRange = async (start: number, end: number): Promise<ArrayBuffer> => {
    const result = new Uint8Array(Math.max(0, Math.min(end, size) - start));
    let filled = 0;
    while (filled < result.length) {
      const position = start + filled;
      const offset = position % segmentBytes;
      const bytes = new Uint8Array(await segment(Math.floor(position / segmentBytes)));
      const part = bytes.subarray(offset, offset + result.length - filled);
      result.set(part, filled);
      filled += part.length;
    }
    return result.buffer;
  };

  return { size, slice: (start, end) => ({ arrayBuffer: () => readRange(start, end) }) };
}
