/** The pixel format that a data set declares, and the values of uncompressed pixels. PS3.3 C.7.6.3, PS3.5 8. */
import type { RoundsError } from '../../shared/errors';
import { checkDimensions, checkPixelBytes } from '../dimensions';
import type { Samples } from '../grey';
import { invalidImage, unsupportedImage } from '../imageError';
import { type DicomElement, viewOf } from './dataSet';
import type { DicomFile } from './parse';
import { notAnImage } from './sopClasses';

export interface PixelFormat {
  element: DicomElement;
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
export function readFormat(file: DicomFile): PixelFormat {
  const { data, syntax } = file;
  const [tag, element] = findPixels(file);
  const bitsAllocated = data.uint16('x00280100') ?? 0;
  const bitsStored = data.uint16('x00280101') ?? bitsAllocated;
  const isFloat = tag !== PIXEL_DATA;
  const [frames] = data.numbers('x00280008', 1);
  const format = {
    element,
    rows: data.uint16('x00280010') ?? 0,
    columns: data.uint16('x00280011') ?? 0,
    // Absent, empty and 0 mean one.
    frames: Math.trunc(frames ?? 0) || 1,
    samples: data.uint16('x00280002') ?? 1,
    photometric: (data.string('x00280004') ?? '').toUpperCase(),
    bitsAllocated,
    bitsStored: isFloat ? bitsAllocated : bitsStored,
    highBit: isFloat ? bitsAllocated - 1 : highBit(data.uint16('x00280102'), bitsStored, bitsAllocated),
    isSigned: data.uint16('x00280103') === 1,
    isFloat,
    isPlanar: data.uint16('x00280006') === 1,
  };
  checkDimensions({ width: format.columns, height: format.rows });
  const isNative = syntax.codec === 'native';
  checkFormat(format, isNative);
  checkMemory(format as PixelFormat);
  return format as PixelFormat;
}

/** As declared if it leaves room for the stored bits; else the values begin at bit 0, like in pydicom, which ignores it. */
function highBit(declared: number | undefined, bitsStored: number, bitsAllocated: number): number {
  const isSound = declared !== undefined && declared >= bitsStored - 1 && declared < bitsAllocated;
  return isSound ? declared : bitsStored - 1;
}

const PIXEL_DATA = 'x7fe00010';

/** Pixel Data, Float Pixel Data, Double Float Pixel Data. */
function findPixels({ data, isCut, sopClass }: DicomFile): [tag: string, element: DicomElement] {
  for (const tag of [PIXEL_DATA, 'x7fe00008', 'x7fe00009']) {
    const element = data.elements[tag];
    if (element) return [tag, element];
  }
  const refused = notAnImage(sopClass);
  if (refused) throw refused;
  if (isCut) throw invalidImage('the DICOM data is damaged or incomplete');
  throw unsupportedImage('the DICOM file has no image in it', 'choose an image of the series');
}

type Declared = Omit<PixelFormat, 'samples' | 'bitsAllocated'> & { samples: number; bitsAllocated: number };

function checkFormat(format: Declared, isNative: boolean): void {
  const { photometric, bitsAllocated, bitsStored, frames, samples } = format;
  const isColor = COLOR.includes(photometric) || (!isNative && COLOR_OF_CODECS.includes(photometric));
  if (!isColor && !GREY_OR_PALETTE.includes(photometric)) {
    throw unsupportedImage(`the colour model ${photometric.slice(0, 16) || '(none)'} can’t be opened`);
  }
  const widths = format.isFloat ? [32, 64] : [1, 8, 16, 32];
  if (!widths.includes(bitsAllocated)) {
    throw unsupportedImage(`pixels of ${bitsAllocated} bits can’t be opened`);
  }
  if (samples !== (isColor ? 3 : 1)) {
    throw contradiction(
      `${samples} ${samples === 1 ? 'value' : 'values'} per pixel in the colour model ${photometric}`,
    );
  }
  if (bitsStored < 1 || bitsStored > bitsAllocated) {
    throw contradiction(`${bitsStored} stored bits in pixels of ${bitsAllocated} bits`);
  }
  if (frames < 1 || frames > MAX_FRAMES) throw contradiction(`${frames} frames`);
}

function contradiction(what: string): RoundsError {
  return invalidImage(`the DICOM header contradicts itself about the pixels: it has ${what}`);
}

/** Stored values, levels and RGB, before anything is allocated. @throws RoundsError image_too_large */
function checkMemory({ rows, columns, samples, bitsAllocated }: PixelFormat): void {
  const perPixel = samples * Math.max(1, bitsAllocated / 8) + (samples === 1 ? 1 : 0) + 3;
  checkPixelBytes(rows * columns * perPixel);
}

/**
 * Stored values of an uncompressed frame, sign-extended, channels interleaved.
 *
 * @throws RoundsError image_invalid if it is truncated
 */
export async function readNative(file: DicomFile, format: PixelFormat, frame: number): Promise<Samples> {
  const pixels = format.rows * format.columns;
  // 4:2:2 has two values per pixel: Y Y Cb Cr for every two pixels.
  const count = format.photometric === 'YBR_FULL_422' ? pixels * 2 : pixels * format.samples;
  const firstBit = frame * count * format.bitsAllocated;
  const { position, length } = format.element;
  // Frames of single bits follow each other without gaps.
  const end = Math.ceil((firstBit + count * format.bitsAllocated) / 8);
  if (end > length) throw invalidImage('the pixel data ends early');
  const start = Math.floor(firstBit / 8);
  // From an even offset, because bytes may be swapped in pairs.
  const from = start - (start % 2);
  const bytes = await file.source.read(position + from, position + Math.min(length, end + (end % 2)));
  if (bytes.length < end - from) throw invalidImage('the pixel data ends early');
  const raw = readValues(bytes, file.isLittleEndian, format, firstBit - from * 8, count);
  if (format.photometric === 'YBR_FULL_422') return expand422(raw, pixels);
  return format.samples === 3 && format.isPlanar ? interleave(raw, 3) : raw;
}

/** @param firstBit of the first value, from the start of `bytes`; a multiple of 8 unless values are single bits */
function readValues(
  bytes: Uint8Array,
  isLittle: boolean,
  format: PixelFormat,
  firstBit: number,
  count: number,
): Samples {
  const { element, bitsAllocated, isFloat } = format;
  const view = viewOf(bytes);
  const values = emptySamples(format, count);
  const from = firstBit / 8;
  if (isFloat) {
    const read = bitsAllocated === 32 ? view.getFloat32.bind(view) : view.getFloat64.bind(view);
    for (let i = 0; i < count; i++) values[i] = read(from + (i * bitsAllocated) / 8, isLittle);
    return values;
  }
  if (bitsAllocated === 1) return unpackSingleBits(bytes, firstBit, values);
  // In big-endian words (VR OW), each pair of bytes is swapped, counted from the start of the element.
  const swap = !isLittle && element.vr === 'OW' ? 1 : 0;
  for (let i = 0; i < count; i++) {
    if (bitsAllocated === 8) values[i] = bytes[(from + i) ^ swap]!;
    else if (bitsAllocated === 16) values[i] = view.getUint16(from + i * 2, isLittle);
    else values[i] = view.getUint32(from + i * 4, isLittle);
  }
  extendBits(values, format.bitsStored, usedHighBit(values, format), format.isSigned);
  return values;
}

/** The first pixel is the lowest bit. @param values filled and returned */
export function unpackSingleBits(bytes: Uint8Array, firstBit: number, values: Samples): Samples {
  for (let i = 0; i < values.length; i++) {
    const bit = firstBit + i;
    values[i] = (bytes[bit >> 3]! >> (bit & 7)) & 1;
  }
  return values;
}

/**
 * The declared high bit, unless no value reaches it: some writers declare the top bit of the word for values that begin at bit 0,
 * and pydicom reads them so.
 */
function usedHighBit(values: Samples, { bitsStored, highBit, bitsAllocated, isSigned }: PixelFormat): number {
  if (highBit === bitsStored - 1 || bitsAllocated === 32) return highBit;
  for (const value of values) {
    const above = value >> bitsStored;
    if (above !== 0 && !(isSigned && above === -1)) return highBit;
  }
  return bitsStored - 1;
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
