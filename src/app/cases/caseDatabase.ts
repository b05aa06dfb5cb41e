/**
 * Cases in IndexedDB, in their own database. One object store with three kinds of keys, so that a case is written in one
 * transaction, which is on the disk when it is said to be saved: `s/id` a summary, `r/id` a record, `i/sha256` the bytes of an image, which cases share.
 */
import { promisifyRequest } from 'idb-keyval';
import { asStorageErrors, openIdbStore, type UseStore } from '../../shared/indexedDb';
import { CASE_VERSION, type CaseRecord } from './caseFormat';
import type { CaseSummary } from './caseSummary';

const CASE_DATABASE = 'rounds-cases';

export interface CaseToWrite {
  record: CaseRecord;
  summary: CaseSummary;
  /** Bytes by SHA-256. */
  images: ReadonlyMap<string, Blob>;
}

/** All methods reject with RoundsError storage_quota or storage_failed. */
export class CaseDatabase {
  readonly #name: string;
  #store: UseStore | undefined;

  constructor(name = CASE_DATABASE) {
    this.#name = name;
  }

  /** Of the cases that this version of the page can read. */
  async summaries(): Promise<CaseSummary[]> {
    const all = await this.#run('readonly', (store) =>
      promisifyRequest<unknown[]>(store.getAll(keysOf('s'))),
    );
    return (all as CaseSummary[]).filter(({ version }) => version === CASE_VERSION);
  }

  /** As it is stored, not validated; undefined if there is none. */
  record(id: string): Promise<unknown> {
    return this.#run('readonly', (store) => promisifyRequest<unknown>(store.get(`r/${id}`)));
  }

  /** The images that exist, by SHA-256. */
  async images(hashes: readonly string[]): Promise<Map<string, Blob>> {
    const found = await this.#run('readonly', (store) =>
      Promise.all(hashes.map((hash) => promisifyRequest<unknown>(store.get(`i/${hash}`)))),
    );
    return new Map(
      hashes.flatMap((hash, index) => (found[index] instanceof Blob ? [[hash, found[index]]] : [])),
    );
  }

  /**
   * Writes a case in one transaction.
   * @param make gets what is stored under the id, and returns what to write; null writes nothing. It must be synchronous,
   *   and runs again if the connection was lost
   */
  update(id: string, make: (stored: unknown) => CaseToWrite | null): Promise<void> {
    return this.#run('readwrite', async (store) => {
      const made = make(await promisifyRequest<unknown>(store.get(`r/${id}`)));
      if (!made) return;
      for (const [hash, blob] of made.images) {
        // The same hash means the same bytes: no need to write them again.
        if ((await promisifyRequest<IDBValidKey | undefined>(store.getKey(`i/${hash}`))) === undefined)
          store.put(blob, `i/${hash}`);
      }
      store.put(made.record, `r/${id}`);
      store.put(made.summary, `s/${id}`);
      await promisifyRequest(store.transaction);
    });
  }

  /** Removes cases, and images that no other case uses. */
  remove(ids: readonly string[]): Promise<void> {
    return this.#run('readwrite', async (store) => {
      for (const id of ids) {
        store.delete(`s/${id}`);
        store.delete(`r/${id}`);
      }
      const rest = (await promisifyRequest<unknown[]>(store.getAll(keysOf('s')))) as CaseSummary[];
      const used = new Set(rest.flatMap(({ images }) => images.map(({ sha256 }) => `i/${sha256}`)));
      for (const key of await promisifyRequest(store.getAllKeys(keysOf('i')))) {
        if (!used.has(key as string)) store.delete(key);
      }
      await promisifyRequest(store.transaction);
    });
  }

  async clear(): Promise<void> {
    await this.#run('readwrite', (store) => {
      store.clear();
      return promisifyRequest(store.transaction);
    });
  }

  #run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    return asStorageErrors(async () => {
      this.#store ??= openIdbStore(this.#name, 'cases', 'strict');
      return await this.#store(mode, (store) =>
        work(store).catch((thrown: unknown) => {
          // A case must not be written in part.
          if (mode === 'readwrite') tryAbort(store.transaction);
          throw thrown;
        }),
      );
    }, 'the case');
  }
}

/** Throws nothing if the transaction has already ended. */
function tryAbort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // See above.
  }
}

function keysOf(kind: 's' | 'i'): IDBKeyRange {
  // '0' is the character after '/'.
  return IDBKeyRange.bound(`${kind}/`, `${kind}0`, false, true);
}
