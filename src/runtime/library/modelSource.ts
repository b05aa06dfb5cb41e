/**
 * Where a model can be read from, whatever its origin: what is known about it before the first shard, and a function
 * that stores what is missing.
 */
import { RoundsError } from '../../shared/errors';
import type { JobDetail } from '../../shared/jobDetail';
import type { JobPhase, ModelOrigin, ModelPlan } from '../../shared/library';
import type { PackManifest, PackTensor } from '../../shared/pack';
import { describeWeights } from '../storage/modelStorage';
import type { TrialFiles } from '../trial/trialSteps';
import type { ShardStore } from '../storage/shardStore';

export interface FillHooks {
  signal: AbortSignal;
  /** Bytes of the pack that are stored or have arrived. */
  onBytes: (doneBytes: number) => void;
  onDetail: (detail: JobDetail) => void;
}

export interface ShardFile {
  file: string;
  size: number;
}

export interface ModelSource {
  /** StoredModel.id: names exact bytes. */
  id: string;
  /** With the revision resolved. */
  origin: ModelOrigin;
  phase: Extract<JobPhase, 'downloading' | 'converting' | 'importing'>;
  pack: Pick<PackManifest, 'name' | 'source' | 'recipe' | 'parameters' | 'totalBytes'>;
  shards: ShardFile[];
  /** The text of pack.json, where it is known before the shards are. */
  manifestText?: string;
  /** Over the network, if nothing is stored yet. */
  downloadBytes: number;
  largestTensorBytes: number;
  /** ModelPlan.defaultMaxPixels; absent: null. */
  defaultMaxPixels?: number | null;
  /**
   * Stores the shards that `store` lacks; several calls may be needed where storage is cleared meanwhile. Shards that
   * are stored stay, however it ends.
   * @returns the text of pack.json
   */
  fill(store: ShardStore, hooks: FillHooks): Promise<string>;
}

export interface SourceHooks extends Pick<FillHooks, 'signal' | 'onDetail'> {
  /** @throws RoundsError model_refused where the chat template or the tokenizer does not end */
  tryModel?: (id: string, name: string, files: TrialFiles) => Promise<void>;
}

/**
 * An absolute address that the library may reach: https, this site, or this machine.
 * @throws RoundsError address_invalid
 */
export function checkAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isLocal = url?.protocol === 'http:' && ['localhost', '127.0.0.1'].includes(url.hostname);
  const isOwn = typeof location !== 'undefined' && url?.origin === location.origin;
  if (url && (url.protocol === 'https:' || isLocal || isOwn)) return url.href;
  throw new RoundsError(
    'address_invalid',
    `${text} is not an https address that a model can be downloaded from.`,
  );
}

export function largestTensor(tensors: readonly PackTensor[]): number {
  return Math.max(0, ...tensors.map(({ data, scales }) => Math.max(data.length, scales?.length ?? 0)));
}

export function sizeOf(shards: readonly ShardFile[]): number {
  return shards.reduce((sum, { size }) => sum + size, 0);
}

/** Which of a model's shards a store has. */
export async function presentShards(shards: readonly ShardFile[], store: ShardStore): Promise<ShardFile[]> {
  const keys = new Set(await store.keys());
  return shards.filter(({ file }) => keys.has(file));
}

export async function planOf(model: ModelSource, store: ShardStore | null): Promise<ModelPlan> {
  const presentBytes = store ? sizeOf(await presentShards(model.shards, store)) : 0;
  const { name, source, parameters, totalBytes } = model.pack;
  return {
    origin: model.origin,
    name,
    source,
    weights: describeWeights(model.pack),
    parameters,
    // Weights are read in about the order in which shards are made of them.
    downloadBytes: Math.ceil(model.downloadBytes * (1 - presentBytes / totalBytes)),
    packBytes: totalBytes,
    presentBytes,
    largestTensorBytes: model.largestTensorBytes,
    defaultMaxPixels: model.defaultMaxPixels ?? null,
  };
}
