import { describe, expect, it } from 'vitest';
import type { RoundsError } from '../shared/errors';
import { parseConfig } from './config';
import { parsePreprocessor } from './imageProcessor';
import { tinyConfig } from './testing/testCheckpoint';

describe('parsePreprocessor', () => {
  const { vision: tower } = parseConfig(tinyConfig('qwen2_5_vl'), null);
  const refuse = (config: unknown): string => {
    try {
      parsePreprocessor(config, tower);
    } catch (thrown) {
      return `${(thrown as RoundsError).code}: ${(thrown as RoundsError).message}`;
    }
    return 'no error';
  };

  const limits = (config: unknown): [number, number, boolean] => {
    const { config: images, usesDefaultLimits } = parsePreprocessor(config, tower);
    return [images.minPixels, images.maxPixels, usesDefaultLimits];
  };

  it('reads both forms of the pixel limits; min_pixels and max_pixels take precedence', () => {
    const size = { shortest_edge: 4000, longest_edge: 5000 };
    expect(limits({ min_pixels: 3136, max_pixels: 100_352 })).toEqual([3136, 100_352, false]);
    expect(limits({ size })).toEqual([4000, 5000, false]);
    expect(limits({ size: { min_pixels: 3500, max_pixels: 7000 } })).toEqual([3500, 7000, false]);
    expect(limits({ size, max_pixels: 6000 })).toEqual([4000, 6000, false]);
    expect(limits({ size: { shortest_edge: 4000 }, max_pixels: 6000 })).toEqual([4000, 6000, false]);
  });

  // transformers 5.24, Qwen2VLImageProcessor: size = {shortest_edge: 56 * 56, longest_edge: 28 * 28 * 1280}.
  it('takes the limits of transformers where none are stated, and says so', () => {
    expect(parsePreprocessor(null, tower)).toEqual({
      config: {
        minPixels: 3136,
        maxPixels: 1_003_520,
        imageMean: [0.48145466, 0.4578275, 0.40821073],
        imageStd: [0.26862954, 0.26130258, 0.27577711],
      },
      usesDefaultLimits: true,
    });
    expect(limits({})).toEqual([3136, 1_003_520, true]);
    expect(limits({ size: null })).toEqual([3136, 1_003_520, true]);
    expect(limits({ max_pixels: 50_176 })).toEqual([3136, 50_176, true]);
    expect(limits({ min_pixels: 50_176 })).toEqual([50_176, 1_003_520, true]);
  });

  it.each<[unknown]>([
    [{ height: 224, width: 224 }],
    [448],
    [[448, 448]],
    [{}],
    [{ shortest_edge: 3136 }],
    [{ longest_edge: 100_352 }],
    [{ max_height: 500, max_width: 500 }],
  ])('refuses the size %j, as transformers does', (size) => {
    expect(refuse({ size })).toMatch(/^model_unsupported: .*does not state both pixel limits/);
  });

  it('refuses settings that would change the pixels', () => {
    expect(refuse({ patch_size: 16 })).toMatch(/^model_unsupported: .*patch_size 16/);
    expect(refuse({ resample: 2 })).toMatch(/resample 2/);
    expect(refuse({ do_normalize: false })).toMatch(/do_normalize false/);
    expect(refuse({ rescale_factor: 0.5 })).toMatch(/rescale_factor/);
    expect(refuse({ min_pixels: 9000, max_pixels: 8000 })).toMatch(/must not exceed/);
    expect(refuse({ image_std: [0, 1, 1] })).toMatch(/imageStd/);
    expect(refuse([])).toMatch(/^checkpoint_invalid/);
  });
});
