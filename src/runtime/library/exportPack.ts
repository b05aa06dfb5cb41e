/** Exports a stored pack as a folder that any static host can serve, or as one file that unpacks to that folder. */
import { RoundsError } from '../../shared/errors';
import { MANIFEST_FILE } from '../../shared/pack';
import { isIntact, readManifest } from '../storage/fetchPack';
import type { ShardStore } from '../storage/shardStore';
import type { FillHooks } from './modelSource';
import { ZipWriter } from '../../shared/zipWriter';

export interface ExportedPack {
  /** null where it was written into a directory. */
  file: Blob | null;
  /** Of the file, or of the folder in the directory. */
  name: string;
}

/** Takes the files of a pack in order, pack.json last. */
interface Target {
  write(file: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  finish(): ExportedPack;
}

/**
 * Each shard is compared with the manifest before it is written, so that damage isn't exported.
 * @throws RoundsError integrity_mismatch, storage_failed, storage_quota, aborted
 */
export async function exportPack(
  manifestText: string,
  store: ShardStore,
  directory: FileSystemDirectoryHandle | undefined,
  { signal, onBytes, onDetail }: FillHooks,
): Promise<ExportedPack> {
  const manifestBytes = new TextEncoder().encode(manifestText);
  const { manifest } = await readManifest(manifestBytes);
  const name = `${manifest.name}-${manifest.recipe.weights}`.replace(/[^\w.-]+/g, '-');
  const target = directory ? await folderTarget(directory, name) : zipTarget(name);
  let done = 0;
  for (const shard of manifest.shards) {
    signal.throwIfAborted();
    onDetail({ code: 'writing_file', params: { file: shard.file } });
    const bytes = new Uint8Array((await store.get(shard.file)) ?? new ArrayBuffer(0));
    if (!(await isIntact(bytes, shard))) {
      throw new RoundsError(
        'integrity_mismatch',
        `${shard.file} is damaged or missing. Verify the model first.`,
      );
    }
    await target.write(shard.file, bytes);
    done += shard.size;
    onBytes(done);
  }
  await target.write(MANIFEST_FILE, manifestBytes);
  return target.finish();
}

function zipTarget(name: string): Target {
  const zip = new ZipWriter();
  return {
    write: (file, bytes) => zip.add(`${name}/${file}`, bytes),
    finish: () => ({ file: zip.finish(), name: `${name}.zip` }),
  };
}

async function folderTarget(directory: FileSystemDirectoryHandle, name: string): Promise<Target> {
  const folder = await asFolderErrors(() => directory.getDirectoryHandle(name, { create: true }));
  return {
    write: (file, bytes) =>
      asFolderErrors(async () => {
        const handle = await folder.getFileHandle(file, { create: true });
        const stream = await handle.createWritable();
        await stream.write(bytes);
        // Only closing makes the file appear or change.
        await stream.close();
      }),
    finish: () => ({ file: null, name }),
  };
}

async function asFolderErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RoundsError('storage_failed', `The folder could not be written: ${reason}`, { cause });
  }
}
