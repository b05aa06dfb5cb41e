/** Calls of the library in the harness page, and what the browser has stored, for the tests in which things go wrong. */
import type { Page } from '@playwright/test';
import type { LibraryCallName, LibraryCalls } from '../../src/shared/library';
import { startFaultServer, type FaultServer } from './faultServer';
import type { TestPack } from './testPack';
import { test as base } from '../fixtures';

export const test = base.extend<{ host: FaultServer }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the dependencies from this parameter.
  host: async ({}, use) => {
    const host = await startFaultServer();
    await use(host);
    await host.close();
  },
});

/** A call of the library in the harness page. */
export function call<K extends LibraryCallName>(
  page: Page,
  kind: K,
  params: LibraryCalls[K][0],
): Promise<LibraryCalls[K][1]> {
  return page.evaluate(([name, given]) => window.rounds.library(name, given), [kind, params] as const);
}

export const add = (page: Page, host: FaultServer) =>
  call(page, 'add', { origin: { kind: 'pack', url: host.url } });
export const shards = (counts: ReadonlyMap<string, number>): [string, number][] =>
  [...counts].filter(([path]) => path.startsWith('shard'));

/** SHA-256 of every stored shard, computed from the database itself. */
export function storedHashes(page: Page, id: string): Promise<Record<string, string>> {
  return page.evaluate(async (database) => {
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(database);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error('cannot open'));
    });
    const read = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
    const store = () => db.transaction('shards').objectStore('shards');
    const hashes: Record<string, string> = {};
    for (const key of (await read(store().getAllKeys())) as string[]) {
      const digest = await crypto.subtle.digest('SHA-256', (await read(store().get(key))) as ArrayBuffer);
      hashes[key] = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
    }
    db.close();
    return hashes;
  }, `rounds-pack-${id}`);
}

export const wantedHashes = ({ manifest }: TestPack): Record<string, string> =>
  Object.fromEntries(manifest.shards.map(({ file, sha256 }) => [file, sha256]));

/** Tells through the console which shards are stored, as often as that changes. */
export function watchStored(database: string): void {
  let told = -1;
  const tell = async (): Promise<void> => {
    const request = indexedDB.open(database);
    // Opening must not make it: that is for the library.
    request.onupgradeneeded = () => request.transaction?.abort();
    const db = await new Promise<IDBDatabase | null>((resolve) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
    });
    if (db) {
      const keys = db.transaction('shards').objectStore('shards').getAllKeys();
      await new Promise((resolve) => (keys.onsuccess = resolve));
      if (keys.result.length !== told) console.log(`stored ${JSON.stringify(keys.result)}`);
      told = keys.result.length;
      db.close();
    }
    setTimeout(() => void tell(), 10);
  };
  void tell();
}

/** A generator of numbers in [0, 1) that gives the same moments on every run. */
export function seeded(state: number): () => number {
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
