/** Paused and failed jobs: what they are, that they stay visible, and what cancelling them removes. */
import { describe, expect, it } from 'vitest';
import { makeTestPack } from '../../../e2e/faults/testPack';
import { until, useTestBrowser } from '../../../e2e/faults/testTabs';
import { jobIdOf } from '../../shared/library';

const browser = useTestBrowser();
const makeFile = (content: BlobPart, name: string): File =>
  Object.assign(new File([content], name), { webkitRelativePath: '' });
const pack = makeTestPack({ shards: 6, seed: 9 });

describe('a job says what it is', () => {
  it('for this visit only: it stays visible when paused, and continues with what is missing', async () => {
    const origin = browser().serve(pack, 'p');
    const { library } = browser().openTab();
    const jobId = jobIdOf(origin);
    browser().server.pace = 400_000;
    const stopped = expect(library.addForSession({ origin })).rejects.toMatchObject({ code: 'aborted' });
    await until(() => browser().server.requests.size > 4);
    await library.pause({ jobId });
    await stopped;
    expect(await library.list()).toMatchObject({
      models: [],
      jobs: [{ id: jobId, kind: 'session', phase: 'paused' }],
    });
    browser().server.pace = null;
    const before = browser().shardRequests('p')[0]!;
    const made = await library.addForSession({ origin });
    expect(made.shards).toHaveLength(6);
    expect(browser().shardRequests('p')[0]).toBe(before);
    expect((await library.list()).jobs).toEqual([]);
  });

  it('for this visit only: cancelled, it is gone', async () => {
    const origin = browser().serve(pack, 'p');
    const { library } = browser().openTab();
    browser().server.pace = 400_000;
    const stopped = expect(library.addForSession({ origin })).rejects.toMatchObject({ code: 'aborted' });
    await until(() => browser().server.requests.size > 4);
    await library.pause({ jobId: jobIdOf(origin) });
    await stopped;
    await library.cancel({ jobId: jobIdOf(origin) });
    expect((await library.list()).jobs).toEqual([]);
  });

  it('an import, also after a reload; complete in another tab, it is no longer listed', async () => {
    const { library } = browser().openTab();
    const files = [...pack.files].map(([name, bytes]) => makeFile(bytes, name));
    const some = files.filter(({ name }) => name !== 'shard-00004.bin');
    await expect(library.import({ files: some })).rejects.toMatchObject({
      code: expect.any(String) as string,
    });
    expect((await library.list()).jobs).toMatchObject([
      { kind: 'import', phase: 'failed', modelId: pack.hash },
    ]);
    const later = browser().openTab();
    expect((await later.library.list()).jobs).toMatchObject([{ kind: 'import', phase: 'paused' }]);
    await later.library.import({ files });
    expect((await later.library.list()).jobs).toEqual([]);
  });

  it('verifying and exporting; cancelling one that failed removes no model', async () => {
    const origin = browser().serve(pack, 'p');
    const { library } = browser().openTab();
    await library.add({ origin });
    await browser().storage.shards(pack.hash).set('shard-00002.bin', new ArrayBuffer(4));
    await expect(library.export({ modelId: pack.hash })).rejects.toMatchObject({
      code: 'integrity_mismatch',
    });
    expect((await library.list()).jobs).toMatchObject([{ kind: 'export', phase: 'failed' }]);
    await library.verify({ modelId: pack.hash });
    await library.cancel({ jobId: `exporting:${pack.hash}` });
    const { models, jobs } = await library.list();
    expect(models).toMatchObject([{ id: pack.hash, storedShards: 5, complete: false }]);
    expect(jobs).toMatchObject([{ kind: 'store', phase: 'paused' }]);
  });
});
