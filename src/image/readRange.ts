import { RoundsError } from '../shared/errors';

/**
 * @returns the bytes from `start` to before `end`; fewer if the file ends before
 * @throws RoundsError image_invalid if the browser can't read the file
 */
export async function readRange(blob: Blob, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const part = start === 0 && end >= blob.size ? blob : blob.slice(start, end);
    return new Uint8Array(await part.arrayBuffer());
  } catch (cause) {
    const problem = 'the file can’t be read, because it was moved, changed or deleted, or is a folder';
    throw new RoundsError('image_invalid', `${problem}; choose it again.`, { cause });
  }
}
