/** What a first visit fetches, and when: files and their order, no times. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Request } from '@playwright/test';
import { DIST } from '../src/cli/build.mjs';
import { RoundsPage, sampleFile } from './fake/pageObject';
import { expect, test } from './fixtures';

test.use({ fresh: true });

const MEGABYTE = 1e6;
const RUNTIME = /\/ort-[\w.-]+\.bin$/;

/** Paths that were asked for, in their order, below the site's address. */
function watch(context: BrowserContext, siteUrl: string): string[] {
  const paths: string[] = [];
  context.on('request', (request: Request) => {
    const url = request.url().split('?', 1)[0] ?? '';
    if (url.startsWith(siteUrl)) paths.push(url.slice(siteUrl.length) || 'index.html');
  });
  return paths;
}

/** Bytes of a file as `npm start` sends it. */
function sentBytes(path: string): number {
  const [file, copy] = [join(DIST, path), join(DIST, `${path}.br`)];
  return statSync(existsSync(copy) ? copy : file).size;
}

const code = (paths: readonly string[]): string[] => [
  ...new Set(paths.filter((path) => /\.(js|mjs|css|html|wasm)$/.test(path) || RUNTIME.test(`/${path}`))),
];
const total = (paths: readonly string[]): number => paths.reduce((sum, path) => sum + sentBytes(path), 0);

/** The same files with another build of the runtime. */
function withBuild(paths: readonly string[], build: 'jspi' | 'asyncify'): string[] {
  const names = readdirSync(join(DIST, 'assets'));
  const find = (pattern: RegExp): string => `assets/${names.find((name) => pattern.test(name)) ?? ''}`;
  const rest = paths.filter((path) => !/\/(ort\.|ort-)/.test(path));
  expect(rest.length).toBe(paths.length - 3);
  const script = build === 'jspi' ? /^ort\.jspi\.min-.*\.js$/ : /^ort\.webgpu\.min-.*\.js$/;
  return [
    ...rest,
    find(script),
    find(new RegExp(`^ort-wasm-simd-threaded\\.${build}-.*\\.js$`)),
    find(new RegExp(`^ort-wasm-simd-threaded\\.${build}-.*\\.bin$`)),
  ];
}

test('the runtime and the model are asked for together', async ({ page, context, openApp }) => {
  let runtimeAsked: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => (runtimeAsked = resolve));
  context.on('request', (request) => RUNTIME.test(request.url()) && runtimeAsked());
  // The model waits for ever if the runtime is asked for only after it.
  await context.route('**/pack.json', async (route) => {
    await asked;
    await route.continue();
  });
  await openApp(page, { backend: 'wasm' });
  await new RoundsPage(page).modelReady();
});

test('the first answer needs few megabytes; the rest is fetched after it', async ({
  page,
  context,
  openApp,
  site,
}) => {
  const paths = watch(context, site.url);
  const rounds = new RoundsPage(page);
  await openApp(page, { backend: 'wasm' });
  await rounds.modelReady();
  await rounds.drop(sampleFile('head-ct.png'));
  await rounds.question.fill('What kind of image is this?');
  await rounds.ask.click();
  await rounds.askAgain.waitFor();
  const needed = code(paths.slice(0, paths.includes('sw.js') ? paths.indexOf('sw.js') : undefined));
  const sizes = {
    wasm: total(needed),
    jspi: total(withBuild(needed, 'jspi')),
    asyncify: total(withBuild(needed, 'asyncify')),
  };
  test.info().annotations.push({ type: 'bytes of code', description: JSON.stringify(sizes) });
  expect(sizes.wasm).toBeLessThan(4 * MEGABYTE);
  expect(sizes.jspi).toBeLessThan(4.5 * MEGABYTE);
  expect(sizes.asyncify).toBeLessThan(7 * MEGABYTE);
  expect(
    needed.filter((path) =>
      /\/(es|zh|ar|knownAnswers|trial|quantize)[.-]|openjpeg|charls|libjpeg/.test(path),
    ),
  ).toEqual([]);

  await expect(page.getByText('Works offline')).toBeVisible();
  expect(paths).toContain('sw.js');
  await context.setOffline(true);
  await page.reload();
  await rounds.modelReady();
});

test('whoever only looks around gets the site for offline use after a while', async ({
  page,
  context,
  openApp,
  site,
}) => {
  const paths = watch(context, site.url);
  await openApp(page, { backend: 'wasm' });
  await new RoundsPage(page).modelReady();
  expect(paths).not.toContain('sw.js');
  await expect(page.getByText('Works offline')).toBeVisible();
});
