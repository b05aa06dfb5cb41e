import { expect, it } from 'vitest';
import type { ImagePreview } from '../../../shared/protocol';
import { FrameCache } from './frameCache';

const frameOf = (bytes: number) => ({
  preview: { rgba: new Uint8ClampedArray(bytes), resizedRgba: null } as ImagePreview,
  window: null,
});

it('forgets what was used longest ago, and only beyond its bytes', () => {
  const cache = new FrameCache(100);
  cache.set('a/1', frameOf(40));
  cache.set('a/2', frameOf(40));
  expect(cache.get('a/1')).toBeDefined();
  cache.set('b/1', frameOf(40));
  expect([cache.get('a/1'), cache.get('a/2'), cache.get('b/1')].map(Boolean)).toEqual([true, false, true]);
  expect(cache.bytes).toBe(80);
});

it('counts a frame that is replaced once, and forgets by prefix', () => {
  const cache = new FrameCache(100);
  cache.set('a/1', frameOf(30));
  cache.set('a/1', frameOf(50));
  cache.set('b/1', frameOf(10));
  expect(cache.bytes).toBe(60);
  cache.clear('a/');
  expect([cache.bytes, cache.get('a/1')]).toEqual([10, undefined]);
  cache.clear();
  expect(cache.bytes).toBe(0);
});
