/**
 * One browser context and one page for the tests of a worker. Opening a fresh context costs several times as much as
 * opening the page again in a context whose caches are warm, so a test gets a fresh one only where it asks for it
 * (`test.use({ fresh: true })`). Between tests everything that a visitor could have left is removed.
 */
import type { Browser, BrowserContext, Page } from '@playwright/test';

const VIEWPORT = { width: 1280, height: 720 };
/** What a test leaves. The embedded model and the runtime stay: they make the second visit fast. */
const DATABASES = ['rounds-cases', 'rounds-drafts'];

export class SharedContext {
  #context: BrowserContext | null = null;

  async open(browser: Browser): Promise<BrowserContext> {
    this.#context ??= await browser.newContext();
    if (this.#context.pages().length === 0) await this.#context.newPage();
    return this.#context;
  }

  /** The page that the tests share. */
  page(): Page {
    const page = this.#context?.pages()[0];
    if (!page) throw new Error('The shared context has no page; open it first.');
    return page;
  }

  /** Leaves the context as a visitor who has seen the site, but done nothing there, would. */
  async reset(): Promise<void> {
    const context = this.#context;
    if (!context) return;
    const [page, ...others] = context.pages();
    for (const other of others) await other.close();
    if (!page) return;
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await context.unrouteAll({ behavior: 'ignoreErrors' });
    await context.setOffline(false);
    await context.clearPermissions();
    await clearStorage(page);
    await page.goto('about:blank');
    await page.setViewportSize(VIEWPORT);
    await page.emulateMedia({
      media: null,
      colorScheme: 'light',
      reducedMotion: null,
      forcedColors: null,
      contrast: null,
    });
  }

  /** After a failure nobody knows what state it is in. */
  async close(): Promise<void> {
    const context = this.#context;
    this.#context = null;
    await context?.close();
  }
}

/** Empties what tests store under the page's origin. */
async function clearStorage(page: Page): Promise<void> {
  if (!page.url().startsWith('http')) return;
  // A document of the same origin without scripts: the page itself has connections open that would block deletion.
  await page.goto(new URL('/models/catalogue.json', page.url()).href);
  await page.evaluate(async (databases) => {
    localStorage.clear();
    sessionStorage.clear();
    for (const name of databases) {
      await new Promise<void>((resolve, reject) => {
        const request = indexedDB.deleteDatabase(name);
        request.onsuccess = () => resolve();
        request.onerror = () => reject(new Error(`${name} could not be deleted.`));
      });
    }
  }, DATABASES);
}
