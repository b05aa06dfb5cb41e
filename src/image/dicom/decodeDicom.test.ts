/** Hand-made files with known values, and the sample against pydicom (models/goldens). */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import reference from '../../../models/goldens/preprocess/dicom.json';
import { decodeDicom } from './decodeDicom';
import { decode, FULL, grey, refusal, window } from './testing/decoding';
import { dicomFile, imageElements, type ImageOptions, type TestElement } from './testing/testDicom';

const SAMPLE = join(import.meta.dirname, '../../../public/samples/ct-small.dcm');

describe('decodeDicom', () => {
  it.each(reference)(
    'agrees with pydicom on the sample, window $asked',
    async ({ asked, window, sha256 }) => {
      const file = new Uint8Array(readFileSync(SAMPLE));
      const image = await decodeDicom(file, asked ? { window: asked as [number, number] } : {});
      expect([image.width, image.height]).toEqual([128, 128]);
      expect(image.facts.window?.map((v) => Math.round(v * 1e6))).toEqual(
        window.map((v) => Math.round(v * 1e6)),
      );
      expect(createHash('sha256').update(image.data).digest('hex')).toBe(sha256);
      expect(image.facts.presets.map(({ label }) => label.code)).toEqual([
        'soft_tissue',
        'lung',
        'bone',
        'brain',
      ]);
    },
  );

  it.each(['explicit', 'implicit', 'big', 'deflated'])(
    'reads 16-bit values, transfer syntax %s',
    async (syntax) => {
      const image = await decode(
        { rows: 2, columns: 3, bits: 16, pixels: [0, 100, 128, 200, 255, 300], more: FULL },
        {},
        syntax,
      );
      expect([image.width, image.height]).toEqual([3, 2]);
      expect(grey(image)).toEqual([0, 100, 128, 200, 255, 255]);
    },
  );

  it('reads a data set without preamble and meta information', async () => {
    const whole = await dicomFile(
      imageElements({ rows: 1, columns: 2, pixels: [3, 4], more: FULL }),
      'implicit',
    );
    const bare = whole.slice(132 + 8 + 18);
    expect(grey(await decodeDicom(bare))).toEqual([3, 4]);
  });

  it('extends the sign and drops bits above the stored ones', async () => {
    // 12 bits stored: −1, −2048, 2047, and 5 under an overlay in the upper bits.
    const pixels = [0x0fff, 0x0800, 0x07ff, 0xf005];
    const image = await decode({
      rows: 1,
      columns: 4,
      bits: 16,
      stored: 12,
      signed: true,
      pixels,
      more: window('0.5', '256'),
    });
    // LINEAR: ((x − 0) / 255 + 0.5) × 255 = x + 127.5, rounded half up.
    expect(grey(image)).toEqual([127, 0, 255, 133]);
  });

  it('shifts values that do not start at bit 0', async () => {
    const image = await decode({
      rows: 1,
      columns: 2,
      bits: 16,
      stored: 8,
      high: 11,
      pixels: [0x0550, 0xf0af],
      more: FULL,
    });
    expect(grey(image)).toEqual([0x55, 0x0a]);
  });

  it.each([
    ['below the stored bits', 16, 11],
    ['above the allocated bits', 12, 16],
    ['far above', 12, 255],
    ['at the top, though no value reaches it', 12, 15],
  ])('ignores a high bit %s, like pydicom', async (_, stored, high) => {
    const pixels = [0, 100, 128, 200, 255, 4095];
    const image = await decode({ rows: 2, columns: 3, bits: 16, stored, high, pixels, more: FULL });
    expect(grey(image)).toEqual([0, 100, 128, 200, 255, 255]);
  });

  it('rescales before the window, and prefers a requested window to the file’s', async () => {
    const more: TestElement[] = [
      ...window('-500\\40', '2\\400'),
      { tag: [0x0028, 0x1052], vr: 'DS', value: '-1024' },
      { tag: [0x0028, 0x1053], vr: 'DS', value: '2' },
    ];
    const image: ImageOptions = { rows: 1, columns: 3, bits: 16, pixels: [260, 262, 512], more };
    // −504, −500 and 0 HU in the window −500 / 2: black up to −501, white above −500.
    const own = await decode(image);
    expect(grey(own)).toEqual([0, 255, 255]);
    expect(own.facts.window).toEqual([-500, 2]);
    expect(own.facts.presets).toEqual([
      { label: { code: 'file', params: { number: 1 } }, window: [-500, 2] },
      { label: { code: 'file', params: { number: 2 } }, window: [40, 400] },
    ]);
    const given = await decode(image, { window: [0.5, 1001] });
    // ((x − 0) / 1000 + 0.5) × 255
    expect(grey(given)).toEqual([0, 0, 128]);
    expect(given.facts.window).toEqual([0.5, 1001]);
  });

  it.each([
    ['LINEAR_EXACT', [0, 64, 128, 191, 255]],
    ['SIGMOID', [30, 69, 128, 186, 225]],
  ])('knows the window function %s', async (name, levels) => {
    const more: TestElement[] = [...window('100', '100'), { tag: [0x0028, 0x1056], vr: 'CS', value: name }];
    const image = await decode({ rows: 1, columns: 5, pixels: [50, 75, 100, 125, 150], more });
    expect(grey(image)).toEqual(levels);
  });

  it('spans the 1 % to the 99 % quantile without padding if there is no window', async () => {
    const pixels = Array.from({ length: 200 }, (_, i) => (i < 100 ? i + 1000 : 63000));
    const more: TestElement[] = [{ tag: [0x0028, 0x0120], vr: 'US', value: 63000 }];
    const image = await decode({ rows: 10, columns: 20, bits: 16, pixels, more });
    // Quantiles of 1000 … 1099: 1000.99 and 1098.01.
    expect(image.facts.window![0]).toBeCloseTo(1050, 6);
    expect(image.facts.window![1]).toBeCloseTo(98.02, 6);
    expect(grey(image).slice(0, 100)).toEqual(
      pixels.slice(0, 100).map((v) => Math.round(Math.min(1, Math.max(0, (v - 1000.99) / 97.02)) * 255)),
    );
  });

  it('shows an image of one value', async () => {
    const image = await decode({ rows: 1, columns: 2, bits: 16, pixels: [7, 7] });
    expect(grey(image)).toEqual([0, 0]);
  });

  it('inverts MONOCHROME1 once', async () => {
    const image = await decode({
      rows: 1,
      columns: 3,
      photometric: 'MONOCHROME1',
      pixels: [0, 10, 255],
      more: FULL,
    });
    expect(grey(image)).toEqual([255, 245, 0]);
  });

  it('chooses a frame', async () => {
    const image: ImageOptions = { rows: 1, columns: 2, frames: 3, pixels: [1, 2, 3, 4, 5, 6], more: FULL };
    expect(grey(await decode(image))).toEqual([1, 2]);
    const last = await decode(image, { frame: 2 });
    expect(grey(last)).toEqual([5, 6]);
    expect(last.facts).toMatchObject({ frames: 3, frame: 2 });
    await expect(decode(image, { frame: 3 })).rejects.toThrow(
      refusal('request_invalid', /the file has 3 frames/),
    );
    await expect(decode(image, { frame: -1 })).rejects.toThrow(refusal('request_invalid', /frame -1/));
  });

  it('finds the window of each frame in an enhanced image', async () => {
    const frameWindow = (center: string): TestElement[] => [
      { tag: [0x0028, 0x9132], vr: 'SQ', value: [window(center, '256')] },
    ];
    const shared: TestElement[] = [
      { tag: [0x0028, 0x9145], vr: 'SQ', value: [[{ tag: [0x0028, 0x1052], vr: 'DS', value: '10' }]] },
    ];
    const more: TestElement[] = [
      { tag: [0x5200, 0x9229], vr: 'SQ', value: [shared] },
      { tag: [0x5200, 0x9230], vr: 'SQ', value: [frameWindow('128'), frameWindow('228')] },
    ];
    const image: ImageOptions = { rows: 1, columns: 2, frames: 2, pixels: [0, 100, 100, 200], more };
    expect(grey(await decode(image))).toEqual([10, 110]);
    expect(grey(await decode(image, { frame: 1 }))).toEqual([10, 110]);
  });

  it('reveals nothing about the patient', async () => {
    const image = await decode({ rows: 1, columns: 1, pixels: [1], more: FULL });
    expect(JSON.stringify(image.facts)).not.toMatch(/secret|person/i);
    await expect(decode({ rows: 9, columns: 9, pixels: [1] })).rejects.not.toThrow(/secret|person/i);
  });
});
