/** One frame of a DICOM file → stored values, whatever it is compressed with. */
import { decodeJpegLs, decodeJpeg2000 } from '../codecs/wasmDecoder';
import type { Samples } from '../grey';
import { decodeJpeg, type JpegSamples } from '../jpeg/decodeJpeg';
import { RoundsError } from '../../shared/errors';
import { readCodedFrame } from './fragments';
import type { DicomFile } from './parse';
import { emptySamples, extendBits, type PixelFormat, readNative } from './pixels';
import { decodeRle } from './rle';

export interface DecodedFrame {
  /** Interleaved, sign-extended. */
  values: Samples;
  /** Bits that the values may use. */
  bits: number;
  /** Three channels are luminance and colour differences, not RGB. */
  isYbr: boolean;
}

/** @throws RoundsError image_invalid, image_unsupported, decoder_missing (a decoder) */
export async function readFrame(
  file: DicomFile,
  format: PixelFormat,
  frame: number,
  name: string,
): Promise<DecodedFrame> {
  const { codec } = file.syntax;
  const isYbr = format.photometric.startsWith('YBR_FULL');
  const bits = format.bitsStored;
  if (codec === 'native') return { values: readNative(file, format, frame, name), bits, isYbr };
  const coded = readCodedFrame(file, format, frame, name);
  const size = { width: format.columns, height: format.rows };
  if (codec === 'rle') {
    return { values: toFormat(decodeRle(coded, format, name), format, bits), bits, isYbr };
  }
  if (codec === 'jpeg') {
    const jpeg = decodeJpeg(coded, size, name);
    checkComponents(jpeg.components, format, name);
    const used = Math.min(bits, jpeg.precision);
    return { values: toFormat(jpeg.values, format, bits), bits: used, isYbr: isYbrJpeg(jpeg, format) };
  }
  const decoded =
    codec === 'jpegls' ? await decodeJpegLs(coded, size, name) : await decodeJpeg2000(coded, size, name);
  checkComponents(decoded.components, format, name);
  return {
    values: toFormat(decoded.values, format, decoded.bits),
    bits: decoded.bits,
    isYbr: isYbr && !spellsRgb(decoded.ids),
  };
}

function checkComponents(components: number, format: PixelFormat, name: string): void {
  if (components === format.samples) return;
  throw new RoundsError('image_invalid', `${name} contradicts itself about its colours.`);
}

/**
 * The decoded values with the sign that the data set gives them: a decoder may not know it (JPEG, JPEG-LS), or the coded
 * image may contradict it (seen in JPEG 2000).
 */
function toFormat(decoded: Samples, format: PixelFormat, bits: number): Samples {
  const needsSign = format.isSigned !== (decoded instanceof Int8Array || decoded instanceof Int16Array);
  const width = decoded.BYTES_PER_ELEMENT * 8;
  if (!needsSign && bits >= width) return decoded;
  const bitsAllocated = width as PixelFormat['bitsAllocated'];
  const values = emptySamples({ ...format, bitsAllocated }, decoded.length);
  values.set(decoded);
  extendBits(values, Math.min(bits, width), Math.min(bits, width) - 1, format.isSigned);
  return values;
}

/**
 * JPEG itself does not say what its components are. Component identifiers and markers that do are believed over
 * the data set, as pydicom does.
 */
function isYbrJpeg(jpeg: JpegSamples, format: PixelFormat): boolean {
  if (spellsRgb(jpeg.ids)) return false;
  if (jpeg.adobeTransform !== null) return jpeg.adobeTransform === 1;
  return jpeg.hasJfif || format.photometric.startsWith('YBR_FULL');
}

function spellsRgb(ids: readonly number[]): boolean {
  return /^(RGB|rgb)$/.test(String.fromCharCode(...ids));
}
