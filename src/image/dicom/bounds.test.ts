/** Small files that cost much: each ends soon, with an image or an error of images. */
import { describe, expect, it } from 'vitest';
import type { RoundsError } from '../../shared/errors';
import { decodeDicom } from './decodeDicom';
import { dicomFile, encapsulated, imageElements, rleFrame, type TestElement } from './testing/testDicom';

const RLE = '1.2.840.10008.1.2.5';
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const ITEM = '\xfe\xff\0\xe0';
const OPEN = '\xff\xff\xff\xff';
const header = imageElements({ rows: 1, columns: 2, pixels: [], frames: 2 }).slice(0, -1);

const image = (...more: TestElement[]) =>
  dicomFile(imageElements({ rows: 1, columns: 2, pixels: [1, 2], more }));
const sequence = (body: string, group = 0x0028): TestElement => ({
  tag: [group, 0x3010],
  vr: 'SQ',
  value: latin1(body),
  hasUndefinedLength: true,
});

/** Error code, or "image". Each takes a few tenths of a second; tests run side by side. */
async function outcome(bytes: Uint8Array, frame = 0): Promise<string> {
  const start = performance.now();
  const result = await decodeDicom(bytes, { frame, raw: true, identity: true }).then(
    () => 'image',
    (error: RoundsError) => error.code,
  );
  expect(performance.now() - start).toBeLessThan(4000);
  return result;
}

describe('a DICOM file', () => {
  it('with 100,000 fragments is read', async () => {
    const filler = Array.from({ length: 100_000 }, () => Uint8Array.of(0, 0));
    const fragments = [rleFrame([1, 2]), rleFrame([3, 4]), ...filler];
    const file = await dicomFile([...header, encapsulated(fragments)], RLE);
    expect(await outcome(file, 1)).toBe('image');
  });

  it('with too many fragments is refused', async () => {
    const one = latin1(`${ITEM}\0\0\0\0`);
    const value = Buffer.concat(Array<Uint8Array>(600_000).fill(one));
    const pixels: TestElement = { tag: [0x7fe0, 0x0010], vr: 'OB', value, hasUndefinedLength: true };
    expect(await outcome(await dicomFile([...header, pixels], RLE))).toBe('image_invalid');
  });

  it.each([
    ['known', 0x0028],
    ['private', 0x0029],
  ])('with deep nesting is refused: %s', async (_, group) => {
    const open = `${String.fromCharCode(group)}\0\x10\x30SQ\0\0${OPEN}${ITEM}${OPEN}`;
    expect(await outcome(await image(sequence(`${ITEM}${OPEN}${open.repeat(60)}`, group)))).not.toBe(
      'internal',
    );
    expect(await outcome(await image(sequence(`${ITEM}${OPEN}${open.repeat(50_000)}`, group)))).toBe(
      'image_invalid',
    );
  });

  it('with a million items is passed or refused', async () => {
    const items = `${ITEM}\0\0\0\0`.repeat(1_000_000);
    expect(await outcome(await image(sequence(items, 0x0029)))).toBe('image');
    expect(await outcome(await image(sequence(items)))).toBe('image_invalid');
  });

  it('with 32,000 windows, a long frame count and long texts is read', async () => {
    const text = latin1('1.5\\'.repeat(32_000));
    const more = [0x1050, 0x1051, 0x1055].map((element): TestElement => ({
      tag: [0x0028, element],
      vr: 'UT',
      value: text,
    }));
    const names: TestElement[] = [0x0030, 0x1000].map((element) => ({
      tag: [0x0010, element],
      vr: 'UT',
      value: latin1('x'.repeat(4_000_000)),
    }));
    expect(await outcome(await image(...more, ...names))).toBe('image');
  });

  it('that inflates to far more than it has is refused', async () => {
    const zeros: TestElement = { tag: [0x0011, 0x1010], vr: 'OB', value: new Uint8Array(50_000_000) };
    const file = await dicomFile(
      imageElements({ rows: 1, columns: 2, pixels: [1, 2], more: [zeros] }),
      'deflated',
    );
    expect(file.length).toBeLessThan(200_000);
    expect(await outcome(file)).toBe('image_too_large');
  });

  it('whose frame needs too much memory is refused before it is read', async () => {
    const large = { rows: 8000, columns: 8000, samples: 3, bits: 32, photometric: 'RGB', pixels: [1] };
    await expect(decodeDicom(await dicomFile(imageElements(large)))).rejects.toThrow(
      expect.objectContaining({
        code: 'image_too_large',
        message: expect.stringMatching(/960 MB/) as string,
      }) as Error,
    );
  });

  it('never ends in an error without a code', async () => {
    const bytes = {
      get length(): number {
        throw new TypeError('gone');
      },
    };
    await expect(decodeDicom(bytes as unknown as Uint8Array)).rejects.toMatchObject({
      code: 'image_invalid',
    });
  });
});
