/** The pixel format that a data set declares, and the values of uncompressed pixels. PS3.3 C.7.6.3, PS3.5 8. */
import type { DataSet, Element } from 'dicom-parser';
import { checkDimensions } from '../dimensions';
import type { Samples } from '../grey';
import { invalidImage, unsupportedImage } from '../imageError';
import type { DicomFile } from './parse';

export interface PixelFormat {
  element: Element;
  rows: number;
  columns: number;
  frames: number;
  samples: 1 | 3;
  photometric: string;
  bitsAllocated: 1 | 8 | 16 | 32 | 64;
  bitsStored: number;
  highBit: number;
  isSigned: boolean;
  /** Float Pixel Data or Double Float Pixel Data. */
  isFloat: boolean;
  /** True: all values of one channel, then all of the next. */
  isPlanar: boolean;
}

const GREY_OR_PALETTE = ['MONOCHROME1', 'MONOCHROME2', 'PALETTE COLOR'];
const COLOR = ['RGB', 'YBR_FULL', 'YBR_FULL_422'];
/** Colour models of compressed pixels only; their decoder returns RGB. */
const COLOR_OF_CODECS = ['YBR_ICT', 'YBR_RCT'];
/** A damaged frame count must not determine how much is allocated. */
const MAX_FRAMES = 100_000;

/** @throws RoundsError image_unsupported, image_invalid, image_too_large */
export function readFormat({ data, syntax }: DicomFile): PixelFormat {
  const [tag, element] = findPixels(data);
  const bitsAllocated = data.uint16('x00280100') ?? 0;
  const bitsStored = data.uint16('x00280101') ?? bitsAllocated;
  const isFloat = tag !== PIXEL_DATA;
  const format = {
    element,
    rows: data.uint16('x00280010') ?? 0,
    columns: data.uint16('x00280011') ?? 0,
    // Absent, empty and 0 mean one.
    frames: data.intString('x00280008') || 1,
    samples: data.uint16('x00280002') ?? 1,
    photometric: (data.string('x00280004') ?? '').trim().toUpperCase(),
    bitsAllocated,
    bitsStored: isFloat ? bitsAllocated : bitsStored,
    highBit: isFloat ? bitsAllocated - 1 : (data.uint16('x00280102') ?? bitsStored - 1),
    isSigned: data.uint16('x00280103') === 1,
    isFloat,
    isPlanar: data.uint16('x00280006') === 1,
  };
  checkDimensions({ width: format.columns, height: format.rows });
  const isNative = syntax.codec === 'native';
  checkFormat(format, isNative);
  return format as PixelFormat;
}

const PIXEL_DATA = 'x7fe00010';

/** Pixel Data, Float Pixel Data, Double Float Pixel Data. */
function findPixels(data: DataSet): [tag: string, element: Element] {
  for (const tag of [PIXEL_DATA, 'x7fe00008', 'x7fe00009']) {
    const element = data.elements[tag];
    if (element) return [tag, element];
  }
  throw unsupportedImage('the DICOM file has no image in it', 'choose an image of the series');
}

type Declared = Omit<PixelFormat, 'samples' | 'bitsAllocated'> & { samples: number; bitsAllocated: number };

function checkFormat(format: Declared, isNative: boolean): void {
  const { photometric, bitsAllocated, bitsStored, highBit, frames } = format;
  const isColor = COLOR.includes(photometric) || (!isNative && COLOR_OF_CODECS.includes(photometric));
  if (!isColor && !GREY_OR_PALETTE.includes(photometric)) {
    throw unsupportedImage(`the colour model ${photometric || '(none)'} can’t be opened`);
  }
  const widths = format.isFloat ? [32, 64] : [1, 8, 16, 32];
  if (!widths.includes(bitsAllocated)) {
    throw unsupportedImage(`pixels of ${bitsAllocated} bits can’t be opened`);
  }
  const areBitsSound = bitsStored >= 1 && bitsStored <= highBit + 1 && highBit < bitsAllocated;
  const areFramesSound = frames >= 1 && frames <= MAX_FRAMES;
  if (format.samples !== (isColor ? 3 : 1) || !areBitsSound || !areFramesSound) {
    throw invalidImage('the DICOM header contradicts itself about the pixels');
  }
}

/**
 * Stored values of an uncompressed frame, sign-extended, channels interleaved.
 *
 * @throws RoundsError image_invalid if it is truncated
 */
