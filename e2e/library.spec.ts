/** The library on the built site in a real browser, when things go wrong: killed, crowded, cleared, in two tabs. */
import type { CDPSession, Page } from '@playwright/test';
import { makeProfile, startBrowser, type OwnBrowser } from './faults/ownBrowser';
import {
  add,
  call,
  seeded,
  shards,
  storedHashes,
  test,
  wantedHashes,
  watchStored,
} from './faults/libraryCalls';
import { makeTestPack } from './faults/testPack';
import { expect } from './fixtures';

const MIB = 2 ** 20;

test.describe.configure({ timeout: 600_000 });
/** First visits. */
test.use({ fresh: true });

for (const { kills, details } of [
  { kills: 4, details: {} },
  { kills: 20, details: { tag: '@long' } },
]) {
  test(
    `a browser killed at ${kills} moments of a download loses at most one shard each time`,
    details,
    async ({ site, host }) => {
      const pack = makeTestPack({ shards: 72, shardBytes: MIB / 2 });
      host.files = new Map(pack.files);
      const profile = await makeProfile();
      const random = seeded(20);
      const losses: number[] = [];
      let acknowledged = new Set<string>();
      let browser: OwnBrowser | null = null;
      const open = async (): Promise<Page> => {
        browser = await startBrowser(profile.path);
        const page = await browser.context.newPage();
        page.on('console', (message) => {
          const [, keys] = /^stored (.*)$/.exec(message.text()) ?? [];
          if (keys) acknowledged = new Set(JSON.parse(keys) as string[]);
        });
        await page.goto(`${site.url}harness.html`);
        return page;
      };
      try {
        for (let kill = 0; kill < kills; kill++) {
          const page = await open();
          const { models } = await call(page, 'list', {});
          const present =
            models.length > 0 ? new Set(Object.keys(await storedHashes(page, pack.hash))) : new Set();
          losses.push([...acknowledged].filter((file) => !present.has(file)).length);
          host.requests.clear();
          host.pace = 8 * MIB;
          await page.evaluate(watchStored, `rounds-pack-${pack.hash}`);
          const target = Math.floor((0.05 + random() * 2) * MIB);
          let from: number | null = null;
          const reached = new Promise<void>((resolve) => {
            host.onSent = (sent) => {
              from ??= sent;
              if (sent - from >= target) resolve();
            };
          });
          const adding = add(page, host).catch(() => null);
          await Promise.race([reached, adding]);
          await new Promise((resolve) => setTimeout(resolve, random() * 60));
          await browser!.kill();
          host.onSent = null;
          expect(await adding, 'it was not complete before the last kill').toBeNull();
          for (const [file] of shards(host.requests))
            expect(present.has(file), `${file} was finished`).toBe(false);
        }
        const page = await open();
        host.requests.clear();
        host.pace = null;
        const present = Object.keys(await storedHashes(page, pack.hash));
        losses.push([...acknowledged].filter((file) => !present.includes(file)).length);
        await add(page, host);
        for (const [file] of shards(host.requests)) expect(present).not.toContain(file);
        expect(await storedHashes(page, pack.hash)).toEqual(wantedHashes(pack));
        expect(await call(page, 'verify', { modelId: pack.hash })).toEqual({ intact: 72, damaged: [] });
        expect(present.length, 'the kills fell within the download').toBeGreaterThan(kills / 4);
        expect(Math.max(...losses), `shards lost by each kill: ${losses.join(' ')}`).toBeLessThanOrEqual(1);
      } finally {
        await (browser as OwnBrowser | null)?.kill();
        await profile.remove();
      }
    },
  );
}

