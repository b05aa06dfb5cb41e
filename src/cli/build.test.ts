import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isBuilt, sourceHash, STAMP_FILE } from './build.mjs';

let project: string;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'rounds-build-'));
  await mkdir(join(project, 'src/cli'), { recursive: true });
  await mkdir(join(project, 'dist'));
  await writeFile(join(project, 'index.html'), 'page');
  await writeFile(join(project, 'src/main.ts'), 'code');
});

afterEach(() => rm(project, { recursive: true }));

it('recognizes a build by the hash of its sources', async () => {
  expect(isBuilt(project)).toBe(false);
  await writeFile(join(project, 'dist', STAMP_FILE), sourceHash(project));
  expect(isBuilt(project)).toBe(true);
  await writeFile(join(project, 'src/main.ts'), 'changed');
  expect(isBuilt(project)).toBe(false);
});

it('depends on names as well as contents', async () => {
  const before = sourceHash(project);
  await rm(join(project, 'src/main.ts'));
  await writeFile(join(project, 'src/other.ts'), 'code');
  expect(sourceHash(project)).not.toBe(before);
});

it('ignores tests and the command line, which are not part of the site', async () => {
  const before = sourceHash(project);
  await writeFile(join(project, 'src/main.test.ts'), 'test');
  await writeFile(join(project, 'src/cli/start.mjs'), 'command');
  expect(sourceHash(project)).toBe(before);
});
