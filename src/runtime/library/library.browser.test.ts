/** The library on the real IndexedDB, the real locks and real files. */
import { afterEach, describe, expect, it } from 'vitest';
import { runConversion } from '../../convert/convert';
import { planConversion } from '../../convert/plan';
import { memorySource, MemorySink, tinyFiles } from '../../convert/testing/testCheckpoint';
import { jobIdOf, type JobState, type ModelOrigin, type StoredModel } from '../../shared/library';
import { loadPack } from '../storage/packLoader';
import { openModelStorage } from '../storage/modelStorage';
import { openChannel } from './channel';
import { Library } from './library';
import { openLocks } from './locks';

const storage = openModelStorage();

function openLibrary(): { library: Library; told: JobState[]; models: () => StoredModel[] } {
  const told: JobState[] = [];
  let models: StoredModel[] = [];
  const library = new Library({
    storage,
    channel: openChannel(),
    locks: openLocks(),
    tab: crypto.randomUUID(),
    onJobs: (jobs) => told.push(...jobs),
    onModels: (list) => (models = list),
  });
  return { library, told, models: () => models };
}

const files = (lastModified = 1): File[] =>
  [...tinyFiles()].map(([name, bytes]) => new File([bytes as BlobPart], name, { lastModified }));
const origin: ModelOrigin = { kind: 'folder', name: 'tiny', weights: 'q4', recipe: 'plain' };

async function packDatabases(): Promise<string[]> {
  const names = (await indexedDB.databases()).map(({ name }) => name ?? '');
  return names.filter((name) => name.startsWith('rounds-pack-'));
}

afterEach(() => openLibrary().library.deleteAll());

describe('the library in a browser', () => {
  it('converts a folder into the command line’s shards, and reads, checks and repairs them', async () => {
    const sink = new MemorySink();
    const wanted = await planConversion(
      { ...memorySource(tinyFiles()), name: 'tiny', revision: null },
      { weights: 'q4', recipe: 'plain' },
    );
    await runConversion(wanted, sink);
    const { library, told } = openLibrary();
    const plan = await library.plan({ origin, access: { files: files() } });
    expect(plan).toMatchObject({ downloadBytes: 0, presentBytes: 0, name: 'tiny', weights: 'q4 (plain)' });
    expect(await packDatabases()).toEqual([]);
    const model = await library.add({ origin, access: { files: files() } });
    expect(model).toMatchObject({ complete: true, totalBytes: plan.packBytes });
    expect(told.map(({ phase }) => phase)).toEqual(
      expect.arrayContaining(['planning', 'converting', 'done']),
    );
    for (const [file, bytes] of sink.files) {
      expect(await storage.shards(model.id).get(file)).toEqual(bytes.buffer);
    }

    const pack = await loadPack({ kind: 'stored', id: model.id });
    expect(pack.packHash).toBe(model.packHash);
    expect(await pack.read({ offset: 0, length: 64 })).toEqual([...sink.files.values()][0]!.slice(0, 64));

    const { file } = pack.manifest.shards[0]!;
    await storage.shards(model.id).set(file, new ArrayBuffer(8));
    await expect(
      (await loadPack({ kind: 'stored', id: model.id })).read({ offset: 0, length: 1 }),
    ).rejects.toMatchObject({ code: 'integrity_mismatch' });
    await expect(loadPack({ kind: 'stored', id: model.id })).rejects.toMatchObject({ code: 'model_missing' });
    expect((await library.list()).jobs).toMatchObject([{ id: jobIdOf(origin), phase: 'paused' }]);
    await expect(library.add({ origin })).rejects.toMatchObject({ code: 'files_needed' });
    expect(await library.add({ origin, access: { files: files() } })).toMatchObject({
      packHash: model.packHash,
    });
  });

  it('distinguishes folders of the same name, and frees the space', async () => {
    const { library } = openLibrary();
    const first = await library.add({ origin, access: { files: files() } });
    const second = await library.add({ origin, access: { files: files(2) } });
    expect(second.id).not.toBe(first.id);
    expect(await packDatabases()).toHaveLength(2);
    await library.delete({ modelId: first.id });
    expect(await packDatabases()).toEqual([`rounds-pack-${second.id}`]);
    await library.deleteAll();
    expect(await packDatabases()).toEqual([]);
    expect((await library.list()).models).toEqual([]);
  });

  it('shows every tab what is stored, and when it was used', async () => {
    const [here, there] = [openLibrary(), openLibrary()];
    const { id } = await here.library.add({ origin, access: { files: files() } });
    await expect.poll(() => there.models().map((model) => model.id)).toEqual([id]);
    expect(there.models()[0]?.usedAt).toBeNull();
    const channel = openChannel();
    const pack = await loadPack({ kind: 'stored', id }, { onStored: () => channel.post({ type: 'models' }) });
    await expect.poll(() => there.models()[0]?.usedAt).not.toBeNull();
    expect(pack.fromCache).toBe(true);
    channel.close();
  });

  it('carries a pack as one file through the browser’s own blobs', async () => {
    const { library } = openLibrary();
    const { id } = await library.add({ origin, access: { files: files() } });
    const { file, name } = await library.export({ modelId: id });
    const { packHash } = (await library.list()).models[0]!;
    await library.deleteAll();
    const imported = await library.import({ files: [new File([file!], name)] });
    expect(imported).toMatchObject({ id: packHash, complete: true });
  });

  it('writes a folder that imports again', async () => {
    const { library } = openLibrary();
    const { id } = await library.add({ origin, access: { files: files() } });
    const directory = await navigator.storage.getDirectory();
    const { name } = await library.export({ modelId: id, directory });
    const folder = await directory.getDirectoryHandle(name);
    const written: File[] = [];
    for await (const handle of (
      folder as unknown as { values(): AsyncIterable<FileSystemFileHandle> }
    ).values()) {
      written.push(await handle.getFile());
    }
    expect(written.map((file) => file.name).sort()).toEqual(['pack.json', 'shard-00000.bin']);
    await library.deleteAll();
    expect(await library.import({ files: written })).toMatchObject({ complete: true });
    await directory.removeEntry(name, { recursive: true });
  });

  it('reports what the browser says about storage', async () => {
    const report = await openLibrary().library.storage();
    expect(report).toMatchObject({ persisted: false, isPrivate: false });
    expect(report.quota).toBeGreaterThan(report.usage ?? NaN);
  });
});
