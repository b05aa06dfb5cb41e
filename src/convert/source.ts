/** The source of a checkpoint: a folder, the hub, or files dropped on the page. All are read like a Blob. */
import { parseBoundedJson, type JsonBudget } from '../shared/boundedJson';
import { RoundsError } from '../shared/errors';

const MAX_JSON_BYTES = 64_000_000;

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
  refuseStandIn(bytes, name);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new RoundsError('checkpoint_invalid', `${name} is not UTF-8 text. Download it again.`, { cause });
  }
}

/** @throws RoundsError checkpoint_invalid if the file is not JSON, or is too deep or too long to be what it should be */
export function decodeJson(bytes: Uint8Array, name: string, budget: Partial<JsonBudget> = {}): unknown {
  refuseStandIn(bytes, name);
  return parseBoundedJson(bytes, name, { maxBytes: MAX_JSON_BYTES, ...budget }, invalid);
}

/**
 * Refuses what is often found in place of a file, before it is read as that file.
 * @param start the file's first bytes, at least a hundred
 * @throws RoundsError checkpoint_invalid, naming what the file is instead
 */
export function refuseStandIn(start: Uint8Array, name: string): void {
  const text = new TextDecoder('latin1').decode(start.subarray(0, 100));
  if (text.startsWith('version https://git-lfs.github.com/')) {
    invalid(
      `${name} is a Git LFS pointer: a small text in place of the file. Run "git lfs pull" in the repository, or download the file from the hub.`,
    );
  }
  if (/^\s*(?:<!doctype html|<html)/i.test(text)) {
    invalid(
      `${name} is a web page: its page on a website was saved instead of the file. Download the file itself.`,
    );
  }
  if (text.startsWith('GGUF')) invalid(`${name} is a GGUF file. ${NOT_GGUF}`);
}

/** Follows a sentence that names the file. */
export const NOT_GGUF =
  'GGUF models of llama.cpp cannot be converted. Use the original model in safetensors format, from which it was made.';

function invalid(message: string): never {
  throw new RoundsError('checkpoint_invalid', message);
}
