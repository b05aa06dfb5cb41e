/** The kinds of files that the reported ones (reported.test.ts) belong to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { DecodedImage, DecodeOptions } from './decoded';
import { decodeImage } from './decode';
import { makeExif, makeNifti, makePng, makeTiff, pngChunk, type TiffField } from './testing/makeFiles';

const decode = (bytes: Uint8Array, options?: DecodeOptions): Promise<DecodedImage> =>
  decodeImage(new Blob([bytes as Uint8Array<ArrayBuffer>]), { ...options, name: 'a' });
const redOf = ({ data }: DecodedImage): number[] => [...data].filter((_, i) => i % 3 === 0);
const words = (...values: number[]): Buffer => Buffer.from(Uint16Array.from(values).buffer);
const bigWords = (...values: number[]): Buffer => words(...values).swap16();

describe('PNG', () => {
  // Two pixels across, three down: 1 2 / 3 4 / 5 6.
  const grey = { width: 2, height: 3, depth: 8, color: 0, samples: Buffer.from([1, 2, 3, 4, 5, 6]) };
  const TURNED: [orientation: number, width: number, pixels: number[]][] = [
    [1, 2, [1, 2, 3, 4, 5, 6]],
    [2, 2, [2, 1, 4, 3, 6, 5]],
    [3, 2, [6, 5, 4, 3, 2, 1]],
    [4, 2, [5, 6, 3, 4, 1, 2]],
    [5, 3, [1, 3, 5, 2, 4, 6]],
    [6, 3, [5, 3, 1, 6, 4, 2]],
    [7, 3, [6, 4, 2, 5, 3, 1]],
    [8, 3, [2, 4, 6, 1, 3, 5]],
    [9, 2, [1, 2, 3, 4, 5, 6]],
  ];

  it.each(TURNED)('is turned by orientation %i', async (orientation, width, pixels) => {
    for (const little of [true, false]) {
      const exif = pngChunk('eXIf', makeExif(orientation, little, orientation === 6));
      for (const place of [{ before: [exif] }, { after: [exif] }]) {
        const image = await decode(makePng({ ...grey, ...place }));
        expect([image.width, redOf(image)]).toEqual([width, pixels]);
      }
    }
  });

  it('turns the values of 16-bit grey with the picture, and ignores damaged EXIF data', async () => {
    const deep = { ...grey, depth: 16, samples: bigWords(1, 2, 3, 4, 5, 60000) };
    const turned = await decode(makePng({ ...deep, before: [pngChunk('eXIf', makeExif(6, true))] }), {
      raw: true,
    });
    expect([...turned.raw!.values]).toEqual([5, 3, 1, 60000, 4, 2]);
    const exif = pngChunk('eXIf', makeExif(6, true));
    exif[exif.length - 1]! ^= 1;
    expect((await decode(makePng({ ...grey, before: [exif] }))).width).toBe(2);
    const cut = pngChunk('eXIf', makeExif(6, true).subarray(0, 12));
    expect((await decode(makePng({ ...grey, before: [cut] }))).width).toBe(2);
  });

  it('uses a suggested palette for nothing', async () => {
    const samples = Buffer.from([9, 8, 7, 255, 1, 2, 3, 255]);
    const before = [pngChunk('PLTE', Buffer.from([50, 60, 70])), pngChunk('sPLT', Buffer.from('a\0\x08'))];
    const rgba = await decode(makePng({ width: 2, height: 1, depth: 8, color: 6, samples, before }));
    expect([...rgba.data]).toEqual([9, 8, 7, 1, 2, 3]);
    const rgb = makePng({ width: 1, height: 1, depth: 8, color: 2, samples: samples.subarray(0, 3), before });
    expect([...(await decode(rgb)).data]).toEqual([9, 8, 7]);
  });

  it.each([
    [10, 1023],
    [12, 4095],
    [14, 16383],
  ])('shows %i bits in 16 over the range that they use', async (used, white) => {
    const values = Array.from({ length: 256 }, (_, i) => Math.round((white * i) / 255));
    const png = makePng({ width: 16, height: 16, depth: 16, color: 0, samples: bigWords(...values) });
    const image = await decode(png);
    expect(image.facts.usedBits).toEqual({ used, stored: 16 });
    expect(Math.max(...redOf(image))).toBe(255);
    expect(redOf(image)[128]).toBeCloseTo(128, -1);
    const fields: TiffField[] = [
      [256, 3, 16],
      [257, 3, 16],
      [258, 3, 16],
      [262, 3, 1],
      [273, 4, -1],
      [277, 3, 1],
      [278, 3, 16],
      [279, 4, 512],
    ];
    const tiff = await decode(makeTiff(fields, words(...values)));
    expect([tiff.facts.usedBits, tiff.data]).toEqual([image.facts.usedBits, image.data]);
    const color = values.flatMap((value) => [value, value, value]);
    const rgb = await decode(
      makePng({ width: 16, height: 16, depth: 16, color: 2, samples: bigWords(...color) }),
    );
    expect(rgb.facts.usedBits).toEqual({ used, stored: 16 });
    expect(redOf(rgb)).toEqual(values.map((value) => value >> (used - 8)));
  });

  it('distinguishes the labels of a 16-bit mask', async () => {
    const values = new Array<number>(400).fill(0);
    values[7] = 1;
    values[9] = 2;
    const image = await decode(
      makePng({ width: 20, height: 20, depth: 16, color: 0, samples: bigWords(...values) }),
    );
    expect([redOf(image)[0], redOf(image)[7], redOf(image)[9]]).toEqual([0, 128, 255]);
  });
});

describe('TIFF', () => {
  const rgba = (samples: number[], bits: number, extra: number[] | null): Buffer => {
    const { length } = samples;
    const fields: TiffField[] = [
      [256, 3, 1],
      [257, 3, 1],
      [258, 3, ...new Array<number>(length).fill(bits)],
      [262, 3, 2],
      [273, 4, -1],
      [277, 3, length],
      [279, 4, (length * bits) / 8],
    ];
    if (extra) fields.push([338, 3, ...extra]);
    return makeTiff(fields, bits === 8 ? Buffer.from(samples) : words(...samples));
  };
  const HALF = 128;

  it.each<[string, number[], number, number[] | null, number[]]>([
    ['α', [100, 50, 0, HALF], 8, [2], [177, 152, 127]],
    ['associated α', [50, 25, 0, HALF], 8, [1], [177, 152, 127]],
    ['associated α of 16 bits', [50 << 8, 25 << 8, 0, HALF << 8], 16, [1], [177, 152, 127]],
    ['α without a word about it', [100, 50, 0, HALF], 8, null, [177, 152, 127]],
    ['α of 16 bits without a word about it', [100 << 8, 50 << 8, 0, HALF << 8], 16, null, [177, 152, 127]],
    ['another sample', [100, 50, 0, HALF], 8, [0], [100, 50, 0]],
    ['two other samples', [100, 50, 0, HALF, 7], 8, [0, 0], [100, 50, 0]],
    ['α and another sample', [100, 50, 0, HALF, 7], 8, [2, 0], [177, 152, 127]],
    ['associated α of 0', [9, 9, 9, 0], 8, [1], [255, 255, 255]],
  ])('blends %s as Pillow does', async (_, samples, bits, extra, rgb) => {
    expect([...(await decode(rgba(samples, bits, extra))).data]).toEqual(rgb);
  });

  it.each([1, 32773])('ignores a predictor where compression %i has none', async (compression) => {
    const data = compression === 1 ? [1, 2, 3, 4] : [3, 1, 2, 3, 4];
    const fields: TiffField[] = [
      [256, 3, 4],
      [257, 3, 1],
      [258, 3, 8],
      [259, 3, compression],
      [262, 3, 1],
      [273, 4, -1],
      [277, 3, 1],
      [279, 4, data.length],
      [317, 3, 2],
    ];
    expect(redOf(await decode(makeTiff(fields, Buffer.from(data))))).toEqual([1, 2, 3, 4]);
  });
});

describe('NIfTI', () => {
  const long = (...values: bigint[]): Buffer => Buffer.from(BigInt64Array.from(values).buffer);

  it('reads integers of 64 bits, with and without a sign', async () => {
    const voxels = long(-3n, 5n, 2n ** 40n, 0n);
    const signed = await decode(makeNifti([2, 2, 1], 1024, voxels), { raw: true });
    expect([...signed.raw!.values].sort((a, b) => a - b)).toEqual([-3, 0, 5, 2 ** 40]);
    const unsigned = await decode(makeNifti([2, 2, 1], 1280, voxels), { raw: true });
    expect(Math.max(...unsigned.raw!.values)).toBe(2 ** 64);
  });

  it('names the types that it refuses', async () => {
    await expect(decode(makeNifti([2, 2, 1], 32, Buffer.alloc(32)))).rejects.toThrow(/complex numbers/);
  });

  it.each([2, 4, 16, 512, 1024])(
    'shows a sparse mask of type %i from its minimum to its maximum',
    async (type) => {
      const bytes = { 2: 1, 4: 2, 16: 4, 512: 2, 1024: 8 }[type]!;
      const voxels = Buffer.alloc(1000 * bytes);
      for (const [place, label] of [
        [500, 1],
        [501, 2],
        [502, 3],
      ] as const) {
        if (type === 16) voxels.writeFloatLE(label, place * bytes);
        else voxels[place * bytes] = label;
      }
      const image = await decode(makeNifti([10, 10, 10], type, voxels), { frame: 5 });
      expect([...new Set(redOf(image))].sort((a, b) => a - b)).toEqual([0, 85, 170, 255]);
    },
  );

  it('reads only the volume that is shown, packed or not, in whatever parts it comes', async () => {
    const volume = (k: number): Buffer =>
      Buffer.from(Int16Array.from({ length: 60 }, (_, i) => i * 7 + k).buffer);
    const file = makeNifti([5, 4, 3, 4], 4, Buffer.concat([0, 1, 2, 3].map(volume)));
    const members = [file.subarray(0, 400), file.subarray(400, 555), file.subarray(555)];
    const packed = Buffer.concat(members.map((part) => gzipSync(part)));
    expect(gunzipSync(packed)).toEqual(file);
    for (const plane of ['axial', 'coronal', 'sagittal'] as const) {
      const single = makeNifti([5, 4, 3], 4, volume(2));
      const expected = await decode(single, { plane, raw: true });
      for (const bytes of [file, packed]) {
        const image = await decode(bytes, { plane, volume: 2, raw: true });
        expect([image.raw, image.data]).toEqual([expected.raw, expected.data]);
      }
    }
  });
});

describe('files that aren’t images', () => {
  const zip = (name: string): string => `PK\x03\x04${'\0'.repeat(26)}${name}`;
  it.each([
    ['a ZIP archive', zip('a.png'), /ZIP archive; unpack it/],
    ['a Word document', zip('[Content_Types].xml'), /Office document/],
    ['an old Word document', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', /Office document/],
    ['a PyTorch checkpoint', zip('archive/data.pkl'), /PyTorch checkpoint.*safetensors/],
    ['a safetensors file', '\x40\0\0\0\0\0\0\0{"__metadata__":{}}', /safetensors checkpoint.*under Models/],
    ['a GGUF file', 'GGUF\x03\0\0\0', /GGUF model/],
    ['a video', '\0\0\0\x18ftypisom\0\0\0\0isomiso2', /a video; save one of its frames/],
    ['a Matroska video', '\x1a\x45\xdf\xa3', /a video/],
    ['a HEIC photo', '\0\0\0\x18ftypmif1\0\0\0\0mif1heic', /HEIC photo/],
    ['a web page', '<!DOCTYPE html><html></html>', /web page/],
    ['a TAR archive', `${'a'.repeat(257)}ustar`, /TAR archive/],
    ['an NRRD volume', 'NRRD0004\ntype: short\n', /NRRD volume; convert it to NIfTI/],
  ])('says what %s is', async (_, text, sentence) => {
    await expect(decode(Buffer.from(text, 'latin1'))).rejects.toThrow(sentence);
    await expect(decode(Buffer.from(text, 'latin1'))).rejects.toMatchObject({ code: 'image_unsupported' });
  });

  it('knows an AVIF by its compatible brands, unless it is a HEIC', async () => {
    const file = join(import.meta.dirname, '../../models/goldens/images/reported/j8_mif1.avif');
    const avif = readFileSync(file);
    await expect(decode(avif)).rejects.toThrow(/in a browser only/);
    avif.write('heic', 8, 'latin1');
    await expect(decode(avif)).rejects.toThrow(/HEIC/);
  });

  it('shortens long names and long contents in messages', async () => {
    const failure = decodeImage(new Blob(['PK\x03\x04']), { name: 'n'.repeat(5000) });
    await expect(failure).rejects.toThrow(/^n{99}…: this is a ZIP archive/);
  });
});
