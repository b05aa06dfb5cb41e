/** Odd but valid files, against Pillow, tifffile and pydicom (models/goldens/make_odd_images.py); and what is close to them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import vectors from '../../models/goldens/images/odd.json';
import type { DecodedImage, DecodeOptions } from './decoded';
import { decodeImage } from './decode';
import { jpegOrientation, webpOrientation } from './exif';
import {
  makeExif,
  makeNifti,
  makePng,
  makeTiff,
  niftiHeader,
  pngChunk,
  type TiffField,
} from './testing/makeFiles';

const FOLDER = join(import.meta.dirname, '../../models/goldens/images');
const read = (file: string) => new Uint8Array(readFileSync(join(FOLDER, file)));
const decode = (bytes: Uint8Array, options?: DecodeOptions): Promise<DecodedImage> =>
  decodeImage(new Blob([bytes as Uint8Array<ArrayBuffer>]), { ...options, name: 'a' });
const redOf = ({ data }: DecodedImage): number[] => [...data].filter((_, i) => i % 3 === 0);
/** These take a browser: odd.browser.test.ts. */
const HERE = vectors.filter(({ file, frame }) => !/\.(jpg|webp)$/.test(file) && frame === 0);

it.each(HERE)('reads $file as the reference does', async ({ file, size, rgb }) => {
  const image = await decode(read(file));
  expect([image.width, image.height]).toEqual(size);
  expect(createHash('sha256').update(image.data).digest('hex')).toBe(rgb);
});

describe('the orientation of a picture', () => {
  const grey = { width: 2, height: 3, depth: 8, color: 0, samples: Buffer.from([1, 2, 3, 4, 5, 6]) };
  const text = (body: string): Buffer => pngChunk('iTXt', Buffer.from(body, 'latin1'));
  const turned = async (...before: Buffer[]): Promise<boolean> =>
    (await decode(makePng({ ...grey, before }))).width === 3;

  it('is that of EXIF data, even if XMP contradicts it', async () => {
    const xmp = text('XML:com.adobe.xmp\0\0\0en\0x\0<tiff:Orientation>6</tiff:Orientation>');
    expect(await turned(xmp)).toBe(true);
    expect(await turned(xmp, pngChunk('eXIf', makeExif(1, true)))).toBe(false);
    expect(await turned(xmp, pngChunk('eXIf', makeExif(0, true)))).toBe(false);
    // EXIF data without the field.
    expect(await turned(xmp, pngChunk('eXIf', Buffer.from('II*\0\x08\0\0\0\0\0\0\0\0\0', 'latin1')))).toBe(
      true,
    );
  });

  it('is 1 if the text is damaged or something else', async () => {
    const sound = text('XML:com.adobe.xmp\0\0\0\0\0tiff:Orientation="6"');
    sound[sound.length - 1]! ^= 1;
    for (const chunk of [
      sound,
      text('XML:com.adobe.xmp\0\x01\0\0\0no deflate stream'),
      text('XML:com.adobe.xmp'),
      text('Comment\0\0\0\0\0tiff:Orientation="6"'),
      pngChunk('tEXt', Buffer.from('Raw profile type exif\0\nexif\n 4\nzzzz', 'latin1')),
      pngChunk('zTXt', Buffer.concat([Buffer.from('Raw profile type exif\0\0'), deflateSync('')])),
    ])
      expect(await turned(chunk)).toBe(false);
  });

  it('is left to the browser if a JPEG has it as EXIF data', () => {
    const segment = (body: Buffer): Buffer =>
      Buffer.concat([Buffer.from([0xff, 0xe1, 0, body.length + 2]), body]);
    const xmp = segment(Buffer.from('http://ns.adobe.com/xap/1.0/\0<a tiff:Orientation="6"/>', 'latin1'));
    const exif = (orientation: number, isLong = false): Buffer =>
      segment(Buffer.concat([Buffer.from('Exif\0\0'), makeExif(orientation, false, isLong)]));
    const jpeg = (...segments: Buffer[]): Uint8Array =>
      Buffer.concat([Buffer.from([0xff, 0xd8]), ...segments, Buffer.from([0xff, 0xda, 0, 8])]);
    expect(jpegOrientation(jpeg(xmp))).toBe(6);
    expect(jpegOrientation(jpeg(xmp, exif(8)))).toBe(1);
    expect(jpegOrientation(jpeg(exif(1), xmp))).toBe(1);
    // Browsers read shorts only.
    expect(jpegOrientation(jpeg(exif(8, true), xmp))).toBe(8);
    expect(jpegOrientation(jpeg())).toBe(1);
    expect(jpegOrientation(jpeg(xmp).subarray(0, 40))).toBe(1);
  });

  it('of a WebP is in either of two chunks', () => {
    const chunk = (type: string, body: Uint8Array): Buffer => {
      const head = Buffer.alloc(8);
      head.write(type);
      head.writeUInt32LE(body.length, 4);
      return Buffer.concat([head, body, Buffer.alloc(body.length & 1)]);
    };
    const xmp = chunk('XMP ', Buffer.from("<a tiff:Orientation='8'/>"));
    const webp = (...chunks: Buffer[]) => Buffer.concat([Buffer.from('RIFF\0\0\0\0WEBP'), ...chunks]);
    expect(webpOrientation(webp(xmp))).toBe(8);
    expect(webpOrientation(webp(xmp, chunk('EXIF', makeExif(3, true))))).toBe(3);
    expect(webpOrientation(webp(chunk('XMP ', Buffer.from('tiff:Orientation="9"'))))).toBe(1);
  });

  it('of a TIFF is in XMP if the field is missing', async () => {
    const words = new Uint8Array(Buffer.from('<a tiff:Orientation="6"/>     '));
    const fields: TiffField[] = [
      [256, 3, 2],
      [257, 3, 1],
      [258, 3, 8],
      [262, 3, 1],
      [273, 4, -1],
      [277, 3, 1],
      [279, 4, 2],
      [700, 4, ...new Uint32Array(words.buffer.slice(0, 28))],
    ];
    const file = makeTiff(fields, Buffer.from([1, 2]));
    // As bytes, the type that editors write.
    file.writeUInt16LE(1, 10 + 7 * 12 + 2);
    file.writeUInt32LE(28, 10 + 7 * 12 + 4);
    expect(await decode(file)).toMatchObject({ width: 1, height: 2 });
    const stated = makeTiff([...fields, [274, 3, 1]], Buffer.from([1, 2]));
    expect(await decode(stated)).toMatchObject({ width: 2, height: 1 });
  });
});

