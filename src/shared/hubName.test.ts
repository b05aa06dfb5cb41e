import { describe, expect, it } from 'vitest';
import { fullName, parseHubName, parseHubPage } from './hubName';

describe('parseHubName', () => {
  it.each([
    ['org/name', { repo: 'org/name', revision: 'main' }],
    ['org/name@refs/pr/2', { repo: 'org/name', revision: 'refs/pr/2' }],
    ['org/name/CT', { repo: 'org/name', revision: 'main', folder: 'CT' }],
    ['org/name/CT/', { repo: 'org/name', revision: 'main', folder: 'CT' }],
    [
      'yuxianglai117/Med-R1/a.b (1)/c+d@v1.0',
      { repo: 'yuxianglai117/Med-R1', revision: 'v1.0', folder: 'a.b (1)/c+d' },
    ],
  ])('reads %s', (text, name) => expect(parseHubName(text)).toEqual(name));

  it.each([
    '',
    'name',
    '../x/y',
    'org/../x',
    'org/name/../..',
    'org/name/.git',
    'org/name//x',
    'https://x.y/a/b',
    '/a/b',
    'a/b@',
    'a/b@/c',
  ])('does not read %j', (text) => expect(parseHubName(text)).toBeNull());

  it('ends at once for long texts', () => {
    const started = performance.now();
    expect(parseHubName(`a/b${'/c c.c'.repeat(20_000)}\n`)).toBeNull();
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('parseHubPage', () => {
  it.each([
    ['/org/name', { repo: 'org/name', revision: 'main' }],
    ['/org/name/', { repo: 'org/name', revision: 'main' }],
    ['/org/name/tree/main', { repo: 'org/name', revision: 'main' }],
    ['/org/name/tree/main/CT', { repo: 'org/name', revision: 'main', folder: 'CT' }],
    ['/org/name/tree/v1/a%20b/c', { repo: 'org/name', revision: 'v1', folder: 'a b/c' }],
    ['/org/name/blob/main/CT/config.json', { repo: 'org/name', revision: 'main', folder: 'CT' }],
    ['/org/name/resolve/main/config.json', { repo: 'org/name', revision: 'main' }],
    ['/org/name/commit/abc123', { repo: 'org/name', revision: 'abc123' }],
    ['/org/name/tree/refs/pr/3/CT', { repo: 'org/name', revision: 'refs/pr/3', folder: 'CT' }],
    ['/org/name/tree/refs%2Fpr%2F3/CT', { repo: 'org/name', revision: 'refs/pr/3', folder: 'CT' }],
  ])('reads %s', (path, name) => expect(parseHubPage(path)).toEqual(name));

  it.each([
    '/',
    '/org',
    '/org/name/discussions',
    '/org/name/tree',
    '/org/name/tree/main/%2e%2e',
    '/org/name/tree/%',
    '/datasets/org/name',
  ])('does not read %s', (path) => expect(parseHubPage(path)).toBeNull());

  it('reads pages of a hub that is not at the top of its host', () => {
    expect(parseHubPage('/hf/org/name/tree/main/CT', '/hf/')).toEqual({
      repo: 'org/name',
      revision: 'main',
      folder: 'CT',
    });
    expect(parseHubPage('/org/name', '/hf')).toBeNull();
  });
});

it('names a model with its folder', () => {
  expect(fullName({ repo: 'org/name' })).toBe('org/name');
  expect(fullName({ repo: 'org/name', folder: 'a/b' })).toBe('org/name/a/b');
});
