/**
 * Where shards are kept between visits: idb-keyval over a store function of our own, one database for each
 * pack, one 16 MiB ArrayBuffer a record. A key that is present is a shard that was verified when written.
 */
import { del, get, keys, set, type UseStore } from 'idb-keyval';
import { RoundsError } from '../../shared/errors';

export interface ShardStore {
  get(key: string): Promise<ArrayBuffer | undefined>;
  /** @throws RoundsError storage_quota, storage_failed */
  set(key: string, value: ArrayBuffer): Promise<void>;
  keys(): Promise<string[]>;
  delete(key: string): Promise<void>;
}

const OBJECT_STORE = 'shards';

/** `packHash` names the database, so that an update of the app never mixes two sets of weights. */
export function openShardStore(packHash: string): ShardStore {
  const useStore = openStore(`rounds-pack-${packHash}`);
  return {
    get: (key) => wrap(() => get<ArrayBuffer>(key, useStore)),
    set: (key, value) => wrap(() => set(key, value, useStore)),
    keys: () => wrap(() => keys<string>(useStore)),
    delete: (key) => wrap(() => del(key, useStore)),
  };
}

/**
 * idb-keyval's own createStore keeps a dead connection after the browser closed it and blocks other tabs
 * that delete the database. This one reopens once (jakearchibald/idb-keyval#165) and yields on versionchange.
 */
function openStore(database: string): UseStore {
  let connection: Promise<IDBDatabase> | undefined;
  const forget = (): void => {
    connection = undefined;
  };
  const open = (): Promise<IDBDatabase> =>
    (connection ??= openDatabase(database, forget).catch((error: unknown) => {
      forget();
      throw error;
    }));
  return async (mode, callback) => {
    const run = async () =>
      callback((await open()).transaction(OBJECT_STORE, mode).objectStore(OBJECT_STORE));
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error;
      forget();
      return run();
    }
  };
}

function openDatabase(name: string, onClosed: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(OBJECT_STORE);
    request.onerror = () => reject(request.error ?? new DOMException('open failed', 'UnknownError'));
    request.onblocked = () => reject(new DOMException('blocked by another tab', 'InvalidStateError'));
    request.onsuccess = () => {
      const database = request.result;
      database.onclose = onClosed;
      database.onversionchange = () => {
        database.close();
        onClosed();
      };
      resolve(database);
    };
  });
}

async function wrap<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : '';
    if (name === 'QuotaExceededError') {
      throw new RoundsError('storage_quota', 'The browser has no room left to keep the model.', { cause });
    }
    throw new RoundsError('storage_failed', `The browser's storage failed (${name || 'unknown'}).`, {
      cause,
    });
  }
}

/** For visits that keep nothing, and for tests. */
export function memoryShardStore(): ShardStore {
  const records = new Map<string, ArrayBuffer>();
  return {
    get: (key) => Promise.resolve(records.get(key)),
    set: (key, value) => {
      records.set(key, value);
      return Promise.resolve();
    },
    keys: () => Promise.resolve([...records.keys()]),
    delete: (key) => {
      records.delete(key);
      return Promise.resolve();
    },
  };
}
