/** A file that is read at places which its own contents name, as TIFF does. */
import type { ImageFile } from './decoded';

/** Files of up to this size are read at once. */
const WHOLE_BYTES = 64 * 1024 * 1024;
/** Least that is read of a larger one, because directories and what they name are often together. */
const PART_BYTES = 64 * 1024;

export interface ByteSource {
  size: number;
  /** @returns exactly these bytes. @throws RangeError if the file ends before; RoundsError image_invalid */
  read(start: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

export async function openBytes(file: ImageFile): Promise<ByteSource> {
  const { size } = file.blob;
  let at = 0;
  let bytes: Uint8Array<ArrayBuffer> = size <= WHOLE_BYTES ? await file.bytes() : new Uint8Array();
  return {
    size,
    async read(start, length) {
      if (!(start >= 0 && length >= 0 && start + length <= size)) throw new RangeError('past the end');
      if (start < at || start + length > at + bytes.length) {
        bytes = await file.read(start, Math.min(start + Math.max(length, PART_BYTES), size));
        at = start;
      }
      return bytes.subarray(start - at, start - at + length);
    },
  };
}
