/** The samples of a TIFF page: strips or tiles are unpacked, predictors undone, planes joined. */
import { checkPixelBytes } from '../dimensions';
import type { Samples } from '../grey';
import { unsupportedImage } from '../imageError';
import { type Directory, TAG, type TiffFile } from './ifd';
import { hasPredictor, listSegments, type Segment, unpackSegment } from './segments';

export interface PageLayout {
  width: number;
  height: number;
  samples: number;
  bits: number;
  /** 1 unsigned, 2 signed, 3 floating point. */
  format: number;
  /** Each sample of a pixel is in a plane of its own. */
  isPlanar: boolean;
}

/**
 * @returns width × height × samples values, interleaved, rows from top to bottom
 * @throws RoundsError image_invalid, image_unsupported (compression), image_too_large
 */
export async function readSamples(file: TiffFile, page: Directory, layout: PageLayout): Promise<Samples> {
  const { width, height, samples, bits, isPlanar } = layout;
  const valueBytes = emptySamples({ ...layout, width: 0 }).BYTES_PER_ELEMENT;
  checkPixelBytes(width * height * (samples * valueBytes + 4));
  const values = emptySamples(layout);
  const perPixel = isPlanar ? 1 : samples;
  const rowBytesOf = (pixels: number): number => Math.ceil((pixels * perPixel * bits) / 8);
  const predictor = hasPredictor(page) ? page.first(TAG.predictor, 1) : 1;
  // The floating-point predictor leaves its bytes most significant first.
  const little = predictor === 3 && layout.format === 3 ? false : file.isLittleEndian;
  const planes = { width, height, planes: isPlanar ? samples : 1 };
  for (const segment of listSegments(file, page, planes, rowBytesOf)) {
    const rowBytes = rowBytesOf(segment.width);
    if (segment.length === 0) continue;
    const coded = await file.source.read(segment.offset, segment.length);
    const bytes = await unpackSegment(coded, rowBytes * segment.height, page);
    undoPredictor(bytes, predictor, layout, perPixel, rowBytes, file.isLittleEndian);
    copySegment(bytes, segment, rowBytes, perPixel, layout, little, values);
  }
  return values;
}

function emptySamples({ width, height, samples, bits, format }: PageLayout): Samples {
  const count = width * height * samples;
  if (bits === 64) return new Float64Array(count);
  if (format === 3) return new Float32Array(count);
  if (bits <= 8) return format === 2 ? new Int8Array(count) : new Uint8Array(count);
  if (bits <= 16) return format === 2 ? new Int16Array(count) : new Uint16Array(count);
  return format === 2 ? new Int32Array(count) : new Uint32Array(count);
}

/** Predictor 2: differences of neighbours (TIFF 6.0 section 14). Predictor 3: of the bytes of floats (TechNote 3). */
function undoPredictor(
  bytes: Uint8Array,
  predictor: number,
  { bits, format }: PageLayout,
  perPixel: number,
  rowBytes: number,
  little: boolean,
): void {
  if (predictor === 1) return;
  const isFloat = predictor === 3 && format === 3;
  if (!isFloat && (predictor !== 2 || ![8, 16, 32, 64].includes(bits))) {
    throw unsupportedImage(`TIFF images with predictor ${predictor} can’t be opened`);
  }
  for (let start = 0; start < bytes.length; start += rowBytes) {
    const row = bytes.subarray(start, start + rowBytes);
    if (isFloat) joinFloats(row, bits / 8, perPixel);
    else addNeighbours(row, bits / 8, perPixel, little);
  }
}

function addNeighbours(row: Uint8Array, size: number, perPixel: number, little: boolean): void {
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
  const step = size * perPixel;
  for (let at = step; at + size <= row.length; at += size) {
    if (size === 1) row[at]! += row[at - step]!;
    else if (size === 2)
      view.setUint16(at, view.getUint16(at, little) + view.getUint16(at - step, little), little);
    else if (size === 8)
      view.setBigUint64(at, view.getBigUint64(at, little) + view.getBigUint64(at - step, little), little);
    else view.setUint32(at, view.getUint32(at, little) + view.getUint32(at - step, little), little);
  }
}

/** The row has the first bytes of all samples, then all second ones, …; most significant first. */
function joinFloats(row: Uint8Array, size: number, perPixel: number): void {
  for (let at = perPixel; at < row.length; at++) row[at]! += row[at - perPixel]!;
  const planes = row.slice();
  const count = row.length / size;
  for (let i = 0; i < count; i++) {
    for (let byte = 0; byte < size; byte++) row[i * size + byte] = planes[byte * count + i]!;
  }
}

/** IEEE 754 binary16. */
function halfFloat(word: number): number {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 31;
  const fraction = word & 0x3ff;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (fraction + 1024) * 2 ** (exponent - 25));
}

function copySegment(
  bytes: Uint8Array,
  segment: Segment,
  rowBytes: number,
  perPixel: number,
  layout: PageLayout,
  little: boolean,
  values: Samples,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const columns = Math.min(segment.width, layout.width - segment.x);
  const rows = Math.min(segment.height, layout.height - segment.y);
  const copy = rowCopier(view, layout, little);
  // A plane has every n-th of the values.
  const step = layout.samples / perPixel;
  for (let y = 0; y < rows; y++) {
    const pixel = (segment.y + y) * layout.width + segment.x;
    copy(y * rowBytes, columns * perPixel, values, pixel * layout.samples + segment.plane, step);
  }
}

/** Copies `count` samples of the row that starts at byte `row` to every `step`th place from `to` on. */
type RowCopier = (row: number, count: number, values: Samples, to: number, step: number) => void;

function rowCopier(view: DataView, { bits, format }: PageLayout, little: boolean): RowCopier {
  const read = (at: (row: number, index: number) => number): RowCopier => {
    return (row, count, values, to, step) => {
      for (let i = 0; i < count; i++, to += step) values[to] = at(row, i);
    };
  };
  if (format === 3) {
    if (bits === 16) return read((row, i) => halfFloat(view.getUint16(row + i * 2, little)));
    return bits === 64
      ? read((row, i) => view.getFloat64(row + i * 8, little))
      : read((row, i) => view.getFloat32(row + i * 4, little));
  }
  if (bits === 64) {
    // As float64, like in NIfTI; above 2^53 not all integers have their own number.
    return format === 2
      ? read((row, i) => Number(view.getBigInt64(row + i * 8, little)))
      : read((row, i) => Number(view.getBigUint64(row + i * 8, little)));
  }
  if (bits === 8) {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    return (row, count, values, to, step) => {
      if (step === 1) values.set(bytes.subarray(row, row + count), to);
      else for (let i = 0; i < count; i++, to += step) values[to] = bytes[row + i]!;
    };
  }
  if (bits === 16) return read((row, i) => view.getUint16(row + i * 2, little));
  if (bits === 32) return read((row, i) => view.getUint32(row + i * 4, little));
  return read((row, index) => {
    let value = 0;
    for (let bit = index * bits; bit < (index + 1) * bits; bit++) {
      value = (value << 1) | ((view.getUint8(row + (bit >> 3)) >> (7 - (bit & 7))) & 1);
    }
    return value;
  });
}
