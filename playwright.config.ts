/**
 * End-to-end tests: the built site, served by our own static server, in a full Chromium. Hermetic: nothing
 * outside this machine is asked for anything.
 */
import { defineConfig } from '@playwright/test';
import { ensureBrowser, launchArguments } from './src/cli/browser.mjs';

export default defineConfig({
  testDir: 'e2e',
  globalSetup: './e2e/globalSetup.ts',
  outputDir: 'test-results',
  // One at a time: a model on the software GPU takes every core, and timings would mean nothing.
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  // A retry would hide what it is for: a test that fails now and then is to be mended.
  retries: 0,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    headless: true,
    launchOptions: { executablePath: ensureBrowser(), args: launchArguments() },
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
  },
});