describe('a PNG whose pixels are complete', () => {
  const png = makePng({ width: 3, height: 2, depth: 8, color: 0, samples: Buffer.from([1, 2, 3, 4, 5, 6]) });
  const coded = png.indexOf('IDAT') + 4;
  const length = png.readUInt32BE(coded - 8);

  it('is read without its end, or with a wrong checksum of a chunk', async () => {
    for (const cut of [12, 14, 16, 18]) expect(redOf(await decode(png.subarray(0, -cut)))).toHaveLength(6);
    const wrong = Buffer.from(png);
    wrong[coded + length]! ^= 1;
    expect(redOf(await decode(wrong))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('is refused if both checksums are wrong, which means that pixels are', async () => {
    const wrong = Buffer.from(png);
    wrong[coded + length]! ^= 1;
    wrong[coded + length - 1]! ^= 1;
    await expect(decode(wrong)).rejects.toThrow(/damaged/);
  });
});

describe('a mask', () => {
  /** 2 % of label 1, hardly any of 2 and 3: the 99 % quantile is 1. */
  const labels = Array.from({ length: 2500 }, (_, i) => (i === 7 ? 2 : i === 8 ? 3 : Number(i % 50 === 0)));

  it.each([
    [2, Uint8Array.from(labels)],
    [4, Int16Array.from(labels)],
    [16, Float32Array.from(labels)],
    [64, Float64Array.from(labels)],
  ])('of NIfTI type %i shows rare labels apart', async (type, values) => {
    const image = await decode(makeNifti([50, 50], type, new Uint8Array(values.buffer)));
    expect([...new Set(redOf(image))].sort((a, b) => a - b)).toEqual([0, 85, 170, 255]);
  });

  it('has more than a few values of a picture', async () => {
    // Sixteen levels of a small picture are a picture.
    const values = Uint8Array.from({ length: 100 }, (_, i) => (i === 0 ? 200 : i % 15));
    expect(Math.max(...redOf(await decode(makeNifti([10, 10], 2, values))).slice(0, 99))).toBe(255);
  });
});

describe('TIFF', () => {
  const fields = (format: number, counts: number): TiffField[] => [
    [256, 3, 2],
    [257, 3, 1],
    [258, 3, 8],
    [262, 3, 1],
    [273, 4, -1],
    [277, 3, 1],
    [279, 4, counts],
    [339, 3, format],
  ];

  it('takes undefined samples for unsigned ones, and a length of 0 for one that was left out', async () => {
    expect(redOf(await decode(makeTiff(fields(4, 2), Buffer.from([7, 200]))))).toEqual([7, 200]);
    expect(redOf(await decode(makeTiff(fields(1, 0), Buffer.from([7, 200]))))).toEqual([7, 200]);
  });

  it('shows pieces that were never written as 0', async () => {
    const sparse = fields(1, 0).map((field): TiffField => (field[0] === 273 ? [273, 4, 0] : field));
    expect(redOf(await decode(makeTiff(sparse, Buffer.from([7, 200]))))).toEqual([0, 0]);
  });

  it('names the kind of samples that it refuses', async () => {
    await expect(decode(makeTiff(fields(6, 2), Buffer.from([7, 200])))).rejects.toThrow(
      /complex samples of 8 bits can’t be opened/,
    );
  });
});

it('offers windows of CT for a NIfTI volume whose description says that it is CT', async () => {
  const values = new Uint8Array(Int16Array.from([-1024, 40, 300, 1000]).buffer);
  const codes = async (description: string): Promise<string[]> => {
    const header = niftiHeader([2, 2], 4);
    header.write(description, 148, 'latin1');
    const { facts } = await decode(Buffer.concat([header, values]));
    return facts.presets.map(({ label }) => label.code);
  };
  expect(await codes('CT head')).toEqual(['quantiles', 'soft_tissue', 'lung', 'bone', 'brain']);
  expect(await codes('')).toEqual(['quantiles']);
  expect(await codes('MR; no CTA')).toEqual(['quantiles']);
});
