import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isInstalled, withLock } from './install.mjs';

let project: string;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'rounds-install-'));
  await mkdir(join(project, 'node_modules'));
});

afterEach(() => rm(project, { recursive: true }));

type Packages = Record<string, { version: string; optional?: boolean }>;

const writeLock = (packages: Packages): Promise<void> =>
  writeFile(join(project, 'package-lock.json'), JSON.stringify({ packages }));
const writeInstalled = (packages: Packages): Promise<void> =>
  writeFile(join(project, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));

describe('isInstalled', () => {
  const wanted = { '': { version: '0.1.0' }, 'node_modules/a': { version: '1.0.0' } };

  it('is false in a fresh clone and true after an install', async () => {
    await writeLock(wanted);
    expect(isInstalled(project)).toBe(false);
    await writeInstalled({ 'node_modules/a': { version: '1.0.0' } });
    expect(isInstalled(project)).toBe(true);
  });

  it('is false if the lockfile has another version or one more package', async () => {
    await writeInstalled({ 'node_modules/a': { version: '1.0.0' } });
    await writeLock({ 'node_modules/a': { version: '1.0.1' } });
    expect(isInstalled(project)).toBe(false);
    await writeLock({ ...wanted, 'node_modules/b': { version: '2.0.0' } });
    expect(isInstalled(project)).toBe(false);
  });

  it('accepts missing optional packages of other platforms, but not other versions', async () => {
    await writeLock({ ...wanted, 'node_modules/c': { version: '3.0.0', optional: true } });
    await writeInstalled({ 'node_modules/a': { version: '1.0.0' } });
    expect(isInstalled(project)).toBe(true);
    await writeInstalled({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/c': { version: '2.0.0' } });
    expect(isInstalled(project)).toBe(false);
  });
});

describe('withLock', () => {
  it('runs one job at a time, also after one that failed', async () => {
    const lock = join(project, 'lock');
    let running = 0;
    let most = 0;
    const job = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 20));
      running -= 1;
    };
    const failing = withLock(lock, async () => {
      await job();
      throw new Error('no');
    });
    await Promise.all([expect(failing).rejects.toThrow('no'), withLock(lock, job), withLock(lock, job)]);
    expect(most).toBe(1);
    expect(existsSync(lock)).toBe(false);
  });

  it('takes over from a process that has ended, and from one that has held it too long', async () => {
    const lock = join(project, 'lock');
    let runs = 0;
    const job = async (): Promise<void> => void runs++;
    await mkdir(lock);
    // Above the largest possible process id.
    await writeFile(join(lock, 'pid'), String(2 ** 30));
    await withLock(lock, job);
    await mkdir(lock);
    await writeFile(join(lock, 'pid'), String(process.pid));
    const hourAgo = new Date(Date.now() - 3_600_000);
    await utimes(lock, hourAgo, hourAgo);
    await withLock(lock, job);
    expect(runs).toBe(2);
  });
});
