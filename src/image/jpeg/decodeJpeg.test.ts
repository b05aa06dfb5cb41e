/** Samples against libjpeg-turbo, bit for bit (models/goldens/make_image_vectors.py), and what is refused. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import vectors from '../../../models/goldens/images/jpeg.json';
import { decodeJpeg } from './decodeJpeg';

const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const refusal = (code: string, text: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(text) as string }) as Error;

interface Vector {
  name: string;
  size: number[];
  precision: number;
  jpeg: string;
  values: string;
}

const rows: Vector[] = vectors;
const sizeOf = ({ size }: Vector) => ({ width: size[0]!, height: size[1]! });
const find = (name: string): Vector => rows.find((row) => row.name === name)!;

describe('decodeJpeg', () => {
  it.each(rows)('returns the samples of libjpeg-turbo: $name', (row) => {
    const { values, precision } = decodeJpeg(fromBase64(row.jpeg), sizeOf(row));
    expect(precision).toBe(row.precision);
    const words = new Uint8Array(Uint16Array.from(values).buffer);
    expect(createHash('sha256').update(words).digest('hex')).toBe(row.values);
  });

  it('returns the colour information of the file', () => {
    const row = find('4:4:4, 33 × 17');
    const jpeg = decodeJpeg(fromBase64(row.jpeg), sizeOf(row));
    expect(jpeg).toMatchObject({ components: 3, ids: [1, 2, 3], hasJfif: true, adobeTransform: null });
  });

  it('refuses a size that differs from the declared one before it allocates memory', () => {
    const row = find('4:4:4, 33 × 17');
    expect(() => decodeJpeg(fromBase64(row.jpeg), { width: 17, height: 33 })).toThrow(
      refusal('image_invalid', /33×17 samples, not 17×33/),
    );
  });

  it('refuses progressive and arithmetic coding by name', () => {
    const row = find('4:4:4, 33 × 17');
    const bytes = fromBase64(row.jpeg);
    const frame = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);
    for (const [marker, text] of [
      [0xc2, /progressive JPEG can’t be opened/],
      [0xc9, /arithmetic-coded JPEG can’t be opened/],
    ] as const) {
      bytes[frame + 1] = marker;
      expect(() => decodeJpeg(bytes, sizeOf(row))).toThrow(refusal('image_unsupported', text));
    }
  });

  it.each(['4:2:0, 33 × 17', 'grey, 12 bits', 'lossless, 16 bits, predictor 4'])(
    'refuses it if it is truncated anywhere: %s',
    (name) => {
      const row = find(name);
      const whole = fromBase64(row.jpeg);
      // The end marker may be missing, and so may the last byte of codes, which may be padding.
      for (let length = 0; length < whole.length - 3; length += 3) {
        expect(() => decodeJpeg(whole.slice(0, length), sizeOf(row)), `${length}`).toThrow(
          refusal('image_invalid', /can’t be decoded/),
        );
      }
    },
  );

  it('returns an image or an error whichever byte is wrong', () => {
    for (const name of ['4:2:0, 33 × 17', 'lossless, 12 bits, predictor 7']) {
      const row = find(name);
      const whole = fromBase64(row.jpeg);
      for (let at = 0; at < whole.length; at++) {
        const broken = whole.slice();
        broken[at]! ^= 0x55;
        try {
          decodeJpeg(broken, sizeOf(row));
        } catch (error) {
          expect(error, `byte ${at}`).toMatchObject({ code: expect.stringMatching(/^image_/) as string });
        }
      }
    }
  });
});
