/** Sources that are converted here: a checkpoint on a hub or in a folder, converted while it is read. */
import { RoundsError } from '../../shared/errors';
import type { ModelOrigin, OriginAccess } from '../../shared/library';
import { fetchWithStallWatch } from '../../shared/network';
import { SHARD_BYTES } from '../../shared/pack';
import { sha256Hex } from '../../shared/sha256';
import { MAX_CALIBRATION_BYTES, parseCalibration } from '../../convert/calibration';
import type { Calibration } from '../../convert/choice';
import { openFiles } from '../../convert/fileSource';
import { openHub } from '../../convert/hubSource';
import { makeManifest, planConversion, type ConversionPlan } from '../../convert/plan';
import { shardName } from '../../convert/shards';
import type { CheckpointSource } from '../../convert/source';
import { plannedTrialFiles } from '../trial/tryModel';
import { convertToStore } from '../convert/convertToStore';
import { fetchBytes } from '../storage/fetchBytes';
import {
  checkAddress,
  largestTensor,
  sizeOf,
  type ShardFile,
  type ModelSource,
  type SourceHooks,
} from './modelSource';

type ConvertedOrigin = Extract<ModelOrigin, { kind: 'hub' | 'folder' }>;

/** Part of an id. Raise it when the same plan gives other bytes, so that old shards are not mixed with new ones. */
const CONVERTER_VERSION = 1;

/**
 * @throws RoundsError download_failed, checkpoint_invalid, model_unsupported, address_invalid, files_needed, file_invalid,
 *   aborted
 */
export async function openConversion(
  origin: ConvertedOrigin,
  access: OriginAccess,
  hooks: SourceHooks,
): Promise<ModelSource> {
  hooks.onDetail({ code: 'reading_config' });
  const source = await openSource(origin, access, hooks);
  const { weights, recipe } = origin;
  const calibration = await fetchCalibration(origin, hooks);
  const plan = await planConversion(source, { weights, recipe, calibration });
  const id = await conversionId(plan);
  const files = plannedTrialFiles(plan.files);
  if (files) await hooks.tryModel?.(id, plan.name, files);
  const sourceBytes = plan.source.files.reduce((sum, { size }) => sum + size, 0);
  return {
    id,
    origin: origin.kind === 'hub' ? { ...origin, revision: source.revision ?? origin.revision } : origin,
    phase: 'converting',
    pack: plan,
    shards: plannedShards(plan.totalBytes),
    downloadBytes: origin.kind === 'hub' ? sourceBytes : 0,
    largestTensorBytes: largestTensor(plan.tensors.map(({ tensor }) => tensor)),
    defaultMaxPixels: plan.usesDefaultLimits ? plan.imageProcessor.maxPixels : null,
    fill: async (store, { signal, onBytes, onDetail }) => {
      const keys = new Set(await store.keys());
      onBytes(sizeOf(plannedShards(plan.totalBytes).filter(({ file }) => keys.has(file))));
      const { manifestText } = await convertToStore(plan, store, {
        signal,
        onProgress: ({ doneBytes, tensor }) => {
          onDetail({ code: 'quantizing', params: { tensor } });
          onBytes(doneBytes);
        },
      });
      return manifestText;
    },
  };
}

/** The calibration that the catalogue names for a checkpoint; small, so it is fetched for every attempt. */
async function fetchCalibration(origin: ConvertedOrigin, hooks: SourceHooks): Promise<Calibration | null> {
  if (origin.kind !== 'hub' || !origin.calibration) return null;
  const { url, sha256 } = origin.calibration;
  hooks.onDetail({ code: 'reading_calibration' });
  const bytes = await fetchBytes(checkAddress(url), {
    signal: hooks.signal,
    maxBytes: MAX_CALIBRATION_BYTES,
  });
  if ((await sha256Hex(bytes)) !== sha256) {
    throw new RoundsError('integrity_mismatch', `${url} is not the calibration that the catalogue names.`);
  }
  return parseCalibration(bytes, url);
}

async function openSource(
  origin: ConvertedOrigin,
  { files, token }: OriginAccess,
  { signal, onDetail }: SourceHooks,
): Promise<CheckpointSource> {
  if (origin.kind === 'folder') {
    if (!files?.length) {
      throw new RoundsError('files_needed', `Choose the folder ${origin.name} again: it is not stored.`);
    }
    return openFiles(files, origin.name);
  }
  return openHub(
    {
      repo: origin.repo,
      revision: origin.revision,
      ...(origin.folder === undefined ? {} : { folder: origin.folder }),
    },
    {
      endpoint: checkAddress(origin.endpoint),
      signal,
      fetch: fetchWithStallWatch(),
      waitForNetwork: true,
      onWait: (reason, milliseconds) => onDetail({ code: 'waiting', params: { reason, milliseconds } }),
      ...(token ? { token } : {}),
    },
  );
}

/** Names the result: everything in pack.json but the shards' hashes, and the files where there is no commit. */
function conversionId(plan: ConversionPlan): Promise<string> {
  const identity = JSON.stringify([CONVERTER_VERSION, makeManifest(plan, []), plan.stamp]);
  return sha256Hex(new TextEncoder().encode(identity));
}

/** The shards that a stream of this length is cut into. */
export function plannedShards(totalBytes: number): ShardFile[] {
  return Array.from({ length: Math.ceil(totalBytes / SHARD_BYTES) }, (_, i) => ({
    file: shardName(i),
    size: Math.min(SHARD_BYTES, totalBytes - i * SHARD_BYTES),
  }));
}
