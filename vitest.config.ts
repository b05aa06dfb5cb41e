/**
 * Two projects: `unit` runs in Node, `browser` in the Chromium that src/cli/browser.mjs finds. A test that
 * needs a real browser (IndexedDB, decoders, WebGPU, mounted components) is named `*.browser.test.ts`, or
 * `*.svelte.test.ts` where it uses runes.
 */
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, mergeConfig } from 'vitest/config';
import { findBrowser, launchArguments } from './src/cli/browser.mjs';
import viteConfig from './vite.config.ts';

const BROWSER_TESTS = ['src/**/*.browser.test.ts', 'src/**/*.svelte.test.ts'];

export default mergeConfig(
  viteConfig,
  defineConfig({
    test: {
      // Shared with other work on two cores, a test takes several times what it takes alone.
      testTimeout: 60_000,
      hookTimeout: 120_000,
      projects: [
        {
          extends: true,
          test: {
            name: 'unit',
            environment: 'node',
            // By itself vitest leaves a core free: on two cores that doubles the time.
            pool: 'threads',
            maxWorkers: 2,
            include: ['src/**/*.test.ts'],
            exclude: BROWSER_TESTS,
          },
        },
        {
          extends: true,
          test: {
            name: 'browser',
            include: BROWSER_TESTS,
            fileParallelism: false,
            browser: {
              enabled: true,
              headless: true,
              screenshotFailures: false,
              provider: playwright({
                launchOptions: { executablePath: findBrowser() ?? undefined, args: launchArguments() },
              }),
              instances: [{ browser: 'chromium' }],
            },
          },
        },
      ],
    },
  }),
);
