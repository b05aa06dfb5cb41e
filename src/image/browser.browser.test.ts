/** The browser's decoders against Pillow: models/goldens/make_preprocess_vectors.py. */
import { describe, expect, it, vi } from 'vitest';
import dicom from '../../models/goldens/preprocess/dicom.json';
import files from '../../models/goldens/preprocess/browser.json';
import compressed from '../../models/goldens/images/dicom.json';
import volumes from '../../models/goldens/images/volumes.json';
import j2k from '../../models/goldens/images/made/j2k_rgb.dcm?url';
import jls from '../../models/goldens/images/made/jls_signed.dcm?url';
import volume from '../../models/goldens/images/made/series.nii.gz?url&inline';
import rle from '../../models/goldens/images/pydicom/MR_small_RLE.dcm?url';
import { decodeImage } from './decode';

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

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
    expect(await sha256(image.data)).toBe(dicom.find(({ window }) => window[0] === 40)!.sha256);
  });

  it.each([
    ['JPEG 2000', j2k, 'made/j2k_rgb.dcm'],
    ['JPEG-LS', jls, 'made/jls_signed.dcm'],
    ['RLE', rle, 'pydicom/MR_small_RLE.dcm'],
  ])('loads the decoder of %s when it is needed', async (_, address, file) => {
    const image = await decodeImage(await (await fetch(address)).blob());
    expect(await sha256(image.data)).toBe(compressed.find((row) => row.file === file)!.rgb);
  });

  it('reads a gzipped volume', async () => {
    const image = await decodeImage(await (await fetch(volume)).blob(), { plane: 'coronal' });
    const wanted = volumes.find(({ file, plane }) => file.endsWith('series.nii.gz') && plane === 'coronal');
    expect(await sha256(image.data)).toBe(wanted!.rgb);
  });

  it('refuses a JPEG whose pixels are missing', async () => {
    const jpeg = fromBase64(files.find(({ name }) => name === 'jpeg')!.file);
    const scan = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xda);
    await expect(decodeImage(new Blob([jpeg.slice(0, scan)]), { name: 'cut.jpg' })).rejects.toThrow(
      expect.objectContaining({ code: 'image_invalid' }) as Error,
    );
  });

  it('decodes the frames of animations, the first one as a still picture', async () => {
    const image = (index: number) => [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, index === 0 ? 0x44 : 0x4c, 1, 0];
    const head = [...new TextEncoder().encode('GIF89a'), 1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255];
    const moving = new Blob([Uint8Array.from([...head, ...image(0), ...image(1), 0x3b])]);
    const first = await decodeImage(moving);
    expect([...first.data]).toEqual([255, 0, 0]);
    expect(first.facts).toMatchObject({ format: 'GIF', frames: 2, frame: 0, isAnimation: true });
    const second = await decodeImage(moving, { frame: 1 });
    expect([...second.data]).toEqual([0, 0, 255]);
    await expect(decodeImage(moving, { frame: 2 })).rejects.toThrow(
      /frame 2 doesn’t exist; the file has 2 frames/,
    );
    const still = await decodeImage(new Blob([Uint8Array.from([...head, ...image(0), 0x3b])]));
    expect(still.facts).toMatchObject({ frames: 1, isAnimation: false });
  });

  it('closes every decoder of the browser that it opened', async () => {
    const opened: ImageDecoder[] = [];
    const closed = vi.spyOn(ImageDecoder.prototype, 'close');
    const Real = ImageDecoder;
    vi.stubGlobal(
      'ImageDecoder',
      Object.assign(
        function (init: ImageDecoderInit) {
          opened.push(new Real(init));
          return opened.at(-1);
        },
        { isTypeSupported: (type: string) => Real.isTypeSupported(type) },
      ),
    );
    const image = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0];
    const head = [...new TextEncoder().encode('GIF89a'), 1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255];
    const moving = new Blob([Uint8Array.from([...head, ...image, ...image, 0x3b])]);
    await decodeImage(moving);
    await decodeImage(moving, { frame: 1 });
    await expect(decodeImage(moving, { frame: 7 })).rejects.toThrow();
    const broken = new Blob([Uint8Array.from([...head, ...image, ...image.slice(0, 4)])]);
    await decodeImage(broken).catch(() => undefined);
    expect(opened.length).toBeGreaterThanOrEqual(3);
    expect(closed).toHaveBeenCalledTimes(opened.length);
    vi.unstubAllGlobals();
    closed.mockRestore();
  });
});
