/** JPEG-LS that is damaged or not as its DICOM header says. That sound images are right is shown in dicom/reference.test.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RoundsError } from '../../shared/errors';
import { decodeJpegLs } from './decodeJpegLs';

const IMAGES = join(import.meta.dirname, '../../../models/goldens/images');

interface Sample {
  file: string;
  width: number;
  height: number;
  components: number;
}
const SAMPLES: Sample[] = [
  { file: 'made/jls_near.dcm', width: 31, height: 24, components: 1 },
  { file: 'made/jls_rgb.dcm', width: 31, height: 24, components: 3 },
  { file: 'pydicom/SC_rgb_jls_lossy_line.dcm', width: 100, height: 100, components: 3 },
  { file: 'pydicom/SC_rgb_jls_lossy_sample.dcm', width: 100, height: 100, components: 3 },
  { file: 'pydicom/MR_small_jpeg_ls_lossless.dcm', width: 64, height: 64, components: 1 },
];

/** From the first marker on; the bytes after the last one are ignored. */
function codedOf(file: string): Uint8Array {
  const bytes = new Uint8Array(readFileSync(join(IMAGES, file)));
  const start = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xd8 && bytes[i + 2] === 0xff);
  return bytes.slice(start);
}

function outcome(coded: Uint8Array, size: Sample): string {
  const start = performance.now();
  try {
    decodeJpegLs(coded, size);
    return 'image';
  } catch (error) {
    return (error as RoundsError).code;
  } finally {
    expect(performance.now() - start).toBeLessThan(8000);
  }
}

describe('decodeJpegLs', () => {
  it('ends on the data on which CharLS doesn’t', () => {
    const file = join(import.meta.dirname, '../../cli/fuzz/corpus/dicom/endless-jpeg-ls.dcm');
    const bytes = new Uint8Array(readFileSync(file));
    const start = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xd8);
    expect(outcome(bytes.slice(start), SAMPLES[1]!)).toMatch(/^image(_invalid)?$/);
  });

  it.each(SAMPLES)('refuses it if it is cut off: $file', (sample) => {
    const coded = codedOf(sample.file);
    expect(outcome(coded, sample)).toBe('image');
    for (const share of [0.001, 0.02, 0.3, 0.6, 0.9]) {
      expect(outcome(coded.slice(0, coded.length * share), sample), `${share}`).toBe('image_invalid');
    }
  });

  it.each(SAMPLES)('returns an image or an error whichever byte is wrong: $file', (sample) => {
    const coded = codedOf(sample.file);
    for (let at = 0; at < coded.length; at += Math.max(1, Math.floor(coded.length / 300))) {
      for (const value of [0, 0x55, 0xff]) {
        const broken = coded.slice();
        broken[at] = value;
        expect(outcome(broken, sample), `byte ${at}`).toMatch(/^image/);
      }
    }
  });

  it('refuses another size or number of channels before it is unpacked', () => {
    const [near] = SAMPLES;
    const coded = codedOf(near!.file);
    for (const wrong of [{ width: 30 }, { height: 9000 }, { components: 3 }]) {
      expect(outcome(coded, { ...near!, ...wrong })).toBe('image_invalid');
    }
  });
});
