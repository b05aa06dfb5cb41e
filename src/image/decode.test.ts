/** PNG against Pillow (models/goldens), and files that are refused before or while decoding. */
import { encode } from 'fast-png';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import pngs from '../../models/goldens/preprocess/png.json';
import { decodeImage } from './decode';
import { checkDimensions, MAX_PIXEL_BYTES, readDimensions } from './dimensions';
import { sniffFormat } from './sniff';

const blob = (...parts: (string | Uint8Array)[]) => new Blob(parts as BlobPart[]);
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const decode = (...parts: (string | Uint8Array)[]) => decodeImage(blob(...parts), { name: 'a.png' });
const refusal = (code: string, text: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(text) as string }) as Error;

const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));

describe('decodeImage, PNG', () => {
  it.each(pngs)('reads as Pillow does: $name', async ({ png, size, rgb }) => {
    const image = await decode(fromBase64(png));
    expect([image.width, image.height]).toEqual(size);
    expect([...image.data]).toEqual([...fromBase64(rgb)]);
  });

  it('applies a requested window to 16-bit grey, and returns its values', async () => {
    const { png } = pngs.find(({ name }) => name === 'grey, 16 bits')!;
    const file = new Blob([fromBase64(png)]);
    const { raw, facts, data } = await decodeImage(file, { raw: true, window: [30000, 2000] });
    expect(facts).toMatchObject({ window: [30000, 2000], presets: [{ label: { code: 'full_range' } }, {}] });
    const expected = Array.from(raw!.values, (value) =>
      Math.round(Math.min(1, Math.max(0, (value - 29000) / 2000)) * 255),
    );
    expect([...data].filter((_, i) => i % 3 === 0)).toEqual(expected);
    expect((await decodeImage(file)).facts.window).toBeNull();
  });

  it('has no second frame', async () => {
    const failure = decodeImage(new Blob([fromBase64(pngs[0]!.png)]), { frame: 1, name: 'a.png' });
    await expect(failure).rejects.toThrow(
      refusal('request_invalid', /^a\.png: frame 1 doesn’t exist; the file has 1 frame/),
    );
  });

  const sound = fromBase64(pngs[0]!.png);

  it('refuses a file that is truncated anywhere in or before its pixels', async () => {
    // The last chunk, a checksum of a chunk, and that of the packed pixels may be missing.
    for (let length = 8; length < sound.length - 20; length += 7) {
      await expect(decode(sound.slice(0, length)), `${length} bytes`).rejects.toThrow(
        refusal('image_invalid', /damaged/),
      );
    }
  });

  it('refuses a flipped bit in the pixels or the header', async () => {
    for (const at of [17, 20, 25, 60, 100, sound.length - 20]) {
      const broken = sound.slice();
      broken[at]! ^= 0x10;
      const failure = await decode(broken).then(
        () => null,
        (error: unknown) => error,
      );
      expect(failure, `byte ${at}`).toMatchObject({
        code: expect.stringMatching(/^image_(invalid|too_large)$/) as string,
      });
    }
  });

  it('reads past a damaged text chunk, which Pillow would not show', async () => {
    const chunk = bytesOf('\0\0\0\x04tEXtabcd\0\0\0\0');
    const image = await decode(sound.slice(0, 33), chunk, sound.slice(33));
    expect(image.width).toBe(13);
  });

  it('leaves what is packed after the last row, and refuses pixels that end early', async () => {
    const small = encode({ width: 1, height: 1, data: new Uint8Array(3), channels: 3, depth: 8 });
    const huge = encode({
      width: 2000,
      height: 2000,
      data: new Uint8Array(12_000_000),
      channels: 3,
      depth: 8,
    });
    const split = (png: Uint8Array) => [png.slice(0, 33), png.slice(33)] as const;
    // The header of a single pixel, followed by 12 MB of zeros in a few kilobytes: like Pillow and browsers.
    expect([...(await decode(split(small)[0], split(huge)[1])).data]).toEqual([0, 0, 0]);
    await expect(decode(split(huge)[0], split(small)[1])).rejects.toThrow(
      refusal('image_invalid', /damaged/),
    );
  });

  it('refuses a palette index that does not exist', async () => {
    const palette = pngs.find(({ name }) => name === 'palette, 4 bits')!;
    const png = fromBase64(palette.png);
    const text = Buffer.from(png).toString('latin1');
    const start = text.indexOf('PLTE') - 4;
    const length = new DataView(png.buffer).getUint32(start);
    const plte = bytesOf('\0\0\0\x03PLTE\x01\x02\x03');
    const crc = new DataView(new ArrayBuffer(4));
    crc.setUint32(0, crc32(plte.subarray(4)));
    const shorter = [png.slice(0, start), plte, new Uint8Array(crc.buffer), png.slice(start + 12 + length)];
    await expect(decode(...shorter)).rejects.toThrow(refusal('image_invalid', /damaged/));
  });
});

