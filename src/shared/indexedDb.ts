/**
 * The one way to open an IndexedDB database, for the page and the workers. idb-keyval's createStore keeps a dead
 * connection after the browser closed it (jakearchibald/idb-keyval#165) and blocks other tabs that delete the database;
 * this one reopens, and closes on `versionchange`.
 */
import { RoundsError } from './errors';
import { wait } from './network';

/** Runs `callback` in a transaction; the same type as idb-keyval's UseStore. */
export type UseStore = <T>(
  mode: IDBTransactionMode,
  callback: (store: IDBObjectStore) => T | PromiseLike<T>,
) => Promise<T>;

/** Errors of a transaction whose connection was closed, or whose data was cleared. Nothing was written then. */
const CONNECTION_LOST = new Set(['InvalidStateError', 'AbortError', 'UnknownError']);
/** Milliseconds before each further attempt: while the browser is still clearing, a new connection is lost too. */
const REOPEN_AFTER = [0, 100, 400, 1500];

/**
 * A function that runs transactions on one object store of a database, which is made where it does not exist.
 * A callback may run again after the connection was lost: its first transaction has then written nothing.
 * @param durability `strict` for what must survive a power failure; shards are hashed when they are read
 */
export function openIdbStore(
  database: string,
  objectStore: string,
  durability: IDBTransactionDurability = 'relaxed',
): UseStore {
  let connection: Promise<IDBDatabase> | undefined;
  const forget = (): void => {
    connection = undefined;
  };
  const open = (): Promise<IDBDatabase> =>
    (connection ??= openDatabase(database, objectStore, forget).catch((error: unknown) => {
      forget();
      throw error;
    }));
  return async (mode, callback) => {
    const run = async () =>
      callback((await open()).transaction(objectStore, mode, { durability }).objectStore(objectStore));
    for (let attempt = 0; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        const delay = REOPEN_AFTER[attempt];
        if (!isConnectionLost(error) || delay === undefined) throw error;
        forget();
        await wait(delay);
      }
    }
  };
}

/** A transaction that was aborted from outside has no error: idb-keyval then rejects with null. */
function isConnectionLost(error: unknown): boolean {
  return error === null || (error instanceof DOMException && CONNECTION_LOST.has(error.name));
}

function openDatabase(name: string, objectStore: string, onClosed: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(objectStore);
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

/**
 * Resolves once the database is deleted and its space is free. Connections elsewhere close for that.
 * @throws RoundsError storage_failed
 */
export function deleteDatabase(name: string): Promise<void> {
  return asStorageErrors(
    () =>
      new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase(name);
        request.onsuccess = () => resolve();
        request.onerror = () => reject(request.error ?? new DOMException('delete failed', 'UnknownError'));
      }),
  );
}

/**
 * Runs a storage operation and gives its failures their codes; a RoundsError passes.
 * @param what the thing that is stored, for the message
 * @throws RoundsError storage_quota, storage_failed
 */
export async function asStorageErrors<T>(operation: () => Promise<T>, what = 'the model'): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    if (cause instanceof RoundsError) throw cause;
    const name = cause instanceof Error ? cause.name : '';
    if (name === 'QuotaExceededError') {
      throw new RoundsError('storage_quota', `The browser has no room left for ${what}.`, { cause });
    }
    throw new RoundsError('storage_failed', `The browser's storage failed (${name || 'unknown'}).`, {
      cause,
    });
  }
}
