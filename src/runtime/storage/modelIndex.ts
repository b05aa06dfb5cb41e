/**
 * Which models are stored in this browser: one record for each, and its pack.json. The record comes before the first
 * shard, so that nothing is ever stored that cannot be seen and deleted; it says `complete` only after the last one.
 */
import { delMany, get, getMany, keys, promisifyRequest, setMany } from 'idb-keyval';
import type { StoredModel } from '../../shared/library';
import { asStorageErrors, openIdbStore } from '../../shared/indexedDb';

export interface ModelIndex {
  list(): Promise<StoredModel[]>;
  get(id: string): Promise<StoredModel | undefined>;
  /** The text of pack.json, byte for byte; undefined for a conversion that has not ended. */
  manifest(id: string): Promise<string | undefined>;
  /**
   * Both in one transaction that is on disk when it resolves.
   * @throws RoundsError storage_quota, storage_failed
   */
  put(model: StoredModel, manifestText?: string): Promise<void>;
  /** Changes fields of a record, if it exists. */
  update(id: string, change: Partial<StoredModel>): Promise<void>;
  remove(id: string): Promise<void>;
}

const DATABASE = 'rounds-library';
const OBJECT_STORE = 'models';
const MODEL = 'model:';
const MANIFEST = 'manifest:';

export function openModelIndex(): ModelIndex {
  const useStore = openIdbStore(DATABASE, OBJECT_STORE, 'strict');
  return {
    list: () =>
      asStorageErrors(async () => {
        const ids = (await keys<string>(useStore)).filter((key) => key.startsWith(MODEL));
        const models = await getMany<StoredModel>(ids, useStore);
        return byAge(models.filter((model) => model !== undefined));
      }),
    get: (id) => asStorageErrors(() => get<StoredModel>(MODEL + id, useStore)),
    manifest: (id) => asStorageErrors(() => get<string>(MANIFEST + id, useStore)),
    put: (model, manifestText) =>
      asStorageErrors(() => {
        const manifest: [string, unknown][] =
          manifestText === undefined ? [] : [[MANIFEST + model.id, manifestText]];
        return setMany([[MODEL + model.id, model], ...manifest], useStore);
      }),
    update: (id, change) =>
      asStorageErrors(() => useStore('readwrite', (store) => updateRecord(store, MODEL + id, change))),
    remove: (id) => asStorageErrors(() => delMany([MODEL + id, MANIFEST + id], useStore)),
  };
}

/** Reads and writes in one transaction: another tab may be changing other fields. */
function updateRecord(store: IDBObjectStore, key: string, change: Partial<StoredModel>): Promise<void> {
  const request = store.get(key) as IDBRequest<StoredModel | undefined>;
  request.onsuccess = () => {
    if (request.result) store.put({ ...request.result, ...change }, key);
  };
  return promisifyRequest(store.transaction);
}

/** For browsers without IndexedDB, where a model lasts as long as the page, and for tests. */
export function memoryModelIndex(): ModelIndex {
  const models = new Map<string, StoredModel>();
  const manifests = new Map<string, string>();
  return {
    list: () => Promise.resolve(byAge([...models.values()])),
    get: (id) => Promise.resolve(models.get(id)),
    manifest: (id) => Promise.resolve(manifests.get(id)),
    put: (model, manifestText) => {
      models.set(model.id, structuredClone(model));
      if (manifestText !== undefined) manifests.set(model.id, manifestText);
      return Promise.resolve();
    },
    update: (id, change) => {
      const model = models.get(id);
      if (model) models.set(id, { ...model, ...change });
      return Promise.resolve();
    },
    remove: (id) => {
      models.delete(id);
      manifests.delete(id);
      return Promise.resolve();
    },
  };
}

function byAge(models: StoredModel[]): StoredModel[] {
  return models.sort((a, b) => (a.addedAt < b.addedAt ? -1 : 1));
}
