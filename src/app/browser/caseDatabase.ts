/**
 * Cases in IndexedDB, in a database of their own. One object store with three kinds of keys, so that a case is written
 * in one transaction or not at all: `s/id` a summary, `r/id` a record, `i/sha256` the bytes of an image, kept once
 * however many cases have it.
 */
import { promisifyRequest } from 'idb-keyval';
import type { CaseRecord } from '../cases/caseFormat';
import type { CaseSummary } from '../cases/caseSummary';
import { CASE_VERSION } from '../cases/caseFormat';
import { asStorageErrors, openIdbStore, type UseStore } from '../../shared/indexedDb';

export const CASE_DATABASE = 'rounds-cases';

export interface CaseToWrite {
  record: CaseRecord;
  summary: CaseSummary;
  /** Bytes by SHA-256. */
  images: ReadonlyMap<string, Blob>;
}

/** Everything rejects with RoundsError storage_quota or storage_failed. */
export class CaseDatabase {
  readonly #name: string;
  #store: UseStore | undefined;

  constructor(name = CASE_DATABASE) {
    this.#name = name;
  }

  /** Those that this version of the page can read. */
  async summaries(): Promise<CaseSummary[]> {
    const all = await this.#run('readonly', (store) =>
      promisifyRequest<unknown[]>(store.getAll(keysOf('s'))),
    );
    return (all as CaseSummary[]).filter(({ version }) => version === CASE_VERSION);
  }

  /** Unchecked, as it is stored; undefined where there is none. */
  record(id: string): Promise<unknown> {
    return this.#run('readonly', (store) => promisifyRequest<unknown>(store.get(`r/${id}`)));
  }

  /** Those of the images that are there. */
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
   * @param make is given what is stored under the id, must not wait, and runs again where the connection was lost; null
   *   leaves everything as it is
   */
  update(id: string, make: (stored: unknown) => CaseToWrite | null): Promise<void> {
    return this.#run('readwrite', async (store) => {
      const made = make(await promisifyRequest<unknown>(store.get(`r/${id}`)));
      if (!made) return;
      for (const [hash, blob] of made.images) {
        // The same hash is the same picture: it need not be written again.
        if ((await promisifyRequest<IDBValidKey | undefined>(store.getKey(`i/${hash}`))) === undefined)
          store.put(blob, `i/${hash}`);
      }
      store.put(made.record, `r/${id}`);
      store.put(made.summary, `s/${id}`);
      await promisifyRequest(store.transaction);
    });
  }

  /** Removes cases, and the images that no other case has. */
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
      this.#store ??= openIdbStore(this.#name, 'cases', 'default');
      return await this.#store(mode, (store) =>
        work(store).catch((thrown: unknown) => {
          // Half of a case must not stay.
          if (mode === 'readwrite') tryAbort(store.transaction);
          throw thrown;
        }),
      );
    }, 'the case');
  }
}

/** A transaction that has failed by itself is over already. */
function tryAbort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // See above.
  }
}

function keysOf(kind: 's' | 'i'): IDBKeyRange {
  // '0' is what follows '/'.
  return IDBKeyRange.bound(`${kind}/`, `${kind}0`, false, true);
}
