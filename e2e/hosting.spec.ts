/** The built site on different kinds of hosts: what must work wherever somebody puts the folder. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from './fixtures';
import { DIST } from '../src/cli/build.mjs';
import { serve } from '../src/cli/staticServer.mjs';
import { startFaultServer } from './faults/faultServer';

/** First visits. */
test.use({ fresh: true });

test('the page, its scripts and its wasm files carry headers and types', async ({ site, request }) => {
  const assets = readdirSync(join(DIST, 'assets')).map((name) => `assets/${name}`);
  const types: Record<string, string> = {
    js: 'text/javascript',
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
  const names = readdirSync(join(DIST, 'assets')).filter((name) => /^ort-.*\.(bin|wasm)$/.test(name));
  const builds = names.map((name) => name.replace(/-[\w-]{8}\.bin$/, '')).sort();
  expect(builds).toEqual([
    'ort-wasm-simd-threaded',
    'ort-wasm-simd-threaded.asyncify',
    'ort-wasm-simd-threaded.jspi',
  ]);
});

test('every script is named .js: hosts do not know .mjs', () => {
  const names = readdirSync(DIST, { recursive: true, encoding: 'utf8' });
  expect(names.filter((name) => name.endsWith('.mjs'))).toEqual([]);
  expect(names.filter((name) => /ort-wasm-simd-threaded[^/]*\.js$/.test(name))).toHaveLength(3);
});

// WebKit evaluates the script of a worker again when a chunk imports it: two handlers then answer every message.
test('no chunk imports the script of a worker', () => {
  const assets = join(DIST, 'assets');
  const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
  const importers = scripts.filter((name) =>
    /(from|import\()\s*["'`]\.\/[^"'`]*worker-[\w-]+\.js/.test(readFileSync(join(assets, name), 'utf8')),
  );
  expect(scripts.filter((name) => name.includes('.worker-')).length).toBeGreaterThan(2);
  expect(importers).toEqual([]);
});

test('no file is larger than hosts with a limit of 25 MiB take', () => {
  const files = readdirSync(DIST, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(20);
  for (const { parentPath, name } of files) {
    expect(statSync(join(parentPath, name)).size, name).toBeLessThan(25 * 1024 * 1024);
  }
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

/** Runs in the page or a worker: which directive stopped a request, or how it ended. */
function reach(url: string): Promise<string> {
  return new Promise((resolve) => {
    self.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), {
      once: true,
    });
    fetch(url).then(
      () => resolve('reached'),
      () => setTimeout(() => resolve('failed without a violation'), 1000),
    );
  });
}

test('only the library’s worker can reach another host', async ({ page, site }) => {
  const elsewhere = await startFaultServer();
  const url = `${elsewhere.url}file`;
  elsewhere.files.set('file', Uint8Array.of(1));
  try {
    await page.goto(`${site.url}harness.html`);
    expect(await page.evaluate(reach, url)).toBe('connect-src');

    // Any call starts the engine's worker; this one fails for want of a pack.
    const engine = page.waitForEvent('worker', (worker) => worker.url().includes('engine.worker'));
    const load = {
      pack: { kind: 'url', url: 'missing', cache: false },
      backend: 'wasm',
      activations: 'auto',
    } as const;
    await expect(page.evaluate((params) => window.rounds.load(params), load)).rejects.toThrow(
      'download_failed',
    );
    expect(await (await engine).evaluate(reach, url)).toBe('connect-src');

    const library = page.waitForEvent('worker', (worker) => worker.url().includes('library.worker'));
    await page.evaluate(() => window.rounds.library('list', {}));
    expect(await (await library).evaluate(reach, url)).toBe('reached');
    // Not in the clear beyond this machine, and no code from anywhere else.
    expect(await (await library).evaluate(reach, 'http://elsewhere.invalid/')).toBe('connect-src');
    expect(elsewhere.requests.get('file')).toBe(1);
  } finally {
    await elsewhere.close();
  }
});

function assetNamed(start: string): string {
  return readdirSync(join(DIST, 'assets')).find((name) => name.startsWith(start)) ?? '';
}

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
    // The library's worker gets the policy of its own from the service worker too.
    const policies = await page.evaluate(async (names) => {
      const of = async (name: string) =>
        (await fetch(`assets/${name}`)).headers.get('content-security-policy') ?? '';
      return Promise.all(names.map(of));
    }, ['library.worker', 'engine.worker'].map(assetNamed));
    expect(policies[0]).toContain("connect-src 'self' https:");
    expect(policies[1]).toContain("connect-src 'self';");
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
