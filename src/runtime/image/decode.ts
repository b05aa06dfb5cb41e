/** Any file that Rounds opens → 8-bit RGB. The only way into the pixels: page preview and model share it. */
import type { RgbImage } from '../../engine/preprocess/resample';
import { decodeInBrowser } from './browser';
import { decodeDicom, type DicomInfo, type DicomOptions } from './dicom';
import { checkDimensions, checkFileSize, readDimensions } from './dimensions';
import { decodePng } from './png';
import { SNIFF_BYTES, sniffFormat } from './sniff';

export interface DecodeOptions extends DicomOptions {
  /** How messages call the file. */
  name?: string;
}

export interface DecodedImage extends RgbImage {
  /** Only for DICOM files. */
  dicom?: DicomInfo;
}

/**
 * Sizes are checked from the header before anything is unpacked.
 *
 * @throws RoundsError image_invalid, image_unsupported, image_too_large, request_invalid
 */
export async function decodeImage(blob: Blob, options: DecodeOptions = {}): Promise<DecodedImage> {
  const name = options.name ?? 'The image';
  checkFileSize(blob.size, name);
  const head = new Uint8Array(await blob.slice(0, SNIFF_BYTES).arrayBuffer());
  const format = sniffFormat(head, name);
  const bytes = new Uint8Array(await blob.arrayBuffer());
  if (format === 'dicom') return decodeDicom(bytes, name, options);
  checkDimensions(readDimensions(bytes, format, name), name);
  return format === 'png' ? decodePng(bytes, name) : decodeInBrowser(blob, name);
}
