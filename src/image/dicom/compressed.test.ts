/** Compressed DICOM files that are damaged, or whose header contradicts their pixel data, always fail with an error of images. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeDicom } from './decodeDicom';

const FOLDER = join(import.meta.dirname, '../../../models/goldens/images');
const read = (file: string) => new Uint8Array(readFileSync(join(FOLDER, file)));
const refusal = (code: string, text: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(text) as string }) as Error;

const FILES = [
  'pydicom/MR_small_RLE.dcm',
  'made/jpeg_420.dcm',
  'made/jpeg_lossless_p4.dcm',
  'made/jls_signed.dcm',
  'made/j2k_signed.dcm',
  'made/fragments_table.dcm',
];

/** Where the bytes of an element's value begin (explicit VR with a short length, little endian). */
function valueOf(bytes: Uint8Array, group: number, element: number): number {
  const tag = [group & 255, group >> 8, element & 255, element >> 8];
  return bytes.findIndex((_, i) => tag.every((byte, k) => bytes[i + k] === byte)) + 8;
}

/** Pixel Data comes last. */
const pixelsOf = (bytes: Uint8Array): number => valueOf(bytes, 0x7fe0, 0x0010);

describe('compressed DICOM files', () => {
  it.each(FILES)('are refused if they are truncated: %s', async (file) => {
    const whole = read(file);
    const start = pixelsOf(whole);
    for (const part of [0.02, 0.3, 0.6]) {
      const length = start + 30 + Math.floor((whole.length - start) * part);
      await expect(decodeDicom(whole.slice(0, length)), `${length}`).rejects.toThrow(
        refusal('image_invalid', /damaged|ends early|decoded|RLE/),
      );
    }
  });

  it.each(FILES)('return an image or an error whichever byte is wrong: %s', async (file) => {
    const whole = read(file);
    const start = pixelsOf(whole);
    const step = Math.max(1, Math.floor((whole.length - start) / 60));
    for (let at = start; at < whole.length; at += step) {
      const broken = whole.slice();
      broken[at]! ^= 0xff;
      const failure = await decodeDicom(broken).then(
        () => null,
        (error: unknown) => error,
      );
      if (failure) {
        expect(failure, `byte ${at}`).toMatchObject({ code: expect.stringMatching(/^image_/) as string });
      }
    }
    // The decoder still works.
    await expect(decodeDicom(whole)).resolves.toMatchObject({ facts: { format: 'DICOM' } });
  });

  it.each(FILES)('are refused before they are unpacked if their size differs: %s', async (file) => {
    const bytes = read(file);
    const at = valueOf(bytes, 0x0028, 0x0010);
    new DataView(bytes.buffer).setUint16(at, 4000, true);
    await expect(decodeDicom(bytes)).rejects.toThrow(refusal('image_invalid', /4000|ends early/));
  });

  it('are refused if their colours contradict the header', async () => {
    const bytes = read('made/j2k_signed.dcm');
    const name = valueOf(bytes, 0x0028, 0x0004);
    bytes.set(new TextEncoder().encode('RGB        '), name);
    new DataView(bytes.buffer).setUint16(valueOf(bytes, 0x0028, 0x0002), 3, true);
    await expect(decodeDicom(bytes)).rejects.toThrow(refusal('image_invalid', /number of colour channels/));
  });

  it('are refused if a declared frame is missing', async () => {
    const bytes = read('made/fragments_markers.dcm');
    bytes[valueOf(bytes, 0x0028, 0x0008)] = '9'.charCodeAt(0);
    await expect(decodeDicom(bytes, { frame: 8 })).rejects.toThrow(refusal('image_invalid', /ends early/));
  });
});
