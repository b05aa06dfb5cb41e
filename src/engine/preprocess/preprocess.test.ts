/** Compares with Pillow, numpy and transformers: vectors from models/goldens/make_preprocess_vectors.py. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import pixelValues from '../../../models/goldens/preprocess/pixel_values.json';
import resizes from '../../../models/goldens/preprocess/resize.json';
import sizes from '../../../models/goldens/preprocess/smart_resize.json';
import { columnCount, patchify } from './patchify';
import { plannedSizes, preprocessImage, resizeForModel } from './preprocessImage';
import { resizeBicubic } from './resample';
import { roundHalfEven, smartResize } from './smartResize';
import { testImage } from './testing/testImages';

const GEOMETRY = { patchSize: 14, temporalPatchSize: 2, spatialMergeSize: 2, inChannels: 3 };
const CONFIG = {
  minPixels: 3136,
  maxPixels: 100352,
  imageMean: pixelValues.image_mean as [number, number, number],
  imageStd: pixelValues.image_std as [number, number, number],
};

const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

describe('smartResize', () => {
  it.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [3.5, 4],
    [2.4999999999999996, 2],
    [2.5000000000000004, 3],
    [7, 7],
  ])('rounds %d to %d', (from, to) => {
    expect(roundHalfEven(from)).toBe(to);
  });

  it('gives the sizes of transformers, and refuses the same images', () => {
    const refused = sizes.filter(([, , , , width]) => width === null);
    expect(refused.length).toBeGreaterThan(5);
    for (const [width, height, minPixels, maxPixels, toWidth, toHeight] of sizes as number[][]) {
      const resize = () =>
        smartResize({ width: width!, height: height! }, 28, { minPixels: minPixels!, maxPixels: maxPixels! });
      const label = `${width}×${height}, ${minPixels} to ${maxPixels}`;
      if (toWidth === null) expect(resize, label).toThrow(/times the other/);
      else expect(resize(), label).toEqual({ width: toWidth, height: toHeight });
    }
  });

  it.each([
    [0, 10],
    [10, -1],
    [1.5, 10],
    [NaN, 10],
  ])('refuses %d×%d', (width, height) => {
    const limits = { minPixels: 3136, maxPixels: 100352 };
    expect(() => smartResize({ width, height }, 28, limits)).toThrow(
      expect.objectContaining({ code: 'image_invalid' }) as Error,
    );
  });

  it('raises a thin side to one factor with the rule of qwen_vl_utils; transformers scales to the minimum area', () => {
    const thin = { width: 1820, height: 13 };
    const limits = { minPixels: 3136, maxPixels: 12845056 };
    expect(smartResize(thin, 28, { ...limits, rule: 'vision_utils' })).toEqual({ width: 1820, height: 28 });
    expect(smartResize(thin, 28, limits)).toEqual({ width: 672, height: 28 });
  });
});

describe('resizeBicubic', () => {
  it.each(resizes)(
    'gives the same bytes as Pillow, $from to $to',
    ({ from, to, seed, sha256: expected, rgb }) => {
      const [width, height] = to as [number, number];
      const result = resizeBicubic(testImage(from[0]!, from[1]!, seed), { width, height });
      expect([result.width, result.height]).toEqual(to);
      if (rgb !== undefined) expect([...result.data]).toEqual([...Buffer.from(rgb, 'base64')]);
      expect(sha256(result.data)).toBe(expected);
    },
  );

  it('does not change an image of the right size', () => {
    const image = testImage(28, 56, 3);
    expect(resizeBicubic(image, image)).toBe(image);
  });

  it('refuses pixels that do not fill the size', () => {
    const image = { width: 3, height: 3, data: new Uint8Array(26) };
    expect(() => resizeBicubic(image, { width: 1, height: 1 })).toThrow(/needs 27/);
  });
});

describe('patchify', () => {
  const [width, height] = pixelValues.size as [number, number];
  const image = testImage(width, height, pixelValues.seed);

  it('gives the pixel values of transformers', () => {
    const patches = patchify(image, GEOMETRY, CONFIG);
    expect(patches.gridThw).toEqual(pixelValues.grid);
    expect([patches.rows, patches.columns]).toEqual(pixelValues.shape);
    for (const [index, value] of pixelValues.samples as [number, number][]) {
      expect(Math.abs(patches.data[index]! - value), `value ${index}`).toBeLessThanOrEqual(1e-6);
    }
    expect(sha256(new Uint8Array(patches.data.buffer))).toBe(pixelValues.sha256);
  });

  it('pads rows with zeros on the right only', () => {
    const plain = patchify(image, GEOMETRY, CONFIG);
    const padded = patchify(image, GEOMETRY, CONFIG, 1184);
    expect(padded.columns).toBe(1184);
    for (let row = 0; row < plain.rows; row++) {
      const values = padded.data.subarray(row * 1184, (row + 1) * 1184);
      expect(values.subarray(0, 1176)).toEqual(plain.data.subarray(row * 1176, (row + 1) * 1176));
      expect(values.subarray(1176).every((value) => value === 0)).toBe(true);
    }
  });

  it('refuses sides that are not multiples of a merged patch, and too few columns', () => {
    expect(() => patchify(testImage(42, 28, 1), GEOMETRY, CONFIG)).toThrow(/cannot be divided/);
    expect(() => patchify(image, GEOMETRY, CONFIG, columnCount(GEOMETRY) - 1)).toThrow(/cannot be divided/);
  });
});

describe('preprocessImage', () => {
  const LARGE = { minPixels: 3136, maxPixels: 12845056, rule: 'vision_utils' } as const;

  it('resizes once without earlier limits and counts tokens', () => {
    const result = preprocessImage(testImage(126, 70, 2), CONFIG, GEOMETRY, { paddedColumns: 1184 });
    expect(result.gridThw).toEqual([1, 4, 8]);
    expect(result.tokens).toBe(8);
    expect(result.patches.columns).toBe(1184);
    expect(result.resized.data).toEqual(
      resizeBicubic(testImage(126, 70, 2), { width: 112, height: 56 }).data,
    );
  });

  it('resizes twice if an earlier limit leaves an image above the maximum', () => {
    const image = testImage(620, 413, 2);
    const options = { earlierLimits: [LARGE] };
    expect(plannedSizes(image, CONFIG, GEOMETRY, options)).toEqual([
      { width: 616, height: 420 },
      { width: 364, height: 252 },
    ]);
    const twice = resizeForModel(image, CONFIG, GEOMETRY, options);
    const once = resizeForModel(image, CONFIG, GEOMETRY);
    const middle = resizeBicubic(image, { width: 616, height: 420 });
    expect(twice.data).toEqual(resizeBicubic(middle, { width: 364, height: 252 }).data);
    expect(twice.data).not.toEqual(once.data);
  });

  it('gives the same result with an earlier limit that the image meets', () => {
    const image = testImage(173, 121, 2);
    const twice = resizeForModel(image, CONFIG, GEOMETRY, { earlierLimits: [LARGE] });
    expect(twice.data).toEqual(resizeForModel(image, CONFIG, GEOMETRY).data);
  });

  it('applies a smaller maximum', () => {
    const sizes = plannedSizes({ width: 300, height: 300 }, CONFIG, GEOMETRY, { maxPixels: 28 * 28 * 10 });
    expect(sizes).toEqual([{ width: 84, height: 84 }]);
  });
});