export function readNative(file: DicomFile, format: PixelFormat, frame: number): Samples {
  const pixels = format.rows * format.columns;
  // 4:2:2 has two values per pixel: Y Y Cb Cr for every two pixels.
  const count = format.photometric === 'YBR_FULL_422' ? pixels * 2 : pixels * format.samples;
  const bits = count * format.bitsAllocated;
  // Frames of single bits follow each other without gaps.
  const end = format.element.dataOffset + Math.ceil(((frame + 1) * bits) / 8);
  if (end > file.data.byteArray.length || end > format.element.dataOffset + format.element.length) {
    throw invalidImage('the pixel data ends early');
  }
  const raw = readValues(file, format, (frame * bits) / 8, count);
  if (format.photometric === 'YBR_FULL_422') return expand422(raw, pixels);
  return format.samples === 3 && format.isPlanar ? interleave(raw, 3) : raw;
}

/** @param from offset of the first value, in bytes from the start of the element; a fraction for single bits */
function readValues(file: DicomFile, format: PixelFormat, from: number, count: number): Samples {
  const { byteArray } = file.data;
  const { element, bitsAllocated, isFloat } = format;
  const view = new DataView(byteArray.buffer, byteArray.byteOffset + element.dataOffset, element.length);
  const little = file.isLittleEndian;
  const values = emptySamples(format, count);
  if (isFloat) {
    const read = bitsAllocated === 32 ? view.getFloat32.bind(view) : view.getFloat64.bind(view);
    for (let i = 0; i < count; i++) values[i] = read(from + (i * bitsAllocated) / 8, little);
    return values;
  }
  if (bitsAllocated === 1) {
    const first = from * 8;
    for (let i = 0; i < count; i++) values[i] = (view.getUint8((first + i) >> 3) >> ((first + i) & 7)) & 1;
    return values;
  }
  // In big-endian words (VR OW), each pair of bytes is swapped, counted from the start of the element.
  const swap = !little && element.vr === 'OW' ? 1 : 0;
  for (let i = 0; i < count; i++) {
    if (bitsAllocated === 8) values[i] = view.getUint8((from + i) ^ swap);
    else if (bitsAllocated === 16) values[i] = view.getUint16(from + i * 2, little);
    else values[i] = view.getUint32(from + i * 4, little);
  }
  extendBits(values, format.bitsStored, format.highBit, format.isSigned);
  return values;
}

/** The narrowest array for values of this format. */
export function emptySamples(
  { bitsAllocated, isSigned, isFloat }: Pick<PixelFormat, 'bitsAllocated' | 'isSigned' | 'isFloat'>,
  count: number,
): Samples {
  if (isFloat) return bitsAllocated === 32 ? new Float32Array(count) : new Float64Array(count);
  if (bitsAllocated <= 8) return isSigned ? new Int8Array(count) : new Uint8Array(count);
  if (bitsAllocated <= 16) return isSigned ? new Int16Array(count) : new Uint16Array(count);
  return isSigned ? new Int32Array(count) : new Uint32Array(count);
}

/** Removes the bits above the high bit and below the stored bits, and extends the sign. In place. */
export function extendBits(values: Samples, bitsStored: number, highBit: number, isSigned: boolean): void {
  if (bitsStored === values.BYTES_PER_ELEMENT * 8 && highBit === bitsStored - 1) return;
  const up = 31 - highBit;
  const down = 32 - bitsStored;
  for (let i = 0; i < values.length; i++) {
    const top = values[i]! << up;
    values[i] = isSigned ? top >> down : top >>> down;
  }
}

/** Planes one after another → channels interleaved. */
export function interleave<T extends Samples>(planes: T, channels: number): T {
  const values = planes.slice() as T;
  const pixels = planes.length / channels;
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < pixels; i++) values[i * channels + channel] = planes[channel * pixels + i]!;
  }
  return values;
}

function expand422(packed: Samples, pixels: number): Samples {
  const values = packed instanceof Uint8Array ? new Uint8Array(pixels * 3) : new Uint16Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const pair = (pixel >> 1) * 4;
    values[pixel * 3] = packed[pair + (pixel & 1)]!;
    values[pixel * 3 + 1] = packed[pair + 2]!;
    values[pixel * 3 + 2] = packed[pair + 3]!;
  }
  return values;
}