describe('decodeImage', () => {
  it('opens a DICOM file and says what it found', async () => {
    const file = readFileSync(join(import.meta.dirname, '../../public/samples/ct-small.dcm'));
    const image = await decodeImage(blob(new Uint8Array(file)), { window: [40, 400] });
    expect(image).toMatchObject({
      width: 128,
      height: 128,
      facts: { format: 'DICOM', frames: 1, window: [40, 400] },
    });
  });

  it.each<[string, string, string, RegExp]>([
    ['nothing', '', 'image_invalid', /is empty/],
    ['a text', 'This is no image, it says so itself.\n', 'image_invalid', /is a text file/],
    ['a text in UTF-8', 'Röntgenbild der Lunge – siehe Anhang', 'image_invalid', /is a text file/],
    ['JSON', '{ "a": 1 }', 'image_invalid', /is a text file/],
    [
      'a text that begins like a BMP',
      'BMI is 23, weight is stable, nothing to report',
      'image_invalid',
      /text file/,
    ],
    ['SVG', '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', 'image_unsupported', /SVG/],
    ['PDF', '%PDF-1.7\n%\xe2\xe3\xcf\xd3', 'image_unsupported', /PDF/],
    ['TIFF', 'II*\0\x08\0\0\0', 'image_invalid', /TIFF data is damaged or incomplete/],
    ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0', 'image_unsupported', /HEIC/],
    ['a video', '\0\0\0\x18ftypisom\0\0\0\0', 'image_unsupported', /video/],
    ['gzip', '\x1f\x8b\x08\0\0\0\0\0', 'image_invalid', /gzip/],
    ['ZIP', 'PK\x03\x04\x14\0', 'image_unsupported', /ZIP/],
    ['noise', '\x01\x02\0\x03\xfe\xff\x10', 'image_unsupported', /format isn’t recognised/],
  ])('refuses %s', async (_, text, code, sentence) => {
    const isBytes = [...text].every((sign) => sign.charCodeAt(0) < 256);
    const failure = decodeImage(blob(isBytes ? bytesOf(text) : text), { name: 'a.png' });
    await expect(failure).rejects.toThrow(refusal(code, sentence));
    await expect(failure).rejects.toThrow(/^a\.png: /);
  });

  it('refuses a picture of more than 512 MB after its first bytes, and reads no more', async () => {
    const head = blob(fromBase64(pngs[0]!.png).slice(0, 40));
    const huge = { size: MAX_PIXEL_BYTES + 1, slice: () => head, arrayBuffer: () => expect.fail('read') };
    const failure = decodeImage(huge as unknown as Blob);
    await expect(failure).rejects.toThrow(refusal('image_too_large', /513 MB.*512 MB/));
  });

  it('refuses a bomb by its header', async () => {
    const header = (width: number, height: number) => {
      const png = encode({ width: 1, height: 1, data: new Uint8Array(3), channels: 3, depth: 8 });
      const view = new DataView(png.buffer, png.byteOffset);
      view.setUint32(16, width);
      view.setUint32(20, height);
      return png;
    };
    await expect(decode(header(20000, 20000))).rejects.toThrow(refusal('image_too_large', /20000×20000/));
    await expect(decode(header(1, 20001))).rejects.toThrow(refusal('image_too_large', /1×20001/));
    await expect(decode(header(0, 5))).rejects.toThrow(refusal('image_invalid', /it’s empty/));
  });

  // Node has no browser decoders: a file that came that far would be image_unsupported.
  it.each([
    ['JPEG', '\xff\xd8\xff\xc2\0\x11\x08\xff\xff\xff\xff\x03', '65535×65535'],
    ['GIF', 'GIF89a\xff\xff\xff\xff\0\0\0', '65535×65535'],
    ['BMP', `BM${'\0'.repeat(12)}\x28\0\0\0\0\0\0\x40\0\0\0\x40\x01\0\x18\0`, '1073741824×1073741824'],
    ['WebP, lossy', 'RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\xff\x3f\xff\x3f', '16383×16383'],
    ['WebP, lossless', 'RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\xff\xff\xff\x0f', '16384×16384'],
    ['WebP, extended', 'RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff', '16777216×16777216'],
    ['AVIF', '\0\0\0\x1cftypavif\0\0\0\0mif1avif\0\0\0\x14ispe\0\0\0\0\0\x01\0\0\0\x01\0\0', '65536×65536'],
  ])('refuses a %s bomb by its header', async (_format, header, size) => {
    const bytes = bytesOf(header + '\0'.repeat(64));
    await expect(decode(bytes)).rejects.toThrow(refusal('image_too_large', new RegExp(size)));
  });
});

