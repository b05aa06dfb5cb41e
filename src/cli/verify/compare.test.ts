import { describe, expect, it } from 'vitest';
import type { GenerateResult } from '../../shared/generation';
import { VECTORS } from '../testing/checkpoints';
import {
  compareFeatures,
  compareGreedy,
  compareLogits,
  comparePixels,
  comparePrompt,
  compareResized,
} from './compare';
import { differences, LIMITS } from './differences';
import { GoldenFolder, type GoldenCase } from './goldenFolder';

const folder = new GoldenFolder(VECTORS);
const golden = folder.case('qwen2_5_vl', 'single_image');

/** What a perfect engine returns, with changes. */
function resultOf(given: GoldenCase, over: Partial<GenerateResult> = {}): GenerateResult {
  const images = given.images.map((path) => {
    const image = folder.manifest.images[path.split('/').pop() ?? ''];
    return { resizedSha256: image?.resized_sha256 };
  });
  return {
    prompt: given.prompt,
    promptIds: given.input_ids,
    imageGridThw: given.image_grid_thw,
    positionIds: given.position_ids,
    ropeDelta: given.rope_delta,
    newIds: given.greedy.token_ids,
    logits: [folder.npy(given.logits.file)],
    images,
    ...over,
  } as unknown as GenerateResult;
}

describe('differences', () => {
  it('gives the largest difference and the RMS error relative to the spread of the reference', () => {
    expect(differences(Float32Array.of(1, 2, 3), [1, 2, 3])).toEqual({ maxAbs: 0, relRmse: 0 });
    const { maxAbs, relRmse } = differences(Float32Array.of(0, 0, 2), [-1, 0, 1]);
    expect(maxAbs).toBe(1);
    expect(relRmse).toBeCloseTo(1, 6);
  });

  it('compares at given indices', () => {
    expect(differences(Float32Array.of(9, 1, 9, 3), [1, 3], [1, 3])).toEqual({ maxAbs: 0, relRmse: 0 });
  });

  it('is infinite for NaN and for missing values', () => {
    const infinite = { maxAbs: Infinity, relRmse: Infinity };
    expect(differences(Float32Array.of(1, NaN), [1, 2])).toEqual(infinite);
    expect(differences(Float32Array.of(1), [1, 2])).toEqual(infinite);
    expect(differences(Float32Array.of(1, 2), [1, 2], [0, 5])).toEqual(infinite);
  });
});

describe('stages', () => {
  it('are within the limits for the reference itself', () => {
    const result = resultOf(golden);
    const stages = [
      comparePrompt(result, golden),
      compareResized(result, golden, folder),
      compareLogits(result, golden, folder, 'f32'),
      compareGreedy(result, golden, 'f32'),
    ];
    expect(stages.filter(({ ok }) => !ok)).toEqual([]);
    expect(stages.map(({ stage }) => stage)).toEqual(['prompt', 'resize', 'logits', 'greedy']);
  });

  it('prompt: names each field that differs', () => {
    const result = resultOf(golden, { promptIds: [...golden.input_ids, 1], ropeDelta: 99 });
    expect(comparePrompt(result, golden)).toMatchObject({ ok: false, detail: 'differ: ids, rope delta' });
  });

  it('resize: fails for other bytes and for a missing image', () => {
    const [image] = resultOf(golden).images;
    const other = { ...image, resizedSha256: '0' } as GenerateResult['images'][number];
    expect(compareResized(resultOf(golden, { images: [other] }), golden, folder).ok).toBe(false);
    expect(compareResized(resultOf(golden, { images: [] }), golden, folder).ok).toBe(false);
  });

  it('pixels and vision: fail for a wrong shape and beyond the limit', () => {
    const tensor = { shape: [2], samples: { index: [0, 1], value: [0, 1] } };
    const off = (by: number): Float32Array => Float32Array.of(0, 1 + by);
    expect(comparePixels(off(0), tensor, folder).ok).toBe(true);
    expect(comparePixels(off(1e-4), tensor, folder).ok).toBe(false);
    expect(comparePixels(Float32Array.of(0), tensor, folder).ok).toBe(false);
    expect(compareFeatures(off(1e-5), tensor, folder, 'f32').ok).toBe(true);
    expect(compareFeatures(off(1e-3), tensor, folder, 'f32').ok).toBe(false);
    expect(compareFeatures(off(1e-3), tensor, folder, 'f16').ok).toBe(true);
  });

  it('logits: fail beyond the limit of the activations, and when there are none', () => {
    const logits = folder.npy(golden.logits.file);
    logits[0] = (logits[0] ?? 0) + 0.01;
    const result = resultOf(golden, { logits: [logits] });
    expect(compareLogits(result, golden, folder, 'f32').ok).toBe(false);
    expect(compareLogits(result, golden, folder, 'f16').ok).toBe(true);
    expect(compareLogits(resultOf(golden, { logits: [] }), golden, folder, 'f16').ok).toBe(false);
  });

  it('greedy: a different token counts only if the margin is above the limit', () => {
    const withMargin = (margin: number): GoldenCase => ({
      ...golden,
      greedy: { token_ids: [5, 6], margin: [1, margin] },
    });
    const result = resultOf(golden, { newIds: [5, 7] });
    expect(compareGreedy(result, withMargin(LIMITS.f32.margin / 2), 'f32')).toMatchObject({
      ok: true,
      detail: expect.stringMatching(/^1 of 2 ids agree/) as string,
    });
    expect(compareGreedy(result, withMargin(LIMITS.f32.margin * 2), 'f32').ok).toBe(false);
    expect(compareGreedy(resultOf(golden, { newIds: [5] }), withMargin(1), 'f32').ok).toBe(false);
  });
});

describe('GoldenFolder', () => {
  it('refuses folders without reference cases, and names what is missing', () => {
    expect(() => new GoldenFolder(import.meta.dirname)).toThrow(
      /verify is not a folder of reference cases: it has no manifest\.json/,
    );
    expect(() => folder.case('qwen2_vl', 'none')).toThrow(/it has no .*none\.json/);
  });
});
