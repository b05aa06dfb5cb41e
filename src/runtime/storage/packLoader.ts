/**
 * Gives the engine a pack to read: from an address (and then stored, or not), from the library, or from blobs of this
 * page. Every shard is checked by length and SHA-256 before it is stored, and again when it is first read.
 */
import { DOWNLOAD_FAILURES, RoundsError } from '../../shared/errors';
import type { SessionPack, StoredModel } from '../../shared/library';
import type { PackManifest } from '../../shared/pack';
import type { PackLocation } from '../../shared/protocol';
import type { PackReader } from '../../engine/ports';
import {
  downloadShards,
  fetchManifest,
  fetchShard,
  isIntact,
  packBase,
  readManifest,
  type PackText,
} from './fetchPack';
import { modelLock, openLocks } from '../library/locks';
import { completed, newRecord, openModelStorage, type ModelStorage } from './modelStorage';
import { memoryShardStore, type ShardStore } from './shardStore';
import { ShardReader, type ReadShard } from './shardReader';

const LOCKS = openLocks();
const WAIT_TICK_MS = 2_000;

export interface LoadedPack extends PackReader {
  /** SHA-256 of pack.json. */
  readonly packHash: string;
  /** No shard had to be fetched. */
  readonly fromCache: boolean;
}

export interface PackHooks {
  signal?: AbortSignal;
  onProgress?: (stage: 'manifest' | 'download' | 'verify', done: number, total: number) => void;
  /** The manifest is known; shards may still be missing. */
  onManifest?: (pack: { packHash: string; parameters: number }) => void;
  /** The record of a stored model changed: other tabs may show it. */
  onStored?: () => void;
}

/**
 * @throws RoundsError download_failed, integrity_mismatch, pack_invalid, model_missing, storage_quota, storage_failed,
 *   aborted
 */
export function loadPack(
  location: PackLocation,
  hooks: PackHooks = {},
  openStorage: () => ModelStorage = openModelStorage,
): Promise<LoadedPack> {
  switch (location.kind) {
    case 'url':
      return location.cache
        ? loadAndStore(location.url, hooks, openStorage())
        : loadUnstored(location.url, hooks);
    case 'stored':
      return loadStored(location.id, hooks, openStorage());
    case 'session':
      return loadSession(location.pack, hooks);
  }
}

/** Fetches what is missing into the library, where the pack is then found like any other. */
async function loadAndStore(url: string, hooks: PackHooks, storage: ModelStorage): Promise<LoadedPack> {
  const base = packBase(url);
  hooks.onProgress?.('manifest', 0, 1);
  const pack = await manifestOrStored(base, hooks, storage);
  manifestKnown(pack, hooks);
  const { hash } = pack;
  const present = await storedRecord(pack, storage);
  const record = present ?? (await underLock(hash, hooks, () => storeMissing(base, pack, hooks, storage)));
  await storage.index.update(hash, { usedAt: new Date().toISOString() });
  hooks.onStored?.();
  return openPack(pack, storedShards(record, storage, hooks), present !== null, hooks, () =>
    noteVerified(hash, storage, hooks),
  );
}

/** The record of a model of which nothing is missing; else null. */
async function storedRecord(
  { manifest, hash }: PackText,
  storage: ModelStorage,
): Promise<StoredModel | null> {
  const record = await storage.index.get(hash);
  if (!record?.complete) return null;
  const present = new Set(await storage.shards(hash).keys());
  return manifest.shards.every(({ file }) => present.has(file)) ? record : null;
}

/** Whoever verifies, imports or deletes the same model waits meanwhile, or is waited for. */
async function underLock<T>(id: string, hooks: PackHooks, work: () => Promise<T>): Promise<T> {
  let ticks: ReturnType<typeof setInterval> | undefined;
  const waits = {
    ...signalOf(hooks),
    // Waiting for another tab doesn't count as a standstill.
    onWait: () => void (ticks = setInterval(() => hooks.onProgress?.('download', 0, 1), WAIT_TICK_MS)),
  };
  try {
    return await LOCKS.run(
      modelLock(id),
      () => {
        clearInterval(ticks);
        return work();
      },
      waits,
    );
  } finally {
    clearInterval(ticks);
  }
}

/** Another tab may have stored the model, or deleted it, before this one got its lock. */
async function storeMissing(
  base: string,
  { manifest, text, hash }: PackText,
  hooks: PackHooks,
  storage: ModelStorage,
): Promise<StoredModel> {
  const { index } = storage;
  const known = await index.get(hash);
  const record = known ?? newRecord(hash, { kind: 'pack', url: base }, manifest, manifest.shards.length);
  if (!record.complete) await index.put(record, text);
  const fetched = await fetchMissing(base, manifest, storage.shards(hash), hooks);
  if (fetched === 0 && record.complete) return record;
  const stored = completed(record, hash);
  await index.put(stored, text);
  return stored;
}

async function loadUnstored(url: string, hooks: PackHooks): Promise<LoadedPack> {
  const base = packBase(url);
  hooks.onProgress?.('manifest', 0, 1);
  const pack = await fetchManifest(base, signalOf(hooks));
  manifestKnown(pack, hooks);
  const store = memoryShardStore();
  await fetchMissing(base, pack.manifest, store, hooks);
  const readShard: ReadShard = async ({ file }) => new Uint8Array((await store.get(file)) ?? missing(file));
  return openPack(pack, readShard, false, hooks);
}

