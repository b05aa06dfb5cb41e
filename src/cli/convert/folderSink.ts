/** Writes a pack to a folder that appears under its name only once the pack is complete. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RoundsError } from '../../shared/errors';
import { MANIFEST_FILE } from '../../shared/pack';
import type { PackSink } from '../../convert/shards';

/**
 * Fails before any work if `dir` can't become the pack's folder. An empty folder is fine; `overwrite` allows replacing
 * a pack, but never a folder with other files.
 * @throws RoundsError request_invalid
 */
export async function checkTarget(dir: string, overwrite: boolean): Promise<void> {
  const info = await stat(dir).catch(() => null);
  if (info === null) return;
  if (!info.isDirectory())
    throw new RoundsError('request_invalid', `${dir} is a file. Give another path with --out.`);
  const files = await readdir(dir);
  if (files.length === 0) return;
  if (!overwrite) {
    throw new RoundsError(
      'request_invalid',
      `${dir} already exists. Add --overwrite to replace it, or give another path with --out.`,
    );
  }
  if (!files.includes(MANIFEST_FILE)) {
    throw new RoundsError(
      'request_invalid',
      `${dir} contains files but no ${MANIFEST_FILE}, so it is not a pack and will not be replaced. Give another path with --out.`,
    );
  }
}

export interface FolderSink extends PackSink {
  /** Temporary folder with the shards until the pack is complete. */
  readonly folder: string;
}

/**
 * Writes to a temporary folder next to `dir` (so on the same file system), which is renamed at the end.
 * @throws RoundsError storage_failed
 */
export async function openFolderSink(dir: string, overwrite: boolean): Promise<FolderSink> {
  const target = resolve(dir);
  await checkTarget(target, overwrite);
  const temporary = await asStorageError(async () => {
    await mkdir(dirname(target), { recursive: true });
    // mkdtemp would make a folder that only its owner can read; a web server may have to read the pack.
    const path = join(dirname(target), `.${basename(target)}.partial-${randomUUID()}`);
    await mkdir(path);
    return path;
  });
  return {
    folder: temporary,
    writeShard: (file, bytes) => asStorageError(() => writeFile(join(temporary, file), bytes)),
    writeManifest: (json) =>
      asStorageError(async () => {
        await writeFile(join(temporary, MANIFEST_FILE), json);
        await replaceFolder(temporary, target);
      }),
    abort: () => rm(temporary, { recursive: true, force: true }),
  };
}

/** Moves the old pack out of the way first, so that `target` is never an incomplete pack. */
async function replaceFolder(temporary: string, target: string): Promise<void> {
  const old = `${temporary}.old`;
  const existed = await rename(target, old).then(
    () => true,
    () => false,
  );
  await rename(temporary, target);
  if (existed) await rm(old, { recursive: true, force: true });
}

async function asStorageError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const code =
      (thrown as { code?: unknown } | null)?.code === 'ENOSPC' ? 'storage_quota' : 'storage_failed';
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new RoundsError(
      code,
      `The pack could not be written: ${reason}. Check the free space and permissions of the --out folder.`,
      {
        cause: thrown,
      },
    );
  }
}
