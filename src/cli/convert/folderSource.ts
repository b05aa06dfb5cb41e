/** A checkpoint in a local folder, read piece by piece. */
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { RoundsError } from '../../shared/errors';
import type { BlobLike, CheckpointSource } from '../../convert/source';

/** @throws RoundsError checkpoint_invalid where there is no such folder */
export async function openFolder(path: string): Promise<CheckpointSource> {
  const info = await stat(path).catch(() => null);
  if (!info?.isDirectory()) {
    throw new RoundsError(
      'checkpoint_invalid',
      `${path} is no folder. Give a folder with config.json and safetensors files, or org/name on the hub.`,
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

/** A file as a Blob-like; null where it does not exist. */
export async function openFile(path: string): Promise<BlobLike | null> {
  const info = await stat(path).catch(() => null);
  if (!info?.isFile()) return null;
  return {
    size: info.size,
    slice: (start, end) => ({ arrayBuffer: () => readRange(path, start, end) }),
  };
}

/** Fewer bytes than asked for where the file ends early; the caller checks. */
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
