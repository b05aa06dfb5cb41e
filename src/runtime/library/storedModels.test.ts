import { describe, expect, it } from 'vitest';
import { makeTestPack, sha256 } from '../../../e2e/faults/testPack';
import { useTestBrowser } from '../../../e2e/faults/testTabs';
import { loadPack } from '../storage/packLoader';

const browser = useTestBrowser();

/** Node's File knows no folders. */
const makeFile = (content: BlobPart, name: string): File =>
  Object.assign(new File([content], name), { webkitRelativePath: '' });

describe('carrying a pack', () => {
  const pack = makeTestPack({ shards: 3, seed: 3 });
  const folder = (files: Map<string, Uint8Array<ArrayBuffer>>): File[] =>
    [...files].map(([name, bytes]) => makeFile(bytes, name));

  it('exports one file that imports elsewhere, and says what it was', async () => {
    const origin = browser().serve(pack, 'p');
    const first = browser().openTab();
    const { id } = await first.library.add({ origin });
    const { file, name } = await first.library.export({ modelId: id });
    expect(name).toBe('test-3-f32.zip');
    browser().leave();
    const { library } = browser().openTab();
    const model = await library.import({ files: [makeFile(file!, name)] });
    expect(model).toMatchObject({ id, complete: true, origin: { kind: 'import', name } });
    await browser().expectStored(pack);
  });

  it('imports the files of a folder', async () => {
    const { library, phases } = browser().openTab();
    const files = [...folder(pack.files), makeFile('x', 'README.md')];
    expect(await library.import({ files })).toMatchObject({ id: pack.hash, complete: true });
    expect(phases(`import:${files[0]!.name}`)).toEqual(['planning', 'importing', 'done']);
  });

  it('keeps nothing of a damaged shard, and takes the right one later', async () => {
    const { library } = browser().openTab();
    const bad = new Map(pack.files);
    const flipped = pack.shards[1]!.slice();
    flipped[5]! ^= 4;
    bad.set('shard-00001.bin', flipped);
    await expect(library.import({ files: folder(bad) })).rejects.toMatchObject({
      code: 'integrity_mismatch',
    });
    expect(await browser().storage.shards(pack.hash).keys()).toEqual(['shard-00000.bin']);
    bad.delete('shard-00001.bin');
    await expect(library.import({ files: folder(bad) })).rejects.toThrow('shard-00001.bin is missing');
    await library.import({ files: folder(pack.files) });
    await browser().expectStored(pack);
  });

  it('distinguishes a pack from other files', async () => {
    const { library } = browser().openTab();
    for (const files of [[], [makeFile('hello', 'a.txt')], [makeFile('PK\u0003\u0004junk', 'a.zip')]]) {
      await expect(library.import({ files })).rejects.toMatchObject({ code: 'pack_invalid' });
    }
  });
});

describe('stored models', () => {
  const pack = makeTestPack({ shards: 4, seed: 4 });
  const damage = async (file: string): Promise<void> =>
    browser().storage.shards(pack.hash).set(file, new Uint8Array(pack.shards[0]!.length).buffer);

  it('verifies: bad shards go, and adding again fetches only those', async () => {
    const origin = browser().serve(pack, 'p');
    const { library } = browser().openTab();
    const { id: modelId } = await library.add({ origin });
    expect(await library.verify({ modelId })).toEqual({ intact: 4, damaged: [] });
    await damage('shard-00001.bin');
    expect(await library.verify({ modelId })).toEqual({ intact: 3, damaged: ['shard-00001.bin'] });
    expect((await library.list()).models).toMatchObject([
      { complete: false, storedShards: 3, verifiedAt: null },
    ]);
    await expect(library.export({ modelId })).rejects.toMatchObject({ code: 'model_missing' });
    browser().server.requests.clear();
    await library.add({ origin });
    expect([...browser().server.requests.keys()].sort()).toEqual(['p/pack.json', 'p/shard-00001.bin']);
    await browser().expectStored(pack);
  });

  it('does not export damage', async () => {
    const { library } = browser().openTab();
    const { id: modelId } = await library.add({ origin: browser().serve(pack, 'p') });
    await damage('shard-00002.bin');
    await expect(library.export({ modelId })).rejects.toMatchObject({ code: 'integrity_mismatch' });
  });

  it('deletes one, and all', async () => {
    const { library } = browser().openTab();
    const other = makeTestPack({ seed: 5 });
    const { id: modelId } = await library.add({ origin: browser().serve(pack, 'p') });
    await library.add({ origin: browser().serve(other, 'q') });
    await library.delete({ modelId });
    expect((await library.list()).models).toMatchObject([{ id: other.hash }]);
    expect(await browser().storage.storedIds()).toEqual([other.hash]);
    await library.deleteAll();
    expect(await library.list()).toEqual({ models: [], jobs: [] });
    expect(await browser().storage.storedIds()).toEqual([]);
  });

  it('fetches for one session without storing', async () => {
    const { library } = browser().openTab();
    const session = await library.addForSession({ origin: browser().serve(pack, 'p') });
    expect(await browser().storage.storedIds()).toEqual([]);
    const read = await loadPack({ kind: 'session', pack: session });
    expect(read.packHash).toBe(pack.hash);
    const { totalBytes } = pack.manifest;
    expect(sha256(await read.read({ offset: 0, length: totalBytes }))).toBe(
      sha256(Buffer.concat(pack.shards)),
    );
  });
});
