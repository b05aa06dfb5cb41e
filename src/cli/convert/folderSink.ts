/** Writes a pack into a folder that appears all at once, under its own name, when the manifest is written. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RoundsError } from '../../shared/errors';
import { MANIFEST_FILE } from '../../shared/pack';
import type { PackSink } from '../../convert/shards';

/**
 * Refuses early what could not be finished. An empty folder counts as free; with `overwrite` an existing pack may
 * be replaced, but never a folder that is no pack.
 * @throws RoundsError request_invalid
 */
export async function checkTarget(dir: string, overwrite: boolean): Promise<void> {
  const info = await stat(dir).catch(() => null);
  if (info === null) return;
  if (!info.isDirectory())
    throw new RoundsError('request_invalid', `${dir} is a file. Give another folder with --out.`);
  const files = await readdir(dir);
  if (files.length === 0) return;
  if (!overwrite) {
    throw new RoundsError(
      'request_invalid',
      `${dir} exists already. Add --overwrite to replace it, or give another --out.`,
    );
  }
  if (!files.includes(MANIFEST_FILE)) {
    throw new RoundsError(
      'request_invalid',
      `${dir} holds files but no ${MANIFEST_FILE}, so it will not be replaced. Give another --out.`,
    );
  }
}

export interface FolderSink extends PackSink {
  /** Where the shards are until the pack is complete. */
  readonly folder: string;
}

/**
 * The shards go into a temporary folder beside `dir`, on the same file system, which is renamed at the end.
 * @throws RoundsError storage_failed
 */
export async function openFolderSink(dir: string, overwrite: boolean): Promise<FolderSink> {
  const target = resolve(dir);
  await checkTarget(target, overwrite);
  const temporary = await asStorageError(async () => {
    await mkdir(dirname(target), { recursive: true });
    // Not mkdtemp: its folders are for their owner only, and a pack is to be served by others.
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

/** The old pack moves aside first, so that the name always holds a whole pack or none. */
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
      `The pack could not be written: ${reason}. Check space and rights of the folder.`,
      {
        cause: thrown,
      },
    );
  }
}
