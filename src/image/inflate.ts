/** Unpacks deflate and gzip streams with a limit, because a small file may expand to gigabytes. */
import { RoundsError } from '../shared/errors';

export type PackedFormat = 'deflate' | 'deflate-raw' | 'gzip';

/**
 * Bytes after the end of the stream are ignored: padding is common there, and DecompressionStream rejects it.
 *
 * @param limit of the output, in bytes
 * @throws RoundsError image_too_large; the error of DecompressionStream if nothing could be read
 */
export async function inflate(
  packed: Uint8Array<ArrayBuffer>,
  format: PackedFormat,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await inflateStart(packed, format, limit + 1);
  if (bytes.length <= limit) return bytes;
  throw new RoundsError(
    'image_too_large',
    'the file is too large when unpacked; scale it down or export a part of it.',
  );
}

/**
 * The first `length` bytes of the output, or all of it if it is shorter. The rest isn't unpacked.
 *
 * @throws the error of DecompressionStream if nothing could be read
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

/** @param size total size of the parts in bytes */
export function concatenate(parts: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
