/** The source of a checkpoint: a folder, the hub, or files dropped on the page. All are read like a Blob. */
import { RoundsError } from '../shared/errors';

/** Bytes [start, end) of a file. */
export interface Part {
  start: number;
  end: number;
}

/** The subset of Blob that the converter needs. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
  /** Announces the file's parts. Each will be read from start to end; the order of the parts is not known. */
  setParts?(parts: readonly Part[]): void;
}

export interface CheckpointSource {
  /** `org/name` on the hub, or the folder's name. */
  readonly name: string;
  /** The commit that is read; null if there is none. */
  readonly revision: string | null;
  /** The licence named by the source; null: it may be in README.md. */
  readonly license: string | null;
  /** Identifies the files if there is no revision: changes with their names, sizes and modification times. */
  readonly stamp?: string;
  /** Names of the files, without folders. */
  list(): Promise<string[]>;
  /** Null if there is no such file. */
  open(name: string): Promise<BlobLike | null>;
}

/**
 * All bytes of a small file; null if it does not exist.
 * @throws RoundsError checkpoint_invalid if it is larger than `maxBytes`
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
      `${name} has ${blob.size} bytes; the limit for this file is ${maxBytes}. Check that this is the right file.`,
    );
  }
  return new Uint8Array(await blob.slice(0, blob.size).arrayBuffer());
}

/** @throws RoundsError checkpoint_invalid if the file is not UTF-8 text */
export function decodeText(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new RoundsError('checkpoint_invalid', `${name} is not UTF-8 text. Download it again.`, { cause });
  }
}

/** @throws RoundsError checkpoint_invalid if the file is not JSON */
export function decodeJson(bytes: Uint8Array, name: string): unknown {
  const text = decodeText(bytes, name);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new RoundsError('checkpoint_invalid', `${name} is not valid JSON. Download it again.`, { cause });
  }
}
