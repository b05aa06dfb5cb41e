/** Unpacks deflate and gzip streams with a limit, for files that hold far more than they weigh. */
import { RoundsError } from '../shared/errors';

export type PackedFormat = 'deflate' | 'deflate-raw' | 'gzip';

/**
 * Bytes behind the end of the stream are ignored: padding is common there and an error to DecompressionStream.
 *
 * @param limit bytes that may come out
 * @throws RoundsError image_too_large; whatever DecompressionStream throws where nothing could be read
 */
export async function inflate(
  packed: Uint8Array<ArrayBuffer>,
  format: PackedFormat,
  limit: number,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await inflateStart(packed, format, limit + 1);
  if (bytes.length <= limit) return bytes;
  throw new RoundsError('image_too_large', `${name} is too large when it is unpacked.`);
}

/**
 * The first `length` bytes of what comes out, or all of it where that is less; the rest is not unpacked.
 *
 * @throws whatever DecompressionStream throws where nothing could be read
 */
export async function inflateStart(
  packed: Uint8Array<ArrayBuffer>,
  format: PackedFormat,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    while (size < length) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value.subarray(0, length - size));
      size += Math.min(value.length, length - size);
    }
  } catch (error) {
    if (size === 0) throw error;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  return concatenate(parts, size);
}

/** @param size of all parts together, in bytes */
export function concatenate(parts: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
