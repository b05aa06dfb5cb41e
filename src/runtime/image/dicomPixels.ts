/** Pixel Data of a DICOM data set → stored values of one frame. PS3.3 C.7.6.3, PS3.5 8. */
import type { DataSet } from 'dicom-parser';
import { RoundsError } from '../../shared/errors';
import { checkDimensions } from './dimensions';

export interface PixelFormat {
  /** Where Pixel Data starts in the bytes, and its length. */
  offset: number;
  length: number;
  rows: number;
  columns: number;
  frames: number;
  samples: 1 | 3;
  photometric: string;
  bitsAllocated: 8 | 16;
  bitsStored: number;
  highBit: number;
  isSigned: boolean;
  /** True: all of one channel, then all of the next. */
  isPlanar: boolean;
}

/** Stored values, sign-extended; rows top down, channels interleaved. */
export type StoredPixels = Int32Array;

const PHOTOMETRICS = ['MONOCHROME1', 'MONOCHROME2', 'RGB', 'YBR_FULL', 'YBR_FULL_422', 'PALETTE COLOR'];
/** One read of the frame count must not decide how much is allocated. */
const MAX_FRAMES = 100_000;

/** @throws RoundsError image_unsupported, image_invalid, image_too_large */
export function readFormat(data: DataSet, name: string): PixelFormat {
  const element = data.elements.x7fe00010;
  if (!element) {
    throw new RoundsError('image_unsupported', `${name} is a DICOM file without an image in it.`);
  }
  const photometric = (data.string('x00280004') ?? '').trim().toUpperCase();
  const bitsAllocated = data.uint16('x00280100') ?? 0;
  const format = {
    offset: element.dataOffset,
    length: element.length,
    rows: data.uint16('x00280010') ?? 0,
    columns: data.uint16('x00280011') ?? 0,
    frames: data.intString('x00280008') ?? 1,
    samples: data.uint16('x00280002') ?? 1,
    photometric,
    bitsAllocated,
    bitsStored: data.uint16('x00280101') ?? bitsAllocated,
    highBit: data.uint16('x00280102') ?? (data.uint16('x00280101') ?? bitsAllocated) - 1,
    isSigned: data.uint16('x00280103') === 1,
    isPlanar: data.uint16('x00280006') === 1,
  };
  checkDimensions({ width: format.columns, height: format.rows }, name);
  if (!PHOTOMETRICS.includes(photometric)) unsupported(name, `the colour model ${photometric || '(none)'}`);
  if (bitsAllocated !== 8 && bitsAllocated !== 16) unsupported(name, `${bitsAllocated} bits for a value`);
  const isColor = ['RGB', 'YBR_FULL', 'YBR_FULL_422'].includes(photometric);
  const areBitsSound =
    format.bitsStored >= 1 && format.bitsStored <= format.highBit + 1 && format.highBit < bitsAllocated;
  const areFramesSound = format.frames >= 1 && format.frames <= MAX_FRAMES;
  if (format.samples !== (isColor ? 3 : 1) || !areBitsSound || !areFramesSound) {
    throw new RoundsError('image_invalid', `${name} contradicts itself about its pixels.`);
  }
  return format as PixelFormat;
}

function unsupported(name: string, what: string): never {
  throw new RoundsError('image_unsupported', `${name} uses ${what}, which cannot be opened. Save it as PNG.`);
}

/** Values of the frame; length rows × columns × samples. @throws RoundsError image_invalid when it is cut off */
export function readStored(data: DataSet, format: PixelFormat, frame: number, name: string): StoredPixels {
  const bytesPerValue = format.bitsAllocated / 8;
  const pixels = format.rows * format.columns;
  // 4:2:2 keeps two values for a pixel: Y Y Cb Cr for each two.
  const values = format.photometric === 'YBR_FULL_422' ? pixels * 2 : pixels * format.samples;
  const start = format.offset + frame * values * bytesPerValue;
  const end = start + values * bytesPerValue;
  if (end > data.byteArray.length || end > format.offset + format.length) {
    throw new RoundsError('image_invalid', `${name} ends before its image does.`);
  }
  const raw = rawValues(data, start, values, format);
  if (format.photometric === 'YBR_FULL_422') return expand422(raw, format);
  return format.samples === 3 && format.isPlanar ? interleave(raw, pixels) : raw;
}

function rawValues(data: DataSet, start: number, count: number, format: PixelFormat): StoredPixels {
  const bytes = data.byteArray;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const isLittle = isLittleEndian(data);
  // Bytes in big-endian words (VR OW) stand in pairs that are the wrong way round, counted from the element.
  const swap = !isLittle && data.elements.x7fe00010?.vr === 'OW' ? 1 : 0;
  const values = new Int32Array(count);
  const { bitsStored, highBit, isSigned } = format;
  // Shifting to the top of 32 bits drops what lies above the high bit; shifting back extends the sign.
  const up = 31 - highBit;
  const down = 32 - bitsStored;
  for (let i = 0; i < count; i++) {
    const value =
      format.bitsAllocated === 8
        ? view.getUint8(((start - format.offset + i) ^ swap) + format.offset)
        : view.getUint16(start + i * 2, isLittle);
    const top = value << up;
    values[i] = isSigned ? top >> down : top >>> down;
  }
  return values;
}

/** A data set without file meta information is little endian. */
function isLittleEndian(data: DataSet): boolean {
  return data.elements.x00020010 === undefined || data.string('x00020010') !== '1.2.840.10008.1.2.2';
}

function interleave(planes: StoredPixels, pixels: number): StoredPixels {
  const values = new Int32Array(planes.length);
  for (let i = 0; i < pixels; i++) {
    for (let channel = 0; channel < 3; channel++) values[i * 3 + channel] = planes[channel * pixels + i] ?? 0;
  }
  return values;
}

function expand422(packed: StoredPixels, format: PixelFormat): StoredPixels {
  const values = new Int32Array(format.rows * format.columns * 3);
  for (let pixel = 0; pixel * 3 < values.length; pixel++) {
    const pair = (pixel >> 1) * 4;
    values[pixel * 3] = packed[pair + (pixel & 1)] ?? 0;
    values[pixel * 3 + 1] = packed[pair + 2] ?? 0;
    values[pixel * 3 + 2] = packed[pair + 3] ?? 0;
  }
  return values;
}
