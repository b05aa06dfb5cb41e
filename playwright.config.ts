/**
 * End-to-end tests: the built site, served by our own static server, in a full Chromium. Hermetic: nothing
 * outside this machine is asked for anything.
 */
import { defineConfig } from '@playwright/test';
import { ensureBrowser, launchArguments } from './src/cli/browser.mjs';

/** Tests that take long run in `npm run test:long` only; each has a short version that always runs. */
const LONG = /@long/;
const isLongRun = process.env.ROUNDS_LONG === '1';

export default defineConfig({
  testDir: 'e2e',
  globalSetup: './e2e/globalSetup.ts',
  outputDir: 'test-results',
  // Test by test, so that two workers stay busy to the end; a worker's tests share a page (e2e/sharedContext.ts).
  fullyParallel: true,
  workers: 2,
  ...(isLongRun ? { grep: LONG } : { grepInvert: LONG }),
  forbidOnly: Boolean(process.env.CI),
  // Locally none, so that a test that fails now and then is noticed and fixed. On a shared runner one, reported as flaky.
  retries: process.env.CI ? 1 : 0,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    headless: true,
    launchOptions: { executablePath: ensureBrowser(), args: launchArguments() },
    // Recording costs a quarter of the time: to look into a failure, run its file with `--trace on`.
    trace: 'off',
    screenshot: 'only-on-failure',
  },
});
