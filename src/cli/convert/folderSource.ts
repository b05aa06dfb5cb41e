/** A checkpoint in a local folder, read in ranges. */
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { RoundsError } from '../../shared/errors';
import type { BlobLike, CheckpointSource } from '../../convert/source';

/** @throws RoundsError checkpoint_invalid if there is no such folder */
export async function openFolder(path: string): Promise<CheckpointSource> {
  const info = await stat(path).catch(() => null);
  if (!info?.isDirectory()) {
    throw new RoundsError(
      'checkpoint_invalid',
      `${path} is not a folder. Give a folder with config.json and safetensors files, or org/name on the Hugging Face Hub.`,
    );
  }
  return {
    name: basename(resolve(path)),
    revision: null,
    license: null,
    list: async () => (await readdir(path)).sort(),
    open: (name) => openFile(join(path, name)),
  };
}

/** The file's content in the form of a Blob; null if there is no such file. */
export async function openFile(path: string): Promise<BlobLike | null> {
  const info = await stat(path).catch(() => null);
  if (!info?.isFile()) return null;
  return {
    size: info.size,
    slice: (start, end) => ({ arrayBuffer: () => readRange(path, start, end) }),
  };
}

/** Returns fewer bytes if the file is shorter; the caller checks. */
async function readRange(path: string, start: number, end: number): Promise<ArrayBuffer> {
  const file = await open(path, 'r');
  try {
    const bytes = new Uint8Array(end - start);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled === bytes.length ? bytes.buffer : bytes.buffer.slice(0, filled);
  } finally {
    await file.close();
  }
}
