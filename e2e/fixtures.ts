/** What every end-to-end test starts from: the built site on a free port, and a page that must not fail quietly. */
import { test as base, expect, type Page, type WebError } from '@playwright/test';
import { DIST } from '../src/cli/build.mjs';
import { serve, type RunningServer } from '../src/cli/staticServer.mjs';
import { SharedContext } from './sharedContext';

export interface OpenOptions {
  /** Where the model runs; the app chooses unless this says. */
  backend?: 'webgpu' | 'wasm';
}

interface TestFixtures {
  /** True: a context of its own, as of a visitor who was never here. Else the tests of a worker share one. */
  fresh: boolean;
  openApp: (page: Page, options?: OpenOptions) => Promise<void>;
  /** Errors that pages threw and nobody caught. A test that expects some empties the list. */
  pageErrors: string[];
}

interface WorkerFixtures {
  site: RunningServer;
  shared: SharedContext;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  site: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the dependencies from this parameter.
    async ({}, use) => {
      const site = await serve({ root: DIST });
      await use(site);
      await site.close();
    },
    { scope: 'worker' },
  ],

  shared: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the dependencies from this parameter.
    async ({}, use) => {
      const shared = new SharedContext();
      await use(shared);
      await shared.close();
    },
    { scope: 'worker' },
  ],

  fresh: [false, { option: true }],

  context: async ({ browser, shared, fresh }, use, info) => {
    if (fresh) {
      const context = await browser.newContext();
      await use(context);
      return context.close();
    }
    await use(await shared.open(browser));
    if (info.status === info.expectedStatus) await shared.reset();
    else await shared.close();
  },

  page: async ({ context, shared, fresh }, use) => {
    await use(fresh ? await context.newPage() : shared.page());
  },

  pageErrors: [
    async ({ context }, use) => {
      const errors: string[] = [];
      const note = (error: WebError): void => void errors.push(error.error().message);
      context.on('weberror', note);
      await use(errors);
      context.off('weberror', note);
      expect(errors, 'errors that the page did not catch').toEqual([]);
    },
    { auto: true },
  ],

  openApp: async ({ site }, use) => {
    await use(async (page, { backend } = {}) => {
      await page.goto(backend ? `${site.url}?backend=${backend}` : site.url);
    });
  },
});

export { expect };
