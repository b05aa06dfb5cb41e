/**
 * Any file that Rounds opens → 8-bit RGB. The page's preview and the model share this only way to the pixels.
 *
 * To add a format:
 * 1. Recognise its first bytes in `sniff.ts`, and name it in `FileFormat` (shared/imageFacts.ts).
 * 2. Write a `Decoder` in a folder of its own. Check sizes (`dimensions.ts`) before unpacking, and throw the errors of
 *    `imageError.ts`, without the file's name.
 * 3. Add it to `DECODERS` here, loaded with `loadPart` so that it's downloaded with the first file that needs it.
 * 4. Test it against a reference decoder, and describe it in docs/images.md.
 */
import { checkFileSize } from './dimensions';
import type { DecodedImage, DecodeOptions, ImageFile } from './decoded';
import { forgetful } from './fileMemory';
import { nameFile } from './imageError';
import { loadPart } from './loadPart';
import { decodePicture } from './picture';
import { readRange } from './readRange';
import { type ImageFormat, SNIFF_BYTES, sniffFormat } from './sniff';

/** @throws RoundsError whose message doesn't name the file; anything else counts as a damaged file */
type Decoder = (file: ImageFile, options: DecodeOptions) => Promise<DecodedImage>;

const decodeNifti: Decoder = async (file, options) =>
  (await loadPart(() => import('./nifti/decodeNifti'))).decodeNifti(file, options);

const DECODERS: Record<ImageFormat, Decoder> = {
  png: decodePicture,
  jpeg: decodePicture,
  gif: decodePicture,
  webp: decodePicture,
  bmp: decodePicture,
  avif: decodePicture,
  tiff: async (file, options) =>
    (await loadPart(() => import('./tiff/decodeTiff'))).decodeTiff(file, options),
  dicom: async ({ blob }, options) =>
    (await loadPart(() => import('./dicom/decodeDicom'))).decodeDicom(blob, options),
  nifti: decodeNifti,
  gzip: decodeNifti,
};

export interface NamedOptions extends DecodeOptions {
  /** The file's name, which begins every error message. */
  name?: string;
}

/**
 * @returns width × height RGB pixels, 3 bytes each, rows from top to bottom
 * @throws RoundsError image_invalid, image_unsupported, image_too_large, request_invalid (no such frame, an unusable
 *   window), decoder_missing (its download failed), out_of_memory. Nothing else: every error names the file, once.
 */
export async function decodeImage(blob: Blob, options: NamedOptions = {}): Promise<DecodedImage> {
  const { name = 'image', ...rest } = options;
  try {
    const file = await openFile(blob, rest);
    return await DECODERS[file.format](file, rest);
  } catch (thrown) {
    throw nameFile(thrown, name);
  }
}

async function openFile(blob: Blob, { remember = forgetful }: DecodeOptions): Promise<ImageFile> {
  const head = await readRange(blob, 0, SNIFF_BYTES);
  const format = sniffFormat(head);
  const bytes = (): Promise<Uint8Array<ArrayBuffer>> => {
    checkFileSize(blob.size);
    return remember('bytes', blob.size, () => readRange(blob, 0, blob.size));
  };
  return { blob, format, bytes, read: (start, end) => readRange(blob, start, end) };
}