describe('checkDimensions', () => {
  it.each([
    [8000, 8000, null],
    [8001, 8000, 'image_too_large'],
    [20000, 3200, null],
    [20001, 100, 'image_too_large'],
    [200, 1, null],
    [201, 1, 'image_too_large'],
    [0, 0, 'image_invalid'],
  ])('%d×%d gives %s', (width, height, code) => {
    const check = () => checkDimensions({ width, height });
    if (code === null) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ code }) as Error);
  });
});

describe('readDimensions', () => {
  const bmp = bytesOf(`BM${'\0'.repeat(12)}\x28\0\0\0\x05\0\0\0\xfd\xff\xff\xff${'\0'.repeat(28)}`);
  const oldBmp = bytesOf(`BM${'\0'.repeat(12)}\x0c\0\0\0\x05\0\x03\0${'\0'.repeat(28)}`);
  const jpeg = bytesOf('\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc4\0\x03x\xff\xc2\0\x0b\x08\0\x03\0\x05\x03');
  const webp = (chunk: string, body: string) => bytesOf(`RIFF\0\0\0\0WEBP${chunk}\0\0\0\0${body}`);
  const ispe = (width: number, height: number) =>
    `\0\0\0\x14ispe\0\0\0\0\0\0\0${chr(width)}\0\0\0${chr(height)}`;
  const avif = bytesOf(`\0\0\0\x18ftypavif\0\0\0\0${ispe(1, 2)}${ispe(5, 3)}`);

  it.each([
    ['GIF', 'gif', bytesOf('GIF89a\x05\0\x03\0\0\0\0')],
    ['BMP, rows top down', 'bmp', bmp],
    ['BMP, first version', 'bmp', oldBmp],
    ['JPEG, progressive, with fill bytes', 'jpeg', jpeg],
    ['WebP, lossy', 'webp', webp('VP8 ', '\0\0\0\x9d\x01\x2a\x05\0\x03\0')],
    ['WebP, lossless', 'webp', webp('VP8L', '\x2f\x04\x80\0\0\0\0')],
    ['WebP, extended', 'webp', webp('VP8X', '\0\0\0\0\x04\0\0\x02\0\0')],
    ['AVIF with a thumbnail', 'avif', avif],
  ] as const)('reads the size of %s', (_, format, bytes) => {
    expect(sniffFormat(bytes)).toBe(format);
    expect(readDimensions(bytes, format)).toEqual({ width: 5, height: 3 });
  });

  it.each([
    ['a JPEG without a frame', 'jpeg', '\xff\xd8\xff\xda\0\x02'],
    ['a JPEG that is cut off', 'jpeg', '\xff\xd8\xff\xe0\xff'],
    ['a JPEG that goes astray', 'jpeg', '\xff\xd8\xff\xe0\0\x02abcd'],
    ['a WebP of an unknown kind', 'webp', `RIFF\0\0\0\0WEBPABCD${'\0'.repeat(20)}`],
    ['an AVIF without a size', 'avif', '\0\0\0\x18ftypavif\0\0\0\0'],
    ['a PNG without a header', 'png', `\x89PNG\r\n\x1a\n\0\0\0\rIDAT${'\0'.repeat(20)}`],
    ['a GIF that is cut off', 'gif', 'GIF89a\x05'],
  ] as const)('refuses %s', (_, format, text) => {
    expect(() => readDimensions(bytesOf(text), format)).toThrow(
      refusal('image_invalid', /^the [A-Z]+ header is damaged/),
    );
  });
});

function chr(code: number): string {
  return String.fromCharCode(code);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
