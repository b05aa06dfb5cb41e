/** What every end-to-end test starts from: the built site on a free port, and a page that must not fail quietly. */
import { test as base, expect, type Page } from '@playwright/test';
import { DIST } from '../src/cli/build.mjs';
import { serve, type RunningServer } from '../src/cli/staticServer.mjs';

export interface OpenOptions {
  /** Where the model runs; the app chooses by itself unless told. */
  backend?: 'webgpu' | 'wasm';
}

interface TestFixtures {
  openApp: (page: Page, options?: OpenOptions) => Promise<void>;
  /** Errors that pages threw and nobody caught. A test that expects some empties the list. */
  pageErrors: string[];
}

interface WorkerFixtures {
  site: RunningServer;
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

  pageErrors: [
    async ({ context }, use) => {
      const errors: string[] = [];
      context.on('weberror', (error) => errors.push(error.error().message));
      await use(errors);
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
