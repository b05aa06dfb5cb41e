/** A pack that was copied here: as the files of a folder, or as one ZIP file (docs/pack-format.md). */
import { RoundsError } from '../../shared/errors';
import { MANIFEST_FILE, type PackShard } from '../../shared/pack';
import { isIntact, readManifest } from '../storage/fetchPack';
import { largestTensor, presentShards, sizeOf, type ModelSource } from './modelSource';
import { isZip, readZip } from '../../shared/zipReader';

interface GivenFile {
  size: number;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

interface PackFiles {
  name: string;
  /** By path. */
  files: Map<string, GivenFile>;
}

/**
 * @param files a folder's files (files that aren't the pack's are ignored), or one ZIP file
 * @throws RoundsError pack_invalid
 */
export async function openPackFiles(files: readonly File[]): Promise<ModelSource> {
  const [first] = files;
  const given =
    first && files.length === 1 && (await isZip(first))
      ? { name: first.name, files: await readZip(first) }
      : looseFiles(files);
  const folder = packFolder(given.files.keys());
  const { manifest, text, hash } = await readManifest(await bytesOf(given, folder + MANIFEST_FILE));
  return {
    id: hash,
    origin: { kind: 'import', name: given.name },
    phase: 'importing',
    pack: manifest,
    shards: manifest.shards,
    manifestText: text,
    downloadBytes: 0,
    largestTensorBytes: largestTensor(manifest.tensors),
    fill: async (store, { signal, onBytes, onDetail }) => {
      const present = new Set(await presentShards(manifest.shards, store));
      let done = sizeOf([...present]);
      for (const shard of manifest.shards) {
        if (present.has(shard)) continue;
        signal.throwIfAborted();
        onBytes(done);
        onDetail({ code: 'reading_file', params: { file: shard.file } });
        const bytes = await readShard(given, folder, shard);
        await store.set(shard.file, bytes.buffer);
        done += shard.size;
      }
      onBytes(done);
      return text;
    },
  };
}

function looseFiles(files: readonly File[]): PackFiles {
  const byPath = files.map((file): [string, GivenFile] => [
    file.webkitRelativePath || file.name,
    { size: file.size, bytes: async () => new Uint8Array(await file.arrayBuffer()) },
  ]);
  const folder = files[0]?.webkitRelativePath.split('/')[0];
  return { name: folder || (files[0]?.name ?? 'files'), files: new Map(byPath) };
}

/** Path of the folder with the pack.json nearest to the top, with a slash at its end. */
function packFolder(paths: Iterable<string>): string {
  const [found] = [...paths]
    .filter((path) => path === MANIFEST_FILE || path.endsWith(`/${MANIFEST_FILE}`))
    .sort((a, b) => a.split('/').length - b.split('/').length);
  if (found === undefined) {
    throw new RoundsError(
      'pack_invalid',
      `There is no ${MANIFEST_FILE} among these files: this isn't a model pack.`,
    );
  }
  return found.slice(0, -MANIFEST_FILE.length);
}

/** Rejects a shard that differs from the manifest. */
async function readShard(
  given: PackFiles,
  folder: string,
  shard: PackShard,
): Promise<Uint8Array<ArrayBuffer>> {
  const file = given.files.get(folder + shard.file);
  const isLong = file !== undefined && file.size === shard.size;
  const bytes = isLong ? await bytesOf(given, folder + shard.file) : null;
  if (bytes && (await isIntact(bytes, shard))) return bytes;
  const problem = file ? 'differs from pack.json' : 'is missing';
  throw new RoundsError('integrity_mismatch', `${shard.file} ${problem}; copy ${given.name} again.`);
}

async function bytesOf({ files, name }: PackFiles, path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const file = files.get(path);
    if (file) return await file.bytes();
  } catch (cause) {
    throw RoundsError.from(cause, 'pack_invalid');
  }
  throw new RoundsError('pack_invalid', `${path} is missing from ${name}.`);
}
