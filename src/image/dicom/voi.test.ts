/** Windows that files have and the standard doesn't allow, and which windows are offered. */
import { describe, expect, it } from 'vitest';
import { decodeDicom } from './decodeDicom';
import { dicomFile, imageElements, type TestElement } from './testing/testDicom';

const text = (element: number, value: string): TestElement => ({ tag: [0x0028, element], vr: 'DS', value });
const window = (center: string, width: string) => [text(0x1050, center), text(0x1051, width)];
const modality = (value: string): TestElement => ({ tag: [0x0008, 0x0060], vr: 'CS', value });
const PIXELS = [0, 950, 1900, 2850, 3800];
const RAMP = [0, 64, 128, 191, 255];

async function decode(more: TestElement[], requested?: [number, number], pixels = PIXELS) {
  const file = await dicomFile(imageElements({ rows: 1, columns: 5, bits: 16, pixels, more }));
  const image = await decodeDicom(file, { raw: true, ...(requested ? { window: requested } : {}) });
  return { ...image, levels: [...image.data].filter((_, i) => i % 3 === 0) };
}

describe('a window of a DICOM file', () => {
  const small = [text(0x1052, '0'), text(0x1053, '0.0001')];

  it('narrower than 1 is applied exactly, for every window of the file', async () => {
    const image = await decode([...small, ...window('0.19\\0.095', '0.38\\0.19')]);
    expect(image.levels).toEqual(RAMP);
    expect(image.facts.window).toEqual([0.19, 0.38]);
    expect(image.raw?.shape).toBe('LINEAR_EXACT');
    expect(image.facts.presets).toHaveLength(2);
    const second = await decode([...small, ...window('0.19\\0.095', '0.38\\0.19')], [0.095, 0.19]);
    expect(second.levels).toEqual([0, 128, 255, 255, 255]);
  });

  it('isn’t needed for fractional values to be shown through a narrow one', async () => {
    expect((await decode(small)).facts.window![1]).toBeLessThan(0.38);
    expect((await decode(small, [0.19, 0.38])).levels).toEqual(RAMP);
  });

  it('isn’t offered if its function can’t apply it', async () => {
    const { facts } = await decode(window('1900\\1900', '3801\\0.5'));
    expect(facts.presets.map((preset) => preset.window)).toEqual([[1900, 3801]]);
  });

  it.each([
    ['0', '1900', '0'],
    ['negative', '1900', '-3800'],
    ['not a number', '1900', 'NaN'],
    ['a word', '1900', 'auto'],
    ['infinite', '1900', '1e999'],
    ['missing', '1900', ''],
    ['without a centre', 'NaN', '3801'],
  ])('whose width is %s is ignored', async (_, center, width) => {
    const computed = await decode([]);
    const image = await decode(window(center, width));
    expect(image.facts.window).toEqual(computed.facts.window);
    expect(image.levels).toEqual(computed.levels);
    expect((await decode(window(`${center}\\1900.5`, `${width}\\3801`))).facts.window).toEqual([
      1900.5, 3801,
    ]);
  });

  it('may be written with a decimal comma', async () => {
    expect((await decode(window('1900,5', '3801,0'))).facts.window).toEqual([1900.5, 3801]);
  });

  it('is among the first ones only, of 8,000', async () => {
    const start = performance.now();
    const many = Array.from({ length: 8000 }, (_, i) => String(i + 1)).join('\\');
    const { facts } = await decode(window(many, many));
    expect(facts.window).toEqual([1, 1]);
    expect(facts.presets.length).toBeLessThanOrEqual(32);
    expect(performance.now() - start).toBeLessThan(4000);
  });
});

describe('windows of CT', () => {
  const codes = async (...more: TestElement[]) =>
    (await decode(more)).facts.presets.map(({ label }) => label.code);
  const rescaleType = (value: string): TestElement => ({ tag: [0x0028, 0x1054], vr: 'LO', value });

  it('are offered for CT', async () => {
    expect(await codes(modality('CT'))).toEqual(['soft_tissue', 'lung', 'bone', 'brain']);
    expect(await codes(modality('CT'), rescaleType('HU'))).toHaveLength(4);
  });

  it.each(['MR', 'PT', 'CR', 'DX', 'MG', 'US', 'OT', 'RTDOSE', ''])('aren’t offered for %s', async (name) => {
    expect(await codes(modality(name))).toEqual([]);
    // A cone-beam unit writes HU into what isn't CT.
    expect(await codes(modality(name), rescaleType('HU'))).toEqual([]);
  });

  it('aren’t offered for CT whose values aren’t Hounsfield units', async () => {
    expect(await codes(modality('CT'), rescaleType('US'))).toEqual([]);
    expect(await codes(modality('CT'), rescaleType('MGML'))).toEqual([]);
  });
});
