/** Where a checkpoint comes from: a folder, the hub, or files dropped on the page. Only Blob-shaped reads. */
import { RoundsError } from '../shared/errors';

/** Bytes [start, end) of a file. */
export interface Part {
  start: number;
  end: number;
}

/** The part of Blob that the converter needs; File and Blob are some. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
  /** Takes to know the file's parts: each will be read from its start to its end, in any order of parts. */
  layOut?(parts: readonly Part[]): void;
}

export interface CheckpointSource {
  /** `org/name` on the hub, or the folder's name. */
  readonly name: string;
  /** Commit that was read; null where there is none. */
  readonly revision: string | null;
  /** Licence named by the source itself; null: look into README.md. */
  readonly license: string | null;
  /** Where no revision does: differs when the files do, as far as their sizes and times tell. */
  readonly stamp?: string;
  /** Names of the files, without folders. */
  list(): Promise<string[]>;
  /** null where there is no such file. */
  open(name: string): Promise<BlobLike | null>;
}

/**
 * All bytes of a small file.
 * @throws RoundsError checkpoint_invalid above `maxBytes`
 */
export async function readBytes(
  source: CheckpointSource,
  name: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const blob = await source.open(name);
  if (blob === null) return null;
  if (blob.size > maxBytes) {
    throw new RoundsError(
      'checkpoint_invalid',
      `${name} has ${blob.size} bytes, more than the ${maxBytes} that such a file can sensibly have. Check the checkpoint.`,
    );
  }
  return new Uint8Array(await blob.slice(0, blob.size).arrayBuffer());
}

/** @throws RoundsError checkpoint_invalid where the file is not UTF-8 text */
export function decodeText(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new RoundsError('checkpoint_invalid', `${name} is not UTF-8 text. Download it again.`, { cause });
  }
}

/** @throws RoundsError checkpoint_invalid where the file is not JSON */
export function decodeJson(bytes: Uint8Array, name: string): unknown {
  const text = decodeText(bytes, name);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new RoundsError('checkpoint_invalid', `${name} is not valid JSON. Download it again.`, { cause });
  }
}
