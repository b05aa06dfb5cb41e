/**
 * The whole way with the real library and the real engine: a model from another host, fetched or converted, used, kept
 * over a visit, and deleted. Both hosts are on this machine.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from '@playwright/test';
import { openLoopbackHub } from '../src/cli/rehearsal/loopbackHub';
import { RoundsPage } from './fake/pageObject';
import { startFaultServer, type FaultServer } from './faults/faultServer';
import { expect, test } from './fixtures';

test.describe.configure({ timeout: 600_000 });
/** First visits. */
test.use({ fresh: true });

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const MINI = path('../public/models/rounds-mini');
const CHECKPOINT = path('../models/goldens/vectors/checkpoints/qwen2_vl');

/** The embedded pack under another name, so that it is another model to the library. */
function putPack(host: FaultServer, folder: string): void {
  const manifest = JSON.parse(readFileSync(join(MINI, 'pack.json'), 'utf8')) as Record<string, unknown> & {
    source: Record<string, unknown>;
    shards: { file: string }[];
  };
  const renamed = {
    ...manifest,
    name: 'stored-copy',
    source: { ...manifest.source, repo: 'someone/stored-copy' },
  };
  host.files.set(`${folder}/pack.json`, new TextEncoder().encode(JSON.stringify(renamed)));
  for (const { file } of manifest.shards) host.files.set(`${folder}/${file}`, readFileSync(join(MINI, file)));
}

async function lookAt(library: Locator, address: string): Promise<void> {
  await library.getByRole('textbox', { name: 'Hub name or pack address' }).fill(address);
  await library.getByRole('button', { name: 'Check', exact: true }).click();
  await library.getByRole('button', { name: 'Download', exact: true }).waitFor();
}

const chip = (page: Page, name: string): Locator =>
  page.getByRole('button', { name: new RegExp(`^${name}\\s.*about the model`) });

/** Databases of the browser that hold shards: what is deleted has to be gone from here. */
const shardDatabases = (page: Page): Promise<string[]> =>
  page.evaluate(async () =>
    (await indexedDB.databases())
      .map(({ name }) => name ?? '')
      .filter((name) => name.startsWith('rounds-pack-')),
  );

test('a pack of another host is fetched, used, kept and deleted', async ({ page, openApp }) => {
  const host = await startFaultServer();
  putPack(host, 'published');
  try {
    await openApp(page, { backend: 'wasm' });
    const rounds = new RoundsPage(page);
    await rounds.modelReady();
    const before = await shardDatabases(page);
    const library = await rounds.openLibrary();
    await lookAt(library, `${host.url}published/`);
    await expect(library.getByText('3.8 MB to download')).toBeVisible();
    // Looking fetches the manifest and no weight.
    expect([...host.requests.keys()]).toEqual(['published/pack.json']);
    await library.getByRole('button', { name: 'Download', exact: true }).click();
    const use = library.getByRole('button', { name: /^Use\s*stored-copy/ });
    await use.click();
    await page.keyboard.press('Escape');
    await expect(chip(page, 'stored-copy')).toBeVisible();

    // The next visit uses it again, from this browser: its host is asked for nothing.
    const asked = [...host.requests.values()].reduce((sum, count) => sum + count, 0);
    await page.reload();
    await rounds.modelReady();
    await expect(chip(page, 'stored-copy')).toBeVisible();
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await rounds.askAgain.waitFor({ timeout: 300_000 });
    await expect(rounds.reasoning.getByRole('listitem').filter({ hasText: 'chosen' })).toBeVisible();
    expect([...host.requests.values()].reduce((sum, count) => sum + count, 0)).toBe(asked);

    await rounds.openLibrary();
    await library.getByRole('button', { name: /^Verify.*stored-copy/ }).click();
    await expect(library.getByText('Verified: its only part is intact.')).toBeVisible();
    await library.getByRole('button', { name: /^Delete….*stored-copy/ }).click();
    await library.getByRole('button', { name: 'Delete', exact: true }).click();
    await expect(use).toHaveCount(0);
    await page.keyboard.press('Escape');
    await expect(chip(page, 'rounds-mini')).toBeVisible();
    await expect.poll(() => shardDatabases(page)).toEqual(before);
  } finally {
    await host.close();
  }
});

test('a pack whose host sends one wrong bit is not stored, and the page says so', async ({
  page,
  openApp,
}) => {
  const host = await startFaultServer();
  putPack(host, 'published');
  const [shard = ''] = [...host.files.keys()].filter((name) => name.endsWith('.bin'));
  host.fail(shard, [{ kind: 'flip' }], true);
  try {
    await openApp(page, { backend: 'wasm' });
    const rounds = new RoundsPage(page);
    await rounds.modelReady();
    const library = await rounds.openLibrary();
    await lookAt(library, `${host.url}published`);
    await library.getByRole('button', { name: 'Download', exact: true }).click();
    await expect(library.getByText('Part of the model is damaged.')).toBeVisible({
      timeout: 300_000,
    });
    // The host repairs it; nothing has to be entered again.
    host.fail(shard, [null], true);
    await library.getByRole('button', { name: /^Try again/ }).click();
    await expect(library.getByRole('button', { name: /^Use\s*stored-copy/ })).toBeVisible();
  } finally {
    await host.close();
  }
});

test('a checkpoint of a hub is converted here, answers, and is deleted', async ({ page, openApp }) => {
  const files = readdirSync(CHECKPOINT).filter((name) => !name.startsWith('.'));
  const hub = await openLoopbackHub('someone/tiny', CHECKPOINT, files);
  try {
    await openApp(page, { backend: 'wasm' });
    const rounds = new RoundsPage(page);
    await rounds.modelReady();
    const library = await rounds.openLibrary();
    await library.getByText('Hub address and access token').click();
    const address = library.getByRole('textbox', { name: 'Address of the hub or a mirror' });
    await address.fill(hub.endpoint);
    await address.blur();
    await lookAt(library, 'someone/tiny');
    // The branch was pinned to a commit before anything of it is fetched.
    await expect(library.getByText(/^Commit [0-9a-f]{12}$/)).toBeVisible();
    await library.getByRole('button', { name: 'Download', exact: true }).click();
    await library.getByRole('button', { name: /^Use\s*tiny/ }).click();
    await page.keyboard.press('Escape');
    await expect(chip(page, 'tiny')).toBeVisible();
    await chip(page, 'tiny').click();
    const card = page.getByRole('dialog', { name: 'tiny' });
    await expect(card.getByText('This model isn’t in the catalogue')).toBeVisible();
    await expect(card.getByText(/^someone\/tiny @ [0-9a-f]{40}$/)).toBeVisible();
    await page.keyboard.press('Escape');

    // Its weights are random, so what it writes is as well; that it writes is what counts.
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await rounds.askAgain.waitFor({ timeout: 300_000 });
    await expect(rounds.reasoning.getByText(/^[1-9]\d* tokens$/)).toBeVisible();

    const databases = await shardDatabases(page);
    await rounds.openLibrary();
    await library.getByRole('button', { name: /^Delete….*tiny/ }).click();
    await library.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.keyboard.press('Escape');
    await expect(chip(page, 'rounds-mini')).toBeVisible();
    await expect.poll(async () => (await shardDatabases(page)).length).toBe(databases.length - 1);
  } finally {
    await hub.close();
  }
});