/** From the network, else what was stored from this address on an earlier visit. */
async function manifestOrStored(base: string, hooks: PackHooks, { index }: ModelStorage): Promise<PackText> {
  try {
    return await fetchManifest(base, signalOf(hooks));
  } catch (error) {
    if (!DOWNLOAD_FAILURES.has(RoundsError.from(error).code)) throw error;
    const stored = (await index.list())
      .filter(({ complete, origin }) => complete && origin.kind === 'pack' && packBase(origin.url) === base)
      .at(-1);
    const text = stored && (await index.manifest(stored.id));
    if (!text) throw error;
    return readManifest(new TextEncoder().encode(text));
  }
}

async function fetchMissing(
  base: string,
  manifest: PackManifest,
  store: ShardStore,
  hooks: PackHooks,
): Promise<number> {
  const present = new Set(await store.keys());
  const shards = manifest.shards.filter(({ file }) => !present.has(file));
  const total = shards.reduce((sum, { size }) => sum + size, 0);
  await downloadShards({
    base,
    shards,
    store: ({ file }, bytes) => store.set(file, bytes.buffer),
    onBytes: (received) => hooks.onProgress?.('download', received, total),
    fetch: signalOf(hooks),
  });
  return shards.length;
}

async function loadStored(id: string, hooks: PackHooks, storage: ModelStorage): Promise<LoadedPack> {
  hooks.onProgress?.('manifest', 0, 1);
  const [record, text] = await Promise.all([storage.index.get(id), storage.index.manifest(id)]);
  if (!record?.complete || text === undefined) {
    throw new RoundsError(
      'model_missing',
      record ? `${record.name} is not completely stored here.` : 'This model is no longer stored here.',
    );
  }
  const pack = await readManifest(new TextEncoder().encode(text));
  manifestKnown(pack, hooks);
  await storage.index.update(id, { usedAt: new Date().toISOString() });
  hooks.onStored?.();
  return openPack(pack, storedShards(record, storage, hooks), true, hooks, () =>
    noteVerified(id, storage, hooks),
  );
}

/**
 * A damaged or missing shard is never used. It is fetched again from the app's own site. Only the library's worker can
 * reach other hosts, so for those the model is marked as incomplete, and resuming it in the library repairs it.
 */
function storedShards(record: StoredModel, storage: ModelStorage, hooks: PackHooks): ReadShard {
  const { id, origin, name } = record;
  const store = storage.shards(id);
  return async (shard, isVerified) => {
    // A record that can't be read counts as missing.
    const stored = await store.get(shard.file).catch(() => undefined);
    const bytes = stored && new Uint8Array(stored);
    if (bytes && (isVerified || (await isIntact(bytes, shard)))) return bytes;
    if (bytes) await store.delete(shard.file).catch(() => undefined);
    if (origin.kind === 'pack' && isOwnSite(origin.url)) {
      const fetched = await fetchShard(packBase(origin.url), shard, signalOf(hooks));
      // Without room for it the model still runs; the next load fetches this shard again.
      await store.set(shard.file, fetched.buffer).catch(() => undefined);
      return fetched;
    }
    await storage.index
      .update(id, { complete: false, packHash: null, verifiedAt: null })
      .catch(() => undefined);
    hooks.onStored?.();
    throw new RoundsError(
      'integrity_mismatch',
      `${shard.file} of ${name} is damaged or missing in this browser's storage. Resume the model in the library: only what is missing is fetched or made again.`,
    );
  };
}

function isOwnSite(url: string): boolean {
  return typeof location === 'undefined' || new URL(url).origin === location.origin;
}

async function noteVerified(id: string, { index }: ModelStorage, hooks: PackHooks): Promise<void> {
  await index.update(id, { verifiedAt: new Date().toISOString() });
  hooks.onStored?.();
}

async function loadSession({ manifest, shards }: SessionPack, hooks: PackHooks): Promise<LoadedPack> {
  hooks.onProgress?.('manifest', 0, 1);
  const pack = await readManifest(new Uint8Array(await manifest.arrayBuffer()));
  manifestKnown(pack, hooks);
  const blobs = new Map(pack.manifest.shards.map(({ file }, i) => [file, shards[i]]));
  const readShard: ReadShard = async (shard, isVerified) => {
    const blob = blobs.get(shard.file) ?? missing(shard.file);
    const bytes = new Uint8Array(await blob.arrayBuffer());
    if (isVerified || (await isIntact(bytes, shard))) return bytes;
    throw new RoundsError('integrity_mismatch', `${shard.file} differs from pack.json.`);
  };
  return openPack(pack, readShard, true, hooks);
}

function manifestKnown({ manifest, hash }: PackText, hooks: PackHooks): void {
  hooks.onProgress?.('manifest', 1, 1);
  hooks.onManifest?.({ packHash: hash, parameters: manifest.parameters });
}

function missing(file: string): never {
  throw new RoundsError('integrity_mismatch', `${file} is missing from the pack.`);
}

function openPack(
  { manifest, hash }: PackText,
  readShard: ReadShard,
  fromCache: boolean,
  hooks: PackHooks,
  onAllVerified?: () => Promise<void>,
): LoadedPack {
  const total = manifest.shards.length;
  const reader = new ShardReader(manifest, readShard, (verified) => {
    hooks.onProgress?.('verify', verified, total);
    // The model runs even if the date can't be stored.
    if (verified === total) onAllVerified?.().catch(() => undefined);
  });
  return { manifest, packHash: hash, fromCache, read: (span) => reader.read(span) };
}

function signalOf({ signal }: PackHooks): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}