test('one tab downloads, another follows, and takes over when the first is closed', async ({
  context,
  site,
  host,
}) => {
  const pack = makeTestPack({ shards: 12, shardBytes: MIB });
  host.files = new Map(pack.files);
  host.pace = 3 * MIB;
  const [first, second] = [await context.newPage(), await context.newPage()];
  for (const page of [first, second]) await page.goto(`${site.url}harness.html`);
  const lost = add(first, host).catch(() => null);
  await expect.poll(() => shards(host.requests).length).toBeGreaterThan(1);
  const taken = add(second, host);
  const state = () => second.evaluate(() => window.rounds.jobs()[0]);
  await expect.poll(async () => (await state())?.phase).toBe('elsewhere');
  await expect.poll(async () => (await state())?.doneBytes ?? 0).toBeGreaterThan(2 * MIB);
  await first.close();
  await lost;
  await expect.poll(async () => (await state())?.phase).toBe('downloading');
  host.pace = null;
  expect(await taken).toMatchObject({ complete: true, id: pack.hash });
  expect(await storedHashes(second, pack.hash)).toEqual(wantedHashes(pack));
  // Those that were under way when the tab closed were asked for again, no others.
  expect(shards(host.requests).filter(([, count]) => count > 1).length).toBeLessThanOrEqual(3);
  expect(Math.max(...shards(host.requests).map(([, count]) => count))).toBe(2);
});

test('a full disk is reported, stored shards stay, and the download continues later', async ({
  page,
  site,
  host,
}) => {
  const pack = makeTestPack({ shards: 12, shardBytes: MIB });
  host.files = new Map(pack.files);
  await page.goto(`${site.url}harness.html`);
  const devtools = await page.context().newCDPSession(page);
  const origin = new URL(site.url).origin;
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 6 * MIB });
  await expect(add(page, host)).rejects.toThrow('storage_quota');
  const { models, jobs } = await call(page, 'list', {});
  expect(jobs).toMatchObject([{ phase: 'failed', error: { code: 'storage_quota' } }]);
  expect(models[0]?.storedShards).toBeGreaterThan(1);
  expect(models[0]?.storedShards).toBeLessThan(7);
  const kept = Object.keys(await storedHashes(page, pack.hash));
  await devtools.send('Storage.overrideQuotaForOrigin', { origin });
  host.requests.clear();
  expect(await add(page, host)).toMatchObject({ complete: true });
  for (const file of kept) expect(host.requests.has(file)).toBe(false);
  expect(await storedHashes(page, pack.hash)).toEqual(wantedHashes(pack));
});

/** What the browser's own "clear site data" does. */
async function clearStorage(devtools: CDPSession, origin: string): Promise<void> {
  await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
}

test('storage that is cleared underneath is filled again', async ({ page, site, host }) => {
  const pack = makeTestPack({ shards: 12, shardBytes: MIB });
  host.files = new Map(pack.files);
  host.pace = 6 * MIB;
  await page.goto(`${site.url}harness.html`);
  const devtools = await page.context().newCDPSession(page);
  const adding = add(page, host);
  await expect.poll(() => shards(host.requests).length).toBeGreaterThan(5);
  await clearStorage(devtools, new URL(site.url).origin);
  expect(await adding).toMatchObject({ complete: true });
  expect(await storedHashes(page, pack.hash)).toEqual(wantedHashes(pack));
  expect((await call(page, 'list', {})).models).toMatchObject([{ id: pack.hash, complete: true }]);
  // Cleared when it is complete, it is no longer listed, and can be downloaded again.
  await clearStorage(devtools, new URL(site.url).origin);
  expect(await call(page, 'list', {})).toEqual({ models: [], jobs: [] });
  host.pace = null;
  expect(await add(page, host)).toMatchObject({ complete: true });
});

test('deleting gives the space back', async ({ page, site, host }) => {
  const pack = makeTestPack({ shards: 12, shardBytes: MIB });
  host.files = new Map(pack.files);
  await page.goto(`${site.url}harness.html`);
  const usage = async (): Promise<number> => (await call(page, 'storage', {})).usage ?? 0;
  const before = await usage();
  await add(page, host);
  expect((await usage()) - before).toBeGreaterThan(11 * MIB);
  await call(page, 'delete', { modelId: pack.hash });
  await expect.poll(usage).toBeLessThan(before + MIB);
});
