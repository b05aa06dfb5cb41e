/** Storage of models: the index, and a database of shards for each model. */
import type { ModelOrigin, StoredModel } from '../../shared/library';
import type { PackManifest } from '../../shared/pack';
import { deleteDatabase } from '../../shared/indexedDb';
import { memoryModelIndex, openModelIndex, type ModelIndex } from './modelIndex';
import {
  memoryShardStore,
  openShardStore,
  shardDatabase,
  shardDatabaseId,
  type ShardStore,
} from './shardStore';

export interface ModelStorage {
  readonly index: ModelIndex;
  shards(id: string): ShardStore;
  /** Removes a model's shards as a whole, so that the space comes back at once, and then its record. */
  drop(id: string): Promise<void>;
  /** Ids of all databases of shards, including those that the index lost; empty where the browser can't list them. */
  storedIds(): Promise<string[]>;
}

/** IndexedDB; memory where the browser has none. */
export function openModelStorage(): ModelStorage {
  if (!('indexedDB' in globalThis)) return memoryModelStorage();
  const index = openModelIndex();
  const stores = new Map<string, ShardStore>();
  return {
    index,
    shards: (id) => remembered(stores, id, () => openShardStore(id)),
    drop: async (id) => {
      await deleteDatabase(shardDatabase(id));
      await index.remove(id);
    },
    storedIds: async () => {
      const databases = await (indexedDB.databases?.() ?? Promise.resolve([]));
      return databases.flatMap(({ name }) => shardDatabaseId(name ?? '') ?? []);
    },
  };
}

export function memoryModelStorage(): ModelStorage {
  const index = memoryModelIndex();
  const stores = new Map<string, ShardStore>();
  return {
    index,
    shards: (id) => remembered(stores, id, memoryShardStore),
    drop: async (id) => {
      stores.delete(id);
      await index.remove(id);
    },
    storedIds: () => Promise.resolve([...stores.keys()]),
  };
}

/** One store, and with it one connection, for each model. */
function remembered(stores: Map<string, ShardStore>, id: string, open: () => ShardStore): ShardStore {
  const store = stores.get(id) ?? open();
  stores.set(id, store);
  return store;
}

/** The record of a pack of which nothing is stored yet. */
export function newRecord(
  id: string,
  origin: ModelOrigin,
  manifest: Pick<PackManifest, 'name' | 'source' | 'recipe' | 'parameters' | 'totalBytes'>,
  shards: number,
): StoredModel {
  return {
    id,
    packHash: null,
    name: manifest.name,
    origin,
    source: manifest.source,
    weights: describeWeights(manifest),
    parameters: manifest.parameters,
    totalBytes: manifest.totalBytes,
    storedBytes: 0,
    shards,
    storedShards: 0,
    complete: false,
    addedAt: new Date().toISOString(),
    usedAt: null,
    verifiedAt: null,
  };
}

/** As ModelInfo and StoredModel name it. */
export function describeWeights({ recipe }: Pick<PackManifest, 'recipe'>): string {
  return `${recipe.weights} (${recipe.recipe})`;
}

/** The fields of a record whose last shard is stored and was verified. */
export function completed(record: StoredModel, packHash: string): StoredModel {
  return {
    ...record,
    packHash,
    complete: true,
    storedShards: record.shards,
    storedBytes: record.totalBytes,
    verifiedAt: new Date().toISOString(),
  };
}
