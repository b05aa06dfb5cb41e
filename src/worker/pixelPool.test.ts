import { expect, it } from 'vitest';
import { PixelPool } from './pixelPool';

const image = (sha256: string, bytes: number) => ({
  width: 1,
  height: 1,
  sha256,
  data: new Uint8Array(bytes),
});
const has = (pool: PixelPool, sha256: string): boolean =>
  pool.fill([{ width: 1, height: 1, sha256, data: null }])[0]?.data !== null;

it('keeps pixels up to its limit, the latest used ones', () => {
  const pool = new PixelPool(100);
  pool.add([image('a', 40), image('b', 40)]);
  expect([has(pool, 'b'), has(pool, 'a')]).toEqual([true, true]);
  pool.add([image('c', 40)]);
  expect(['a', 'b', 'c'].map((name) => has(pool, name))).toEqual([true, false, true]);
  pool.add([image('c', 40), image('c', 40)]);
  expect(has(pool, 'a')).toBe(true);
});

it('passes over an image that is larger than the limit', () => {
  const pool = new PixelPool(100);
  pool.add([image('a', 40), image('large', 101)]);
  expect(['a', 'large'].map((name) => has(pool, name))).toEqual([true, false]);
});
