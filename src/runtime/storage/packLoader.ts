/**
 * Brings a pack from its address into the shard store and reads spans of it. Every shard is checked by
 * length and SHA-256 before it is stored, and again when it is read for the first time in a session.
 */
import { RoundsError } from '../../shared/errors';
import { MANIFEST_FILE, SHARD_BYTES, type PackManifest, type PackShard, type Span } from '../../shared/pack';
import { parseManifest } from '../../shared/packManifest';
import { sha256Hex } from '../../shared/sha256';
import type { PackLocation } from '../../shared/protocol';
import type { PackReader } from '../../engine/ports';
import { fetchBytes } from './fetchBytes';
import { memoryShardStore, openShardStore, type ShardStore } from './shardStore';

export interface LoadedPack extends PackReader {
  /** SHA-256 of pack.json. */
  readonly packHash: string;
  /** No shard had to be fetched. */
  readonly fromCache: boolean;
}

export interface PackHooks {
  signal?: AbortSignal;
  onProgress?: (stage: 'manifest' | 'download' | 'verify', done: number, total: number) => void;
}

/** Shards kept in memory while spans are read in order: the current one and its neighbour. */
const OPEN_SHARDS = 2;
/** The last known manifest of an address, for visits without a network. */
const MANIFEST_CACHE = 'rounds-manifests';

/**
 * @throws RoundsError download_failed, integrity_mismatch, pack_invalid, storage_quota, storage_failed, aborted
 */
export function loadPack(location: PackLocation, hooks: PackHooks = {}): Promise<LoadedPack> {
  switch (location.kind) {
    case 'url':
      return loadFromUrl(location.url, location.cache, hooks);
    case 'stored':
    case 'session':
      throw new RoundsError('internal', `Packs cannot be read from ${location.kind} yet.`);
  }
}

/**
 * @param packUrl folder that holds pack.json
 * @param keep store shards in IndexedDB; otherwise in memory for this session
 */
async function loadFromUrl(packUrl: string, keep: boolean, hooks: PackHooks): Promise<LoadedPack> {
  const base = packUrl.endsWith('/') ? packUrl : `${packUrl}/`;
  hooks.onProgress?.('manifest', 0, 1);
  const bytes = await fetchManifest(base + MANIFEST_FILE, hooks.signal);
  const manifest = parseManifest(parseJson(bytes));
  const packHash = await sha256Hex(bytes);
  hooks.onProgress?.('manifest', 1, 1);
  const store = keep ? openShardStore(packHash) : memoryShardStore();
  const fetched = await fetchMissing(base, manifest, store, hooks);
  const reader = new ShardReader(manifest, store, base, hooks);
  return { manifest, packHash, fromCache: fetched === 0, read: (span) => reader.read(span) };
}

/** From the network, else the copy of the last visit. */
async function fetchManifest(url: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const cache = 'caches' in globalThis ? await caches.open(MANIFEST_CACHE).catch(() => null) : null;
  try {
    const bytes = await fetchBytes(url, signal ? { signal } : {});
    await cache?.put(url, new Response(bytes)).catch(() => undefined);
    return bytes;
  } catch (error) {
    const kept = await cache?.match(url);
    if (!kept || (error instanceof RoundsError && error.code === 'aborted')) throw error;
    return new Uint8Array(await kept.arrayBuffer());
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch (cause) {
    throw new RoundsError('pack_invalid', 'pack.json is no JSON; the address may not be that of a pack.', {
      cause,
    });
  }
}

async function fetchMissing(
  base: string,
  manifest: PackManifest,
  store: ShardStore,
  hooks: PackHooks,
): Promise<number> {
  const present = new Set(await store.keys());
  const missing = manifest.shards.filter(({ file }) => !present.has(file));
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const shard of missing) {
    const start = done;
    const bytes = await fetchShard(base, shard, hooks, (received) =>
      hooks.onProgress?.('download', start + received, total),
    );
    await store.set(shard.file, bytes.buffer);
    done += shard.size;
    hooks.onProgress?.('download', done, total);
  }
  return missing.length;
}

/** One shard, verified; a wrong one is fetched once more past the HTTP cache before giving up. */
async function fetchShard(
  base: string,
  shard: PackShard,
  hooks: PackHooks,
  onBytes?: (received: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  for (const cache of ['no-store', 'reload'] as const) {
    const options = { cache, expectedBytes: shard.size, ...(hooks.signal ? { signal: hooks.signal } : {}) };
    const bytes = await fetchBytes(base + shard.file, { ...options, ...(onBytes ? { onBytes } : {}) });
    if (await isIntact(bytes, shard)) return bytes;
  }
  throw new RoundsError(
    'integrity_mismatch',
    `${shard.file} is damaged: its SHA-256 is not the one in pack.json.`,
  );
}

async function isIntact(bytes: Uint8Array<ArrayBuffer>, shard: PackShard): Promise<boolean> {
  return bytes.length === shard.size && (await sha256Hex(bytes)) === shard.sha256;
}

/** Reads spans, holding at most two shards in memory. */
class ShardReader {
  readonly #manifest: PackManifest;
  readonly #store: ShardStore;
  readonly #base: string;
  readonly #hooks: PackHooks;
  readonly #open = new Map<number, Uint8Array<ArrayBuffer>>();
  readonly #verified = new Set<number>();

  constructor(manifest: PackManifest, store: ShardStore, base: string, hooks: PackHooks) {
    this.#manifest = manifest;
    this.#store = store;
    this.#base = base;
    this.#hooks = hooks;
  }

  async read(span: Span): Promise<Uint8Array<ArrayBuffer>> {
    const result = new Uint8Array(span.length);
    let done = 0;
    while (done < span.length) {
      const position = span.offset + done;
      const index = Math.floor(position / SHARD_BYTES);
      const shard = await this.#shard(index);
      const from = position - index * SHARD_BYTES;
      const count = Math.min(span.length - done, shard.length - from);
      if (count <= 0) throw new RoundsError('pack_invalid', 'A tensor lies outside the shards.');
      result.set(shard.subarray(from, from + count), done);
      done += count;
    }
    return result;
  }

  async #shard(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const held = this.#open.get(index);
    if (held) return held;
    const record = this.#manifest.shards[index];
    if (!record) throw new RoundsError('pack_invalid', 'A tensor lies outside the shards.');
    const bytes = await this.#loadVerified(index, record);
    const oldest = this.#open.keys().next();
    if (this.#open.size >= OPEN_SHARDS && !oldest.done) this.#open.delete(oldest.value);
    this.#open.set(index, bytes);
    return bytes;
  }

  /** A damaged or vanished record is fetched again, never trusted. */
  async #loadVerified(index: number, shard: PackShard): Promise<Uint8Array<ArrayBuffer>> {
    const stored = await this.#store.get(shard.file).catch(() => undefined);
    if (stored) {
      const bytes = new Uint8Array(stored);
      if (this.#verified.has(index) || (await isIntact(bytes, shard))) {
        this.#verified.add(index);
        this.#hooks.onProgress?.('verify', this.#verified.size, this.#manifest.shards.length);
        return bytes;
      }
      await this.#store.delete(shard.file);
    }
    const bytes = await fetchShard(this.#base, shard, this.#hooks);
    await this.#store.set(shard.file, bytes.buffer);
    this.#verified.add(index);
    return bytes;
  }
}
