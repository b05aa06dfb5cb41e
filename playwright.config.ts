/**
 * End-to-end tests: the built site, served by our own static server, in a full Chromium. Hermetic: nothing
 * outside this machine is asked for anything.
 */
import { defineConfig } from '@playwright/test';
import { ensureBrowser, launchArguments } from './src/cli/browser.mjs';

/** Specs that wait more than they compute: of the page on a scripted engine (e2e/fake), of downloads, of hosts. */
const WAITING =
  /\/(access|axe|errors|hosting|keyboard|library|libraryPage|page|reasoning|rehearsal)\.spec\.ts$/;

export default defineConfig({
  testDir: 'e2e',
  globalSetup: './e2e/globalSetup.ts',
  outputDir: 'test-results',
  workers: 2,
  projects: [
    // A model takes every core, so one at a time; what mostly waits runs beside it.
    { name: 'engine', testIgnore: WAITING, workers: 1 },
    { name: 'waiting', testMatch: WAITING },
  ],
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
