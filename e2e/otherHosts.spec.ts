/** The page on hosts that were not set up for it: it works, or says in one sentence what to set. */
import type { Page } from '@playwright/test';
import { RoundsPage } from './fake/pageObject';
import { NGINX, PYTHON, startHost, withPolicy, type HostBehaviour } from './faults/otherHosts';
import { expect, test } from './fixtures';

/** First visits. */
test.use({ fresh: true });

async function visit(page: Page, behaviour: HostBehaviour, check: () => Promise<void>): Promise<void> {
  const host = await startHost(behaviour);
  try {
    await page.goto(`${host.url}?backend=wasm`);
    await check();
  } finally {
    await host.close();
  }
}

const panel = (page: Page) => page.getByRole('group', { name: 'Error' }).first();

for (const [name, behaviour] of [
  ['nginx of Debian', NGINX],
  ['python3 -m http.server', PYTHON],
] as const) {
  test(`${name}: the page answers a question`, async ({ page }) => {
    await visit(page, behaviour, async () => {
      const rounds = new RoundsPage(page);
      await rounds.modelReady();
      await rounds.takeSample(/^Head CT/);
      await rounds.ask.click();
      await rounds.askAgain.waitFor();
      await expect(rounds.reasoning.getByRole('listitem').filter({ hasText: 'chosen' })).toBeVisible();
    });
  });
}

const STYLES = "style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:";

test('a policy that is enough lets the page start', async ({ page }) => {
  const policy = `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; ${STYLES}`;
  await visit(page, withPolicy(policy), () => new RoundsPage(page).modelReady());
});

const BLOCKED: readonly [what: string, behaviour: HostBehaviour, says: string][] = [
  [
    'a policy without wasm-unsafe-eval',
    withPolicy(`default-src 'self'; ${STYLES}`),
    "blocks WebAssembly: its script-src must contain 'wasm-unsafe-eval'",
  ],
  [
    'a policy that allows no workers',
    withPolicy(`default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'; ${STYLES}`),
    "blocks workers: its worker-src must contain 'self'",
  ],
  [
    'a policy that allows no connections',
    withPolicy(`default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; ${STYLES}`),
    "blocks downloads from the host itself: its connect-src must contain 'self'",
  ],
  [
    'a host that sends an embedder policy with the page only',
    {
      ...NGINX,
      headers: (path): Record<string, string> =>
        path === '/'
          ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
          : {},
    },
    'sends Cross-Origin-Embedder-Policy with the page but not with',
  ],
  [
    'a host without the worker’s script',
    { ...NGINX, missing: /engine\.worker/ },
    'answers 404 for engine.worker',
  ],
];

for (const [what, behaviour, says] of BLOCKED) {
  test(`${what}: the page says what to set`, async ({ page, pageErrors }) => {
    await visit(page, behaviour, async () => {
      await expect(panel(page)).toContainText('The host of this page blocks a part that it needs.');
      await expect(panel(page)).toContainText(says);
    });
    pageErrors.length = 0;
  });
}

test('scripts with a wrong type: the page says so without any script', async ({ page, pageErrors }) => {
  const behaviour = { ...NGINX, types: { ...NGINX.types, '.js': 'text/plain' } };
  await visit(page, behaviour, async () => {
    await expect(page.getByText('the host must send .js files as text/javascript')).toBeVisible({
      timeout: 20_000,
    });
  });
  pageErrors.length = 0;
});
