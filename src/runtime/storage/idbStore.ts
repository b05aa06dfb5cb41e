/**
 * A store function for idb-keyval. Its own createStore keeps a dead connection after the browser closed it and
 * blocks other tabs that delete the database; this one reopens (jakearchibald/idb-keyval#165) and yields on
 * versionchange.
 */
import type { UseStore } from 'idb-keyval';
import { RoundsError } from '../../shared/errors';
import { wait } from './network';

/** Ends of a connection under a transaction: closed, or cleared with the site's data. Nothing was written then. */
const CONNECTION_LOST = new Set(['InvalidStateError', 'AbortError', 'UnknownError']);
/** Milliseconds before each further attempt: while the browser is still clearing, a new connection is lost too. */
const REOPEN_AFTER = [0, 100, 400, 1500];

/** @param durability `strict` for what must not be lost to a power failure; shards are hashed when they are read */
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

/** A transaction that was aborted from outside has no error of its own: idb-keyval then rejects with null. */
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
 * Resolves once the database is gone and its space is free. Waits for connections elsewhere, which all yield.
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

/** Runs a storage operation and names its failures. @throws RoundsError storage_quota, storage_failed */
export async function asStorageErrors<T>(operation: () => Promise<T>): Promise<T> {
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
