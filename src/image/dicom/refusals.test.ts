import { describe, expect, it } from 'vitest';
import { decodeDicom } from './decodeDicom';
import { decode, refusal } from './testing/decoding';
import { dicomFile, imageElements, type ImageOptions } from './testing/testDicom';

describe('decodeDicom refuses', () => {
  const small: ImageOptions = { rows: 1, columns: 2, pixels: [1, 2] };

  it.each([
    ['1.2.840.10008.1.2.4.92', /JPEG 2000 with several components/],
    ['1.2.840.10008.1.2.4.102', /MPEG-4 video/],
    ['1.2.840.10008.1.2.4.110', /JPEG XL/],
    ['1.2.3.4', /unknown transfer syntax 1\.2\.3\.4/],
  ])('transfer syntax %s by name', async (syntax, text) => {
    await expect(decode(small, {}, syntax)).rejects.toThrow(refusal('image_unsupported', text));
  });

  it.each<[string, Partial<ImageOptions>, string, RegExp]>([
    ['too many pixels', { rows: 20000, columns: 20000 }, 'image_too_large', /20000×20000/],
    ['a side of 0', { rows: 0 }, 'image_invalid', /it’s empty/],
    ['pixels that end early', { rows: 3, columns: 3 }, 'image_invalid', /ends early/],
    ['more frames than there are pixels', { frames: 99_999 }, 'image_invalid', /ends early/],
    ['an absurd frame count', { frames: 2_000_000 }, 'image_invalid', /contradicts itself/],
    ['a bit depth of 24', { bits: 24 }, 'image_unsupported', /24 bits/],
    ['no stored bits', { stored: 0 }, 'image_invalid', /contradicts itself.*0 stored bits in pixels of 8/],
    ['too many stored bits', { stored: 12 }, 'image_invalid', /12 stored bits in pixels of 8/],
    ['colour with one sample', { photometric: 'RGB' }, 'image_invalid', /1 value per pixel in .* RGB/],
    ['an unknown colour model', { photometric: 'CMYK' }, 'image_unsupported', /colour model CMYK/],
    ['a palette without tables', { photometric: 'PALETTE COLOR' }, 'image_unsupported', /palette/],
  ])('%s', async (_, change, code, text) => {
    const image = { ...small, ...change };
    const frame = image.frames === 99_999 ? { frame: 99_998 } : {};
    await expect(decode(image, frame)).rejects.toThrow(refusal(code, text));
  });

  it('a window without width', async () => {
    await expect(decode(small, { window: [40, 0] })).rejects.toThrow(refusal('request_invalid', /width/));
    await expect(decode(small, { window: [NaN, 100] })).rejects.toThrow(refusal('request_invalid', /width/));
  });

  it('a file without an image, and one that is cut off', async () => {
    const withoutPixels = await dicomFile(imageElements(small).slice(0, -1));
    await expect(decodeDicom(withoutPixels)).rejects.toThrow(refusal('image_unsupported', /no image in it/));
    const whole = await dicomFile(imageElements(small));
    for (let length = 132; length < whole.length - 2; length += 3) {
      const code = expect.stringMatching(/^image_(invalid|unsupported)$/) as string;
      await expect(decodeDicom(whole.slice(0, length))).rejects.toThrow(
        expect.objectContaining({ code }) as Error,
      );
    }
  });

  it('deflated data that is broken', async () => {
    const file = await dicomFile(imageElements(small), 'deflated');
    file.fill(0xff, file.length - 40);
    await expect(decodeDicom(file)).rejects.toThrow(refusal('image_invalid', /damaged/));
  });
});
