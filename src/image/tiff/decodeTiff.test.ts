/** TIFF against Pillow and tifffile (models/goldens/make_image_vectors.py), and what is refused. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import vectors from '../../../models/goldens/images/tiff.json';
import { decodeImage } from '../decode';

const FOLDER = join(import.meta.dirname, '../../../models/goldens/images');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const read = (file: string) => new Uint8Array(readFileSync(join(FOLDER, file)));
const refusal = (code: string, text: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(text) as string }) as Error;

/** The field of a tag in the first directory of a little-endian classic TIFF. */
function field(bytes: Uint8Array, tag: number): { view: DataView; at: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = view.getUint32(4, true);
  for (let i = 0; i < view.getUint16(start, true); i++) {
    const at = start + 2 + i * 12;
    if (view.getUint16(at, true) === tag) return { view, at };
  }
  throw new Error(`No tag ${tag}`);
}

describe('decodeTiff', () => {
  it.each(vectors)('reads $file, page $page', async ({ file, page, pages, size, rgb }) => {
    const image = await decodeImage(new Blob([read(file)]), { frame: page });
    expect([image.width, image.height]).toEqual(size);
    expect(image.facts).toMatchObject({ format: 'TIFF', frames: pages, frame: page });
    expect(sha256(image.data)).toBe(rgb);
  });

  it('returns the values of deep grey, and applies a requested window', async () => {
    const blob = new Blob([read('made/grey_big_endian_16.tif')]);
    const plain = await decodeImage(blob, { raw: true });
    expect(plain.facts.window).toBeNull();
    expect(plain.facts.presets[0]).toEqual({ label: { code: 'full_range' }, window: [32767.5, 65535] });
    expect([...plain.data].filter((_, i) => i % 3 === 0)).toEqual(
      Array.from(plain.raw!.values, (value) => value >> 8),
    );
    const shown = await decodeImage(blob, { window: [30000, 2000] });
    expect(shown.facts.window).toEqual([30000, 2000]);
    const expected = Array.from(plain.raw!.values, (value) =>
      Math.round(Math.min(1, Math.max(0, (value - 29000) / 2000)) * 255),
    );
    expect([...shown.data].filter((_, i) => i % 3 === 0)).toEqual(expected);
  });

  it.each<[string, number, (view: DataView, at: number) => void, string, RegExp]>([
    ['JPEG inside', 259, (view, at) => view.setUint16(at + 8, 7, true), 'image_unsupported', /JPEG/],
    [
      'an unknown compression',
      259,
      (view, at) => view.setUint16(at + 8, 999, true),
      'image_unsupported',
      /compression 999/,
    ],
    ['CMYK', 262, (view, at) => view.setUint16(at + 8, 5, true), 'image_unsupported', /CMYK/],
    ['a bomb', 256, (view, at) => view.setUint16(at + 8, 60000, true), 'image_too_large', /60000/],
    ['a side of 0', 257, (view, at) => view.setUint16(at + 8, 0, true), 'image_invalid', /it’s empty/],
    [
      '13 bits with a sign',
      258,
      (view, at) => view.setUint16(at + 8, 24, true),
      'image_unsupported',
      /24 bits/,
    ],
    ['offsets outside', 273, (view, at) => view.setUint32(at + 8, 9e6, true), 'image_invalid', /damaged/],
  ])('refuses %s', async (_, tag, edit, code, text) => {
    const bytes = read('made/grey.tif');
    const { view, at } = field(bytes, tag);
    edit(view, at);
    await expect(decodeImage(new Blob([bytes]))).rejects.toThrow(refusal(code, text));
  });

  it('refuses files that are truncated anywhere, and pages that don’t exist', async () => {
    for (const file of [
      'made/grey_16_lzw.tif',
      'made/rgb_tiles.tif',
      'made/pages.tif',
      'made/big_tiff.tif',
    ]) {
      const whole = read(file);
      for (let length = 8; length < whole.length / 2; length += 37) {
        const failure = decodeImage(new Blob([whole.slice(0, length)]));
        await expect(failure, `${file}, ${length} bytes`).rejects.toThrow(
          refusal('image_invalid', /damaged/),
        );
      }
    }
    const pages = decodeImage(new Blob([read('made/pages.tif')]), { frame: 2 });
    await expect(pages).rejects.toThrow(refusal('request_invalid', /2 pages/));
  });

  it('returns an image or an error if bytes are flipped', async () => {
    const whole = read('made/rgb_lzw_strips.tif');
    for (let at = 8; at < whole.length; at += 11) {
      const broken = whole.slice();
      broken[at]! ^= 0xff;
      const failure = await decodeImage(new Blob([broken])).then(
        () => null,
        (error: unknown) => error,
      );
      if (failure) {
        expect(failure, `byte ${at}`).toMatchObject({ code: expect.stringMatching(/^image_/) as string });
      }
    }
  });
});
