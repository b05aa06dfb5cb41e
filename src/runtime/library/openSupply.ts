/** Supplies by the kind of their origin; packs on a host are read here, checkpoints in conversion.ts. */
import { RoundsError } from '../../shared/errors';
import type { ModelOrigin, OriginAccess } from '../../shared/library';
import { downloadShards, fetchManifest, packBase } from '../storage/fetchPack';
import { openConversion } from './conversion';
import { checkAddress, largestTensor, sizeOf, type Supply, type SupplyHooks } from './supply';

/**
 * Reads what there is to know: a manifest, or configs and the headers of weights.
 * @throws RoundsError download_failed, pack_invalid, checkpoint_invalid, model_unsupported, request_invalid, aborted
 */
export async function openSupply(
  origin: ModelOrigin,
  access: OriginAccess,
  hooks: SupplyHooks,
): Promise<Supply> {
  switch (origin.kind) {
    case 'pack':
      return openPackAddress(origin.url, hooks);
    case 'hub':
    case 'folder':
      return openConversion(origin, access, hooks);
    case 'import':
      throw new RoundsError('request_invalid', `${origin.name} was imported; import it again to repair it.`);
  }
}

/** Patient: a download of an hour outlives a closed lid and a lost network. */
const PATIENCE = { tries: 8, waitForNetwork: true };

async function openPackAddress(url: string, { signal, onDetail }: SupplyHooks): Promise<Supply> {
  const base = packBase(checkAddress(url));
  onDetail('Reading pack.json');
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
        keep: ({ file }, bytes) => store.set(file, bytes.buffer),
        onBytes: (received) => hooks.onBytes(before + received),
        onDetail: hooks.onDetail,
        fetch: { ...PATIENCE, signal: hooks.signal },
      });
      return text;
    },
  };
}
