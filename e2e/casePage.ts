/** Saved cases in the words of their owner, for the specs that keep, open and carry them. */
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { RoundsPage } from './fake/pageObject';
import { expect } from './fixtures';

export async function open(page: Page, openApp: (page: Page, options: { backend: 'wasm' }) => Promise<void>) {
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  return rounds;
}

export async function askSample(rounds: RoundsPage, title: RegExp): Promise<void> {
  await rounds.takeSample(title);
  await rounds.ask.click();
  await rounds.askAgain.waitFor({ timeout: 300_000 });
}

export async function keepCases(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save cases' }).click();
  await expect(page.getByText('Saved in this browser')).toBeVisible();
}

export async function openList(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: /^Cases/ }).click();
  return page.getByRole('dialog', { name: 'Cases' });
}

export const rows = (dialog: Locator): Locator =>
  dialog.getByRole('list', { name: 'Cases' }).getByRole('listitem');

/** Texts of everything that IndexedDB, localStorage and CacheStorage hold. */
export function everythingStored(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const found: string[] = [JSON.stringify(localStorage)];
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(new Error(name));
      });
      for (const store of database.objectStoreNames) {
        const objects = database.transaction(store).objectStore(store);
        for (const request of [objects.getAllKeys(), objects.getAll()]) {
          const values = await new Promise<unknown[]>((resolve) => {
            request.onsuccess = () => resolve(request.result);
          });
          found.push(...values.map((value) => (value instanceof Uint8Array ? '' : JSON.stringify(value))));
        }
      }
      database.close();
    }
    for (const name of await caches.keys()) {
      const requests = await (await caches.open(name)).keys();
      found.push(...requests.map(({ url }) => url));
    }
    return found.join('\n');
  });
}

export async function isStored(page: Page, text: string): Promise<boolean> {
  return (await everythingStored(page)).includes(text);
}

/** The part of the page that shows cases: an open dialog, else the answer with what is below it. */
export async function expectAccessible(page: Page): Promise<void> {
  const isDialog = (await page.locator('dialog[open]').count()) > 0;
  const part = isDialog ? 'dialog[open]' : 'section[aria-label="Reasoning"]';
  const { violations } = await new AxeBuilder({ page }).include(part).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
}
