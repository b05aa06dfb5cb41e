/** The built site on different kinds of hosts: what must work wherever somebody puts the folder. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from './fixtures';
import { DIST } from '../src/cli/build.mjs';
import { serve } from '../src/cli/staticServer.mjs';

test('the page, its scripts and its wasm files carry headers and types', async ({ site, request }) => {
  const assets = readdirSync(join(DIST, 'assets')).map((name) => `assets/${name}`);
  const types: Record<string, string> = {
    js: 'text/javascript',
    mjs: 'text/javascript',
    wasm: 'application/wasm',
  };
  for (const path of ['', 'sw.js', ...assets]) {
    const response = await request.head(site.url + path);
    const headers = response.headers();
    expect(response.status(), path).toBe(200);
    expect(headers['cross-origin-embedder-policy'], path).toBe('require-corp');
    expect(headers['content-security-policy'], path).toContain("connect-src 'self'");
    const type = types[path.split('.').pop() ?? ''];
    if (type) expect(headers['content-type'], path).toContain(type);
    expect(headers['cache-control'], path).toContain(path.startsWith('assets/') ? 'immutable' : 'no-cache');
  }
});

test('each build of the runtime is there once, and no other', () => {
  const wasm = readdirSync(join(DIST, 'assets')).filter((name) => name.endsWith('.wasm'));
  const builds = wasm.map((name) => name.replace(/-[\w-]{8}\.wasm$/, '')).sort();
  expect(builds).toEqual([
    'ort-wasm-simd-threaded',
    'ort-wasm-simd-threaded.asyncify',
    'ort-wasm-simd-threaded.jspi',
  ]);
});

test('unknown paths and paths out of the folder are refused', async ({ site, request }) => {
  for (const path of ['missing', 'assets/', '.sources', '%2e%2e/package.json', '..%2fpackage.json']) {
    expect((await request.get(site.url + path)).status(), path).toBe(404);
  }
});

test('the page is cross-origin isolated and asks for nothing from elsewhere', async ({
  page,
  openApp,
  site,
}) => {
  const elsewhere: string[] = [];
  await page.route('**/*', (route) => {
    const url = route.request().url();
    if (!url.startsWith(site.url) && !/^(blob|data):/.test(url)) elsewhere.push(url);
    return route.continue();
  });
  await openApp(page);
  await expect(page.getByRole('heading').first()).toBeVisible();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(elsewhere).toEqual([]);
});

test('the policy stops the page and the worker from reaching another host', async ({ page, site }) => {
  /** Runs in the page or the worker: which directive stopped a request, or how it ended. */
  const probe = (): Promise<string> =>
    new Promise((resolve) => {
      self.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
      fetch('https://elsewhere.invalid/').then(
        () => resolve('reached'),
        () => setTimeout(() => resolve('failed without a violation'), 1000),
      );
    });
  await page.goto(`${site.url}harness.html`);
  expect(await page.evaluate(probe)).toBe('connect-src');
  // Any call starts the worker; this one fails for want of a pack.
  const started = page.waitForEvent('worker');
  const load = {
    pack: { kind: 'url', url: 'missing', cache: false },
    backend: 'wasm',
    activations: 'auto',
  } as const;
  await expect(page.evaluate((params) => window.rounds.load(params), load)).rejects.toThrow(
    'download_failed',
  );
  expect(await (await started).evaluate(probe)).toBe('connect-src');
});

test('it works as static files in a folder of a host that sets no headers', async ({ page }) => {
  const host = await serve({ root: DIST, base: '/some/folder/', plain: true });
  try {
    await page.goto(host.url);
    await expect(page.getByRole('heading').first()).toBeVisible();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    // From the second visit on the service worker adds what the host does not send.
    const response = await page.reload();
    expect(response?.headers()['content-security-policy']).toContain("default-src 'none'");
    await expect(page.getByRole('heading').first()).toBeVisible();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  } finally {
    await host.close();
  }
});

test('the app shell opens when the host is gone', async ({ page }) => {
  const host = await serve({ root: DIST, base: '/some/folder/' });
  await page.goto(host.url);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await host.close();
  await page.reload();
  await expect(page.getByRole('heading').first()).toBeVisible();
});
