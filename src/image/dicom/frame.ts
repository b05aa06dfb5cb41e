/** One frame of a DICOM file → stored values, for every compression. */
import { decodeJpeg2000 } from '../codecs/wasmDecoder';
import type { Samples } from '../grey';
import { invalidImage } from '../imageError';
import { decodeJpeg, type JpegSamples } from '../jpeg/decodeJpeg';
import { decodeJpegLs } from '../jpegls/decodeJpegLs';
import { sniffCoded } from './coded';
import { readCodedFrame } from './fragments';
import type { DicomFile } from './parse';
import { emptySamples, extendBits, type PixelFormat, readNative } from './pixels';
import { decodeRle } from './rle';
import { JPEG_LOSSLESS } from './syntaxes';

export interface DecodedFrame {
  /** Interleaved, sign-extended. */
  values: Samples;
  /** Bits that the values may use. */
  bits: number;
  /** The three channels are luminance and colour differences, not RGB. */
  isYbr: boolean;
}

/** @throws RoundsError image_invalid, image_unsupported, decoder_missing */
export async function readFrame(file: DicomFile, format: PixelFormat, frame: number): Promise<DecodedFrame> {
  const { codec } = file.syntax;
  const isYbr = format.photometric.startsWith('YBR_FULL');
  const bits = format.bitsStored;
  if (codec === 'native') return { values: await readNative(file, format, frame), bits, isYbr };
  const coded = await readCodedFrame(file, format, frame);
  const size = { width: format.columns, height: format.rows, components: format.samples };
  if (codec === 'rle') {
    return { values: toFormat(decodeRle(coded, format), format, bits), bits, isYbr };
  }
  if (codec === 'jpeg') {
    const jpeg = decodeJpeg(coded, size);
    checkComponents(jpeg.components, format);
    const used = Math.min(bits, jpeg.precision);
    // Lossy coding overshoots: above the largest value that the header allows, bright pixels would wrap to black.
    const isLossless = sniffCoded(coded)?.uid === JPEG_LOSSLESS;
    if (!isLossless && !format.isSigned && jpeg.precision > bits) saturate(jpeg.values, bits);
    return { values: toFormat(jpeg.values, format, bits), bits: used, isYbr: isYbrJpeg(jpeg, format) };
  }
  const decoded = codec === 'jpegls' ? decodeJpegLs(coded, size) : await decodeJpeg2000(coded, size);
  checkComponents(decoded.components, format);
  return {
    values: toFormat(decoded.values, format, decoded.bits),
    bits: decoded.bits,
    isYbr: isYbr && !spellsRgb(decoded.ids),
  };
}

function saturate(values: Uint8Array | Uint16Array, bits: number): void {
  const most = 2 ** bits - 1;
  for (let i = 0; i < values.length; i++) if (values[i]! > most) values[i] = most;
}

function checkComponents(components: number, format: PixelFormat): void {
  if (components === format.samples) return;
  throw invalidImage('the header and the pixel data disagree about the number of colour channels');
}

/**
 * The decoded values with the sign that the data set declares: the coded image may not have it (JPEG, JPEG-LS), or may
 * contradict it (seen in JPEG 2000).
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
 * JPEG itself doesn't define what its components mean. Component identifiers and markers that do take precedence over the
 * data set, like in pydicom.
 */
function isYbrJpeg(jpeg: JpegSamples, format: PixelFormat): boolean {
  if (spellsRgb(jpeg.ids)) return false;
  if (jpeg.adobeTransform !== null) return jpeg.adobeTransform === 1;
  return jpeg.hasJfif || format.photometric.startsWith('YBR_FULL');
}

function spellsRgb(ids: readonly number[]): boolean {
  return /^(RGB|rgb)$/.test(String.fromCharCode(...ids));
}
