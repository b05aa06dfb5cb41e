import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openFolderSink } from './folderSink';

let parent: string;
beforeEach(async () => void (parent = await mkdtemp(join(tmpdir(), 'rounds-sink-'))));
afterEach(() => rm(parent, { recursive: true }));

it('writes next to the target, which appears with the manifest', async () => {
  const sink = await openFolderSink(join(parent, 'a/pack'), false);
  expect(dirname(sink.folder)).toBe(join(parent, 'a'));
  expect(basename(sink.folder)).toMatch(/^\.pack\.partial-/);
  await sink.writeShard('shard-00000.bin', Uint8Array.of(7));
  expect(await readdir(join(parent, 'a'))).toEqual([basename(sink.folder)]);
  await sink.writeManifest('{}');
  expect(await readdir(join(parent, 'a'))).toEqual(['pack']);
  expect((await readdir(join(parent, 'a/pack'))).sort()).toEqual(['pack.json', 'shard-00000.bin']);
});

it('replaces a pack as a whole, and leaves it alone if aborted', async () => {
  const target = join(parent, 'pack');
  await mkdir(target);
  await writeFile(join(target, 'pack.json'), 'old');
  const aborted = await openFolderSink(target, true);
  await aborted.writeShard('shard-00000.bin', Uint8Array.of(7));
  await aborted.abort();
  expect(await readdir(parent)).toEqual(['pack']);
  expect(await readFile(join(target, 'pack.json'), 'utf8')).toBe('old');
  const sink = await openFolderSink(target, true);
  await sink.writeManifest('new');
  expect(await readdir(parent)).toEqual(['pack']);
  expect(await readFile(join(target, 'pack.json'), 'utf8')).toBe('new');
});
