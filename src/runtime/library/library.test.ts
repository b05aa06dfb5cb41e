import { describe, expect, it } from 'vitest';
import { makeTestPack, sha256 } from '../../../e2e/faults/testPack';
import { until, useTestBrowser } from '../../../e2e/faults/testTabs';
import { jobIdOf } from '../../shared/library';
import { loadPack } from '../storage/packLoader';

const browser = useTestBrowser();

describe('adding a pack', () => {
  const pack = makeTestPack({ shards: 6 });

  it('plans, fetches and lists it, and fetches nothing again', async () => {
    const origin = browser().serve(pack, 'p');
    const { library, phases } = browser().openTab();
    const plan = await library.plan({ origin });
    expect(plan).toMatchObject({ packBytes: pack.manifest.totalBytes, downloadBytes: plan.packBytes });
    expect(plan).toMatchObject({ presentBytes: 0, largestTensorBytes: plan.packBytes });
    const model = await library.add({ origin });
    expect(model).toMatchObject({ id: pack.hash, packHash: pack.hash, complete: true, storedShards: 6 });
    await browser().expectStored(pack);
    expect(phases(jobIdOf(origin))).toEqual(['planning', 'downloading', 'done']);
    expect(await library.list()).toEqual({ models: [model], jobs: [] });
    expect(await library.add({ origin })).toEqual(model);
    expect(browser().shardRequests('p')).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('pauses, lists the job at rest, and continues with what is missing', async () => {
    const origin = browser().serve(pack, 'p');
    const { library, jobs: _, ...tab } = browser().openTab();
    const jobId = jobIdOf(origin);
    browser().server.pace = 400_000;
    const stopped = expect(library.add({ origin })).rejects.toMatchObject({ code: 'aborted' });
    await until(() => browser().server.requests.size > 4);
    await library.pause({ jobId });
    await stopped;
    const { models, jobs } = await library.list();
    expect(models).toMatchObject([{ complete: false, packHash: null }]);
    expect(models[0]!.storedShards).toBeGreaterThan(0);
    expect(jobs).toMatchObject([
      { id: jobId, phase: 'paused', doneBytes: models[0]!.storedBytes, error: null },
    ]);
    const plan = await library.plan({ origin });
    expect(plan.presentBytes).toBe(models[0]!.storedBytes);
    expect(plan.downloadBytes).toBe(pack.manifest.totalBytes - plan.presentBytes);
    const before = [...(await browser().storage.shards(pack.hash).keys())];
    browser().server.requests.clear();
    browser().server.pace = null;
    expect(await library.add({ origin })).toMatchObject({ complete: true });
    await browser().expectStored(pack);
    for (const file of before) expect(browser().server.requests.has(`p/${file}`)).toBe(false);
    expect(tab.phases(jobId)).toContain('paused');
  });

  it('cancels: what it stored is gone', async () => {
    const origin = browser().serve(pack, 'p');
    const { library } = browser().openTab();
    browser().server.pace = 400_000;
    const stopped = expect(library.add({ origin })).rejects.toMatchObject({ code: 'aborted' });
    await until(() => browser().server.requests.size > 4);
    await library.cancel({ jobId: jobIdOf(origin) });
    await stopped;
    expect(await library.list()).toEqual({ models: [], jobs: [] });
    expect(await browser().storage.storedIds()).toEqual([]);
  });

  it('says why it failed, keeps what is right, and can be tried again', async () => {
    const origin = browser().serve(pack, 'p');
    const { library } = browser().openTab();
    const last = pack.manifest.shards.at(-1)!.file;
    browser().server.fail(`p/${last}`, [{ kind: 'status', status: 403 }]);
    await expect(library.add({ origin })).rejects.toMatchObject({ code: 'download_failed' });
    const { models, jobs } = await library.list();
    expect(jobs).toMatchObject([{ phase: 'failed', error: { code: 'download_failed' } }]);
    expect(models).toMatchObject([{ complete: false }]);
    await library.add({ origin });
    await browser().expectStored(pack);
    expect((await library.list()).jobs).toEqual([]);
  });

  it('answers from what is stored when the host is gone', async () => {
    const origin = browser().serve(pack, 'p');
    const { library } = browser().openTab();
    const model = await library.add({ origin });
    browser().server.files.clear();
    expect(await library.add({ origin })).toEqual(model);
    const read = await loadPack({ kind: 'stored', id: model.id }, {}, () => browser().storage);
    expect(sha256(await read.read({ offset: 0, length: 1000 }))).toBe(
      sha256(pack.shards[0]!.subarray(0, 1000)),
    );
  });

  it('says within 5 s that a host is not there', async () => {
    const { library } = browser().openTab();
    const started = performance.now();
    const gone = library.plan({ origin: { kind: 'pack', url: 'http://127.0.0.1:1/' } });
    await expect(gone).rejects.toMatchObject({ code: 'host_unreachable' });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('refuses addresses that it may not reach', async () => {
    const { library } = browser().openTab();
    for (const url of ['http://example.com/pack/', 'file:///etc/', 'pack/', 'javascript:0']) {
      await expect(library.plan({ origin: { kind: 'pack', url } })).rejects.toMatchObject({
        code: 'address_invalid',
      });
    }
  });

  it('fills storage again that was cleared underneath', async () => {
    const origin = browser().serve(pack, 'p');
    const { library } = browser().openTab();
    let isCleared = false;
    browser().server.onSent = () => {
      if (isCleared || (browser().server.requests.get('p/shard-00005.bin') ?? 0) === 0) return;
      isCleared = true;
      void browser().storage.shards(pack.hash).delete('shard-00000.bin');
    };
    expect(await library.add({ origin })).toMatchObject({ complete: true });
    await browser().expectStored(pack);
    expect(isCleared).toBe(true);
  });
});

describe('two tabs', () => {
  const pack = makeTestPack({ shards: 6, seed: 2 });

  it('one downloads, the other follows and gets the same model', async () => {
    const origin = browser().serve(pack, 'p');
    const [first, second] = [browser().openTab(), browser().openTab()];
    browser().server.pace = 600_000;
    const adding = first.library.add({ origin });
    await until(() => browser().server.requests.size > 2);
    const following = second.library.add({ origin });
    await until(() => second.jobs.some(({ phase, doneBytes }) => phase === 'elsewhere' && doneBytes > 0));
    browser().server.pace = null;
    expect(await following).toEqual(await adding);
    expect(browser().shardRequests('p')).toEqual([1, 1, 1, 1, 1, 1]);
    await until(() => first.models.length === 1 && second.models.length === 1);
  });

  it('a tab that only looks sees the job, pauses it, and cancels it', async () => {
    const origin = browser().serve(pack, 'p');
    const [first, second] = [browser().openTab(), browser().openTab()];
    const jobId = jobIdOf(origin);
    browser().server.pace = 400_000;
    const paused = expect(first.library.add({ origin })).rejects.toMatchObject({ code: 'aborted' });
    await until(() => second.jobs.some(({ id, doneBytes }) => id === jobId && doneBytes > 0));
    await second.library.pause({ jobId });
    await paused;
    await until(() => second.jobs.some(({ id, phase }) => id === jobId && phase === 'paused'));
    await second.library.cancel({ jobId });
    expect(await first.library.list()).toEqual({ models: [], jobs: [] });
  });
});
