/**
 * Where an unfinished question waits for a reload. Its text is in sessionStorage, which is written at once and ends with the tab;
 * its images are in a database of their own, under the tab's id, encrypted with a key that ends with the tab, and are deleted when
 * they are old or many. Nothing of it is written in a private visit.
 */
import { openIdbStore, type UseStore } from '../../shared/indexedDb';
import { DraftCipher } from './draftCipher';
import { isPrivateVisit } from './privateVisit';

export const DRAFT_DATABASE = 'rounds-drafts';
const TEXT_KEY = 'rounds.draft';
const TAB_KEY = 'rounds.tab';
/** The images of closed tabs are still stored. */
const MAX_DRAFTS = 4;
const MAX_AGE_MS = 2 * 24 * 60 * 60 * 1000;
/** Of one draft. Larger images have to be dropped again. */
export const MAX_DRAFT_BYTES = 300_000_000;

/** The images of a draft: their files, and what is known about them as JSON. */
export interface DraftImages {
  facts: unknown;
  files: readonly Blob[];
}

interface StoredImages {
  savedAt: number;
  /** Encrypted. */
  facts: Blob;
  files: Blob[];
}

export class DraftStorage {
  #store: UseStore | undefined;
  readonly #cipher = new DraftCipher();

  /** Null if there is none, or it can't be read. */
  readText(): string | null {
    return inSession((storage) => storage.getItem(TEXT_KEY)) ?? null;
  }

  /** @returns whether the text is stored now. Null removes it */
  writeText(text: string | null): boolean {
    if (text !== null && isPrivateVisit()) return false;
    return (
      inSession((storage) => {
        if (text === null) storage.removeItem(TEXT_KEY);
        else storage.setItem(TEXT_KEY, text);
        return true;
      }) ?? false
    );
  }

  /** What `writeImages` stored in this tab; null if there is nothing, or it can't be read. */
  async readImages(): Promise<DraftImages | null> {
    const id = tabId();
    const stored = (await this.#run('readonly', (store) => done<unknown>(store.get(id)))) as
      StoredImages | undefined;
    if (!stored) return null;
    try {
      const facts = JSON.parse(new TextDecoder().decode(await this.#cipher.unseal(stored.facts))) as unknown;
      const files: Blob[] = [];
      for (const file of stored.files) files.push(new Blob([await this.#cipher.unseal(file)]));
      return { facts, files };
    } catch {
      return null;
    }
  }

  /** Null removes them. @returns whether they are stored now */
  async writeImages(images: DraftImages | null): Promise<boolean> {
    if (images !== null && isPrivateVisit()) return false;
    const sealed = images && (await this.#seal(images));
    if (images && !sealed) return false;
    const id = tabId();
    const result = await this.#run('readwrite', async (store) => {
      if (sealed) store.put(sealed, id);
      else store.delete(id);
      await finished(store.transaction);
      return true;
    });
    return result ?? false;
  }

  /** Null if a file can't be read any more, or nothing can be encrypted here. */
  async #seal({ facts, files }: DraftImages): Promise<StoredImages | null> {
    try {
      const sealed: Blob[] = [];
      for (const file of files) sealed.push(await this.#cipher.seal(await file.arrayBuffer()));
      const text = new TextEncoder().encode(JSON.stringify(facts));
      return { savedAt: Date.now(), facts: await this.#cipher.seal(text), files: sealed };
    } catch {
      return null;
    }
  }

  /** Deletes the images of tabs that were closed long ago, and of all but the last few. */
  async tidy(): Promise<void> {
    // The database isn't made for a visitor who never had a draft.
    const all = await indexedDB.databases?.().catch(() => []);
    if (all && !all.some(({ name }) => name === DRAFT_DATABASE)) return;
    const own = tabId();
    await this.#run('readwrite', async (store) => {
      const kept: [id: IDBValidKey, savedAt: number][] = [];
      for (const id of await done(store.getAllKeys())) {
        const { savedAt } = (await done<unknown>(store.get(id))) as StoredImages;
        if (id !== own) kept.push([id, savedAt]);
      }
      kept.sort((a, b) => b[1] - a[1]);
      for (const [index, [id, savedAt]] of kept.entries()) {
        if (index >= MAX_DRAFTS || Date.now() - savedAt > MAX_AGE_MS) store.delete(id);
      }
      await finished(store.transaction);
    });
  }

  /** Undefined if the browser has no storage for the page, or no room. */
  async #run<T>(
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      this.#store ??= openIdbStore(DRAFT_DATABASE, 'drafts');
      return await this.#store(mode, work);
    } catch {
      return undefined;
    }
  }
}

function tabId(): string {
  const known = inSession((storage) => storage.getItem(TAB_KEY));
  if (known) return known;
  // Only to tell tabs apart; randomUUID doesn't exist on insecure hosts.
  const id = `${Date.now()}-${Math.random()}`;
  inSession((storage) => storage.setItem(TAB_KEY, id));
  return id;
}

/** Undefined if storage is blocked or full. */
function inSession<T>(work: (storage: Storage) => T): T | undefined {
  try {
    return work(sessionStorage);
  } catch {
    return undefined;
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new DOMException('failed', 'UnknownError'));
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new DOMException('aborted', 'AbortError'));
  });
}
