/** Compares positions and windows with transformers, on the cases in models/goldens/vectors. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imageTokenCount, mropePositions } from './positions';
import type { GridThw } from './preprocess/patchify';
import { visionWindows } from './visionWindows';

interface GoldenCase {
  name: string;
  input_ids: number[];
  image_grid_thw: GridThw[];
  position_ids: number[][];
  rope_delta: number;
  vision?: { cu_seqlens: number[]; window_index?: number[]; cu_window_seqlens?: number[] };
}

const VECTORS = join(import.meta.dirname, '../../models/goldens/vectors');
const readJson = (...path: string[]): unknown => JSON.parse(readFileSync(join(VECTORS, ...path), 'utf8'));

const cases = ['qwen2_5_vl', 'qwen2_vl'].flatMap((checkpoint) => {
  const config = readJson('checkpoints', checkpoint, 'config.json') as { image_token_id: number };
  const names = readdirSync(join(VECTORS, 'cases', checkpoint)).filter((name) =>
    /^[a-z_]+\.json$/.test(name),
  );
  return names.map((name) => ({
    title: `${checkpoint} ${name}`,
    imageToken: config.image_token_id,
    golden: readJson('cases', checkpoint, name) as GoldenCase,
  }));
});

describe('mropePositions', () => {
  it.each(cases)('agrees with transformers: $title', ({ golden, imageToken }) => {
    const { positionIds, ropeDelta } = mropePositions(golden.input_ids, golden.image_grid_thw, imageToken, 2);
    expect(positionIds.map((axis) => [...axis])).toEqual(golden.position_ids);
    expect(ropeDelta).toBe(golden.rope_delta);
  });

  const IMAGE = 9;

  it('places an image, the text after it, and later tokens', () => {
    const ids = [1, IMAGE, IMAGE, IMAGE, 2];
    const { positionIds, ropeDelta } = mropePositions(ids, [[1, 2, 6]], IMAGE, 2);
    expect(positionIds.map((axis) => [...axis])).toEqual([
      [0, 1, 1, 1, 4],
      [0, 1, 1, 1, 4],
      [0, 1, 2, 3, 4],
    ]);
    // The image is one row high, so it advances the position by its number of tokens.
    expect(ropeDelta).toBe(0);
  });

  it('numbers a prompt without images', () => {
    const { positionIds, ropeDelta } = mropePositions([5, 6, 7], [], IMAGE, 2);
    expect(positionIds.map((axis) => [...axis])).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
    ]);
    expect(ropeDelta).toBe(0);
  });

  it.each<[string, number[], GridThw[], RegExp]>([
    ['tokens without a grid', [1, IMAGE], [], /more image tokens/],
    ['too few tokens', [IMAGE, IMAGE, 3], [[1, 4, 4]], /fewer image tokens/],
    ['a prompt that ends too early', [IMAGE], [[1, 2, 4]], /fewer image tokens/],
    ['too many tokens', [IMAGE, IMAGE], [[1, 2, 2]], /more image tokens/],
    ['a grid without tokens', [1], [[1, 2, 2]], /has 1 images, but the prompt has 0/],
  ])('refuses %s', (_, ids, grids, message) => {
    expect(() => mropePositions(ids, grids, IMAGE, 2)).toThrow(message);
  });

  it('counts the tokens of an image', () => {
    expect(imageTokenCount([1, 18, 26], 2)).toBe(117);
  });
});

describe('visionWindows', () => {
  const withImages = cases.filter(({ golden }) => golden.image_grid_thw.length > 0);
  const geometry = { patchSize: 14, spatialMergeSize: 2, windowSize: 112 };

  /** Without windows, the windows are the frames. */
  const frameBounds = (grids: readonly GridThw[]): number[] => [
    ...visionWindows(grids, { ...geometry, windowSize: null }).cuWindowSeqlens,
  ];

  it.each(withImages)('agrees with transformers: $title', ({ golden }) => {
    const grids = golden.image_grid_thw;
    expect(frameBounds(grids)).toEqual(golden.vision?.cu_seqlens);
    if (!golden.vision?.window_index) return;
    const windows = visionWindows(grids, geometry);
    expect([...windows.windowIndex]).toEqual(golden.vision.window_index);
    expect([...windows.cuWindowSeqlens]).toEqual(golden.vision.cu_window_seqlens);
  });

  it('covers cases with window permutations', () => {
    expect(withImages.some(({ golden }) => golden.vision?.window_index?.some((v, i) => v !== i))).toBe(true);
  });

  it('has smaller windows at the edges, and no window across images', () => {
    // 5 × 6 merged tokens: 4 × 4, 4 × 2, 1 × 4, 1 × 2; then an image of one window.
    const windows = visionWindows(
      [
        [1, 10, 12],
        [1, 4, 4],
      ],
      geometry,
    );
    expect([...windows.cuWindowSeqlens]).toEqual([0, 64, 96, 112, 120, 136]);
    expect([...windows.windowIndex.subarray(0, 5)]).toEqual([0, 1, 2, 3, 6]);
    expect([...windows.windowIndex.subarray(30)]).toEqual([30, 31, 32, 33]);
    windows.windowIndex.forEach((token, place) => {
      expect(windows.reverseIndex[token]).toBe(place);
    });
  });

  it('has one window per frame without a window size', () => {
    const windows = visionWindows([[1, 4, 6]], { ...geometry, windowSize: null });
    expect([...windows.windowIndex]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...windows.cuWindowSeqlens]).toEqual([0, 24]);
  });
});
