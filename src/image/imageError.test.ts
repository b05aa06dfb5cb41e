/** Every error of `decodeImage` names the file once and says what helps; decoders themselves never name it. */
import { encode } from 'fast-png';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RoundsError } from '../shared/errors';
import { decodeImage, type NamedOptions } from './decode';
import { nameFile } from './imageError';

const FOLDER = join(import.meta.dirname, '../../models/goldens/images');
const read = (file: string) => new Uint8Array(readFileSync(join(FOLDER, file)));
const latin1 = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const cut = (file: string, share: number) => {
  const whole = read(file);
  return whole.slice(0, Math.floor(whole.length * share));
};

/** Not a word of any message, and not a regular expression. */
const NAME = 'Müller (1) – a.b';

async function failureOf(blob: Blob, options: NamedOptions = {}): Promise<RoundsError> {
  const failure = await decodeImage(blob, { ...options, name: NAME }).then(
    () => null,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(RoundsError);
  return failure as RoundsError;
}

/** "Müller (1) – a.b: the DICOM header ends early; save or export the file again." */
function expectForm({ message }: RoundsError): void {
  expect(message.split(NAME), message).toHaveLength(2);
  const [start, rest = ''] = [message.slice(0, NAME.length + 2), message.slice(NAME.length + 2)];
  expect(start).toBe(`${NAME}: `);
  expect(rest, 'one sentence: a problem, and the step that helps').toMatch(/^[^.;].*; \p{Ll}.*\.$/u);
  expect(rest, 'begins in lower case, or with an abbreviation').toMatch(/^(\p{Ll}|\p{Lu}{2}|\d)/u);
}

const png = encode({ width: 3, height: 3, data: new Uint8Array(27), channels: 3, depth: 8 });

const DAMAGED: [format: string, bytes: Uint8Array, code: string][] = [
  ['PNG', png.slice(0, 44), 'image_invalid'],
  ['JPEG', latin1('\xff\xd8\xff\xe0\xff'), 'image_invalid'],
  ['GIF', latin1('GIF89a\x05'), 'image_invalid'],
  ['WebP', latin1(`RIFF\0\0\0\0WEBPABCD${'\0'.repeat(20)}`), 'image_invalid'],
  ['BMP', latin1(`BM${'\0'.repeat(12)}\x28\0\0\0\x05`), 'image_invalid'],
  ['AVIF', latin1('\0\0\0\x18ftypavif\0\0\0\0'), 'image_invalid'],
  ['TIFF', cut('made/grey.tif', 0.4), 'image_invalid'],
  ['TIFF, LZW', cut('made/grey_16_lzw.tif', 0.4), 'image_invalid'],
  ['NIfTI', cut('made/scaled.nii', 0.6), 'image_invalid'],
  ['NIfTI, packed', cut('made/series.nii.gz', 0.02), 'image_invalid'],
  ['DICOM', cut('made/window.dcm', 0.6), 'image_invalid'],
  ['DICOM, header', cut('made/window.dcm', 0.2), 'image_invalid'],
  ['DICOM, RLE', cut('pydicom/MR_small_RLE.dcm', 0.6), 'image_invalid'],
  ['DICOM, JPEG', cut('made/jpeg_420.dcm', 0.9), 'image_invalid'],
  ['DICOM, JPEG-LS', cut('made/jls_signed.dcm', 0.9), 'image_invalid'],
  ['DICOM, JPEG 2000', cut('made/j2k_signed.dcm', 0.9), 'image_invalid'],
];

/** Wrong only for what is requested of it, or not an image that can be opened. */
const REFUSED: [what: string, bytes: Uint8Array, code: string, options?: NamedOptions][] = [
  ['nothing', new Uint8Array(), 'image_invalid'],
  ['a text', latin1('Only a few words, no image.\n'), 'image_invalid'],
  ['SVG', latin1('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'image_unsupported'],
  ['PDF', latin1('%PDF-1.7\n'), 'image_unsupported'],
  ['ZIP', latin1('PK\x03\x04\x14\0'), 'image_unsupported'],
  ['HEIC', latin1('\0\0\0\x18ftypheic\0\0\0\0'), 'image_unsupported'],
  ['a video', latin1('\0\0\0\x18ftypisom\0\0\0\0'), 'image_unsupported'],
  ['noise', latin1('\x01\x02\0\x03\xfe\xff\x10'), 'image_unsupported'],
  ['a GIF outside a browser', latin1(`GIF89a\x05\0\x05\0\0${'\0'.repeat(40)}`), 'image_unsupported'],
  ['a large GIF', latin1('GIF89a\xff\xff\xff\xff\0\0\0'), 'image_too_large'],
  ['a thin GIF', latin1('GIF89a\xff\0\x01\0\0\0\0'), 'image_too_large'],
  ['a frame', png, 'request_invalid', { frame: 1 }],
  ['a page', read('made/grey.tif'), 'request_invalid', { frame: 1 }],
  ['a slice', read('made/scaled.nii'), 'request_invalid', { frame: 999 }],
  ['a volume', read('made/scaled.nii'), 'request_invalid', { volume: 9 }],
  ['a frame of a DICOM file', read('made/window.dcm'), 'request_invalid', { frame: 7 }],
  ['a window', read('made/window.dcm'), 'request_invalid', { window: [40, 0] }],
];

describe('an error of decodeImage names the file once', () => {
  it.each(DAMAGED)('in a damaged file: %s', async (_, bytes, code) => {
    const failure = await failureOf(new Blob([bytes as Uint8Array<ArrayBuffer>]));
    expect(failure.code).toBe(code);
    expectForm(failure);
  });

  it.each(REFUSED)('when it refuses %s', async (_, bytes, code, options) => {
    const failure = await failureOf(new Blob([bytes as Uint8Array<ArrayBuffer>]), options);
    expect(failure.code).toBe(code);
    expectForm(failure);
  });

  it('whichever byte is wrong', async () => {
    for (const file of ['made/window.dcm', 'made/rgb_lzw_strips.tif', 'made/second_version.nii']) {
      const whole = read(file);
      for (let at = 0; at < Math.min(whole.length, 1000); at += 3) {
        const broken = whole.slice();
        broken[at]! ^= 0xff;
        const failure = await decodeImage(new Blob([broken]), { name: NAME }).then(
          () => null,
          (error: unknown) => error as RoundsError,
        );
        if (!failure) continue;
        expect(failure.code, `${file}, byte ${at}`).toMatch(/^image_/);
        expectForm(failure);
      }
    }
  });

  it('if the bytes can’t be read', async () => {
    const blob = new Blob([read('made/grey.tif')]);
    blob.arrayBuffer = () => Promise.reject(new TypeError('gone'));
    const failure = await failureOf(blob);
    expect(failure.code).toBe('image_invalid');
    expect(failure.message).toBe(
      `${NAME}: the file can’t be read, because it was moved, changed or deleted, or is a folder; choose it again.`,
    );
    expectForm(failure);
  });

  it('twice for two callers that share a failed read', async () => {
    const remember = <T>(): Promise<T> => shared;
    const shared = Promise.reject(new RoundsError('image_invalid', 'the pixel data ends early.'));
    const blob = new Blob([read('made/grey.tif')]);
    for (let i = 0; i < 2; i++)
      expect((await failureOf(blob, { remember })).message.split(NAME)).toHaveLength(2);
  });
});

describe('nameFile', () => {
  it('keeps the code and the cause', () => {
    const cause = new RoundsError('decoder_missing', 'the decoder couldn’t be downloaded.');
    expect(nameFile(cause, 'a.dcm')).toMatchObject({
      code: 'decoder_missing',
      message: 'a.dcm: the decoder couldn’t be downloaded.',
      cause,
    });
  });

  it('knows when memory is short', () => {
    expect(nameFile(new RangeError('Array buffer allocation failed'), 'a.dcm')).toMatchObject({
      code: 'out_of_memory',
      message: 'a.dcm: there isn’t enough memory for this image; scale it down first.',
    });
  });

  it.each([[new RangeError('past the end')], ['dicomParser: past the end'], [{ exception: 'past the end' }]])(
    'makes a coded error of a foreign %s',
    (thrown) => {
      const error = nameFile(thrown, 'a.dcm');
      expect(error).toMatchObject({ code: 'image_invalid', cause: thrown });
      expect(error.message).toMatch(/^a\.dcm: the file can’t be decoded/);
    },
  );
});
