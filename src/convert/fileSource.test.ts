import { describe, expect, it } from 'vitest';
import { openFiles } from './fileSource';
import { planConversion } from './plan';
import { tinyFiles } from './testing/testCheckpoint';

/** A file as a folder picker returns it. */
function file(path: string, content: BlobPart = '{}', isPicked = true): File {
  const made = new File([content], path.split('/').at(-1) ?? '', { lastModified: 1 });
  Object.defineProperty(made, 'webkitRelativePath', { value: isPicked ? path : '' });
  return made;
}

describe('openFiles', () => {
  it('opens a checkpoint that can be converted', async () => {
    const files = [...tinyFiles({ shards: 2 })].map(([name, bytes]) => file(`tiny/${name}`, bytes));
    const plan = await planConversion(openFiles(files, 'tiny'), { weights: 'q4', recipe: 'best' });
    expect(plan.source).toMatchObject({ repo: 'tiny', revision: null, license: 'apache-2.0' });
    expect(plan.source.files).toHaveLength(2);
  });

  it.each<[string, string[], string[]]>([
    ['a folder', ['m/config.json', 'm/a.txt'], ['a.txt', 'config.json']],
    ['a folder with subfolders', ['m/config.json', 'm/old/config.json', 'm/old/b'], ['config.json']],
    [
      'a parent folder, like the hub’s cache',
      ['c/refs/main', 'c/snapshots/12ab/config.json', 'c/snapshots/12ab/x'],
      ['config.json', 'x'],
    ],
    ['a folder without config.json', ['m/a', 'm/sub/b'], ['a']],
    ['no files', [], []],
  ])('takes %s', async (_what, paths, expected) => {
    const source = openFiles(
      paths.map((path) => file(path)),
      'm',
    );
    expect(await source.list()).toEqual(expected);
    expect(await source.open('nowhere')).toBeNull();
  });

  it('takes files without paths, as when they are dropped', async () => {
    const dropped = ['config.json', 'a'].map((name) => file(name, '{}', false));
    expect(await openFiles(dropped, 'm').list()).toEqual(['a', 'config.json']);
  });

  it('does not guess which of two models is meant', () => {
    const two = ['p/one/config.json', 'p/two/config.json'].map((path) => file(path));
    expect(() => openFiles(two, 'p')).toThrow(/p\/one and p\/two/);
  });

  it('has a different stamp if the size or time of a file differs', () => {
    const stamp = (content: string): string | undefined => openFiles([file('m/a', content)], 'm').stamp;
    expect(stamp('1')).toBe(stamp('2'));
    expect(stamp('1')).not.toBe(stamp('12'));
  });

  it('reports a file that can no longer be read', async () => {
    const gone = file('m/config.json');
    Object.defineProperty(gone, 'slice', {
      value: () => ({ arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotReadableError')) }),
    });
    const blob = await openFiles([gone], 'm').open('config.json');
    await expect(blob?.slice(0, 2).arrayBuffer()).rejects.toMatchObject({ code: 'checkpoint_invalid' });
  });
});
