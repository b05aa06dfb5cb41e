/** The browser's decoders against Pillow: models/goldens/make_preprocess_vectors.py. */
import { describe, expect, it } from 'vitest';
import dicom from '../../../models/goldens/preprocess/dicom.json';
import files from '../../../models/goldens/preprocess/browser.json';
import { decodeImage } from './decode';

const fromBase64 = (text: string) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

describe('decodeImage in a browser', () => {
  it.each(files)('reads $name within $tolerance levels', async ({ file, size, rgb, tolerance }) => {
    const image = await decodeImage(new Blob([fromBase64(file)]));
    expect([image.width, image.height]).toEqual(size);
    const expected = fromBase64(rgb);
    expect(image.data.length).toBe(expected.length);
    const worst = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - image.data[i]!)), 0);
    expect(worst).toBeLessThanOrEqual(tolerance);
  });

  it('loads the DICOM reader when it is needed', async () => {
    const sample = await (await fetch('/samples/ct-small.dcm')).blob();
    const image = await decodeImage(sample, { window: [40, 400] });
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', image.data));
    const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    expect(sha256).toBe(dicom.find(({ window }) => window[0] === 40)!.sha256);
  });

  it('refuses a JPEG whose pixels are missing', async () => {
    const jpeg = fromBase64(files.find(({ name }) => name === 'jpeg')!.file);
    const scan = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xda);
    await expect(decodeImage(new Blob([jpeg.slice(0, scan)]), { name: 'cut.jpg' })).rejects.toThrow(
      expect.objectContaining({ code: 'image_invalid' }) as Error,
    );
  });
});
