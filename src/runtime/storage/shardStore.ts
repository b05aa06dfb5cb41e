/**
 * Where shards are stored between visits: idb-keyval on src/shared/indexedDb.ts, one database for each model,
 * one 16 MiB ArrayBuffer a record. A key that is present is a shard that was verified when written.
 */
import { del, get, keys, set } from 'idb-keyval';
import { asStorageErrors, openIdbStore } from '../../shared/indexedDb';

export interface ShardStore {
  get(key: string): Promise<ArrayBuffer | undefined>;
  /** @throws RoundsError storage_quota, storage_failed */
  set(key: string, value: ArrayBuffer): Promise<void>;
  keys(): Promise<string[]>;
  delete(key: string): Promise<void>;
}

const OBJECT_STORE = 'shards';
const DATABASE_PREFIX = 'rounds-pack-';

/** @param id StoredModel.id: names exact bytes, so that an update of the app never mixes two sets of weights */
export function shardDatabase(id: string): string {
  return DATABASE_PREFIX + id;
}

/** The id of a database of shards; null for the name of any other. */
export function shardDatabaseId(database: string): string | null {
  return database.startsWith(DATABASE_PREFIX) ? database.slice(DATABASE_PREFIX.length) : null;
}

export function openShardStore(id: string): ShardStore {
  const useStore = openIdbStore(shardDatabase(id), OBJECT_STORE);
  return {
    get: (key) => asStorageErrors(() => get<ArrayBuffer>(key, useStore)),
    set: (key, value) => asStorageErrors(() => set(key, value, useStore)),
    keys: () => asStorageErrors(() => keys<string>(useStore)),
    delete: (key) => asStorageErrors(() => del(key, useStore)),
  };
}

export interface MemoryShardStore extends ShardStore {
  blob(key: string): Blob | undefined;
}

/**
 * For visits that store nothing, and for tests. Blobs, which the browser holds outside the script's memory, and on
 * disk where there are many.
 */
export function memoryShardStore(): MemoryShardStore {
  const records = new Map<string, Blob>();
  return {
    blob: (key) => records.get(key),
    get: (key) => records.get(key)?.arrayBuffer() ?? Promise.resolve(undefined),
    set: async (key, value) => {
      const blob = new Blob([value]);
      // Reading waits until the browser has copied the bytes: otherwise they would pile up here.
      await blob.slice(0, 1).arrayBuffer();
      records.set(key, blob);
    },
    keys: () => Promise.resolve([...records.keys()]),
    delete: (key) => {
      records.delete(key);
      return Promise.resolve();
    },
  };
}
