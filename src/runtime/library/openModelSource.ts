/** Opens a source by the kind of its origin; packs on a host are read here, checkpoints in conversion.ts. */
import { RoundsError } from '../../shared/errors';
import type { ModelOrigin, OriginAccess } from '../../shared/library';
import { downloadShards, fetchManifest, packBase } from '../storage/fetchPack';
import { openConversion } from './conversion';
import { checkAddress, largestTensor, sizeOf, type ModelSource, type SourceHooks } from './modelSource';

/**
 * Reads what describes the model: a manifest, or configs and the headers of weights.
 * @throws RoundsError download_failed, pack_invalid, checkpoint_invalid, model_unsupported, address_invalid, files_needed,
 *   file_invalid, aborted
 */
export async function openModelSource(
  origin: ModelOrigin,
  access: OriginAccess,
  hooks: SourceHooks,
): Promise<ModelSource> {
  switch (origin.kind) {
    case 'pack':
      return openPackAddress(origin.url, hooks);
    case 'hub':
    case 'folder':
      return openConversion(origin, access, hooks);
    case 'import':
      throw new RoundsError('files_needed', `${origin.name} was imported; import it again to repair it.`);
  }
}

/** A download of an hour has to survive a closed lid and a lost network. */
const RETRIES = { tries: 8, waitForNetwork: true };

async function openPackAddress(url: string, { signal, onDetail }: SourceHooks): Promise<ModelSource> {
  const base = packBase(checkAddress(url));
  onDetail({ code: 'reading_manifest' });
  const { manifest, text, hash } = await fetchManifest(base, { signal });
  return {
    id: hash,
    origin: { kind: 'pack', url: base },
    phase: 'downloading',
    pack: manifest,
    shards: manifest.shards,
    manifestText: text,
    downloadBytes: manifest.totalBytes,
    largestTensorBytes: largestTensor(manifest.tensors),
    fill: async (store, hooks) => {
      const present = new Set(await store.keys());
      const missing = manifest.shards.filter(({ file }) => !present.has(file));
      const before = manifest.totalBytes - sizeOf(missing);
      hooks.onBytes(before);
      await downloadShards({
        base,
        shards: missing,
        store: ({ file }, bytes) => store.set(file, bytes.buffer),
        onBytes: (received) => hooks.onBytes(before + received),
        onDetail: hooks.onDetail,
        fetch: { ...RETRIES, signal: hooks.signal },
      });
      return text;
    },
  };
}
