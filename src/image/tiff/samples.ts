/** The samples of a TIFF page: strips or tiles are unpacked, predictors undone, planes joined. */
import { RoundsError } from '../../shared/errors';
import type { Samples } from '../grey';
import { unsupportedImage } from '../imageError';
import { inflate } from '../inflate';
import { unpackBits } from '../packBits';
import { damagedTiff, type Directory, TAG, type TiffFile } from './ifd';
import { unpackLzw } from './lzw';

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

const COMPRESSIONS: Record<number, string> = {
  2: 'CCITT fax coding',
  3: 'CCITT fax coding',
  4: 'CCITT fax coding',
  6: 'JPEG',
  7: 'JPEG',
  33003: 'JPEG 2000',
  33005: 'JPEG 2000',
  34712: 'JPEG 2000',
  34925: 'LZMA',
  50000: 'Zstandard',
  50001: 'WebP',
};

/** One strip or tile, still compressed. */
interface Segment {
  bytes: Uint8Array<ArrayBuffer>;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Index of the first sample of each pixel in it. */
  plane: number;
}

/**
 * @returns width × height × samples values, interleaved, rows from top to bottom
 * @throws RoundsError image_invalid, image_unsupported (compression)
 */
export async function readSamples(file: TiffFile, page: Directory, layout: PageLayout): Promise<Samples> {
  const values = emptySamples(layout);
  const perPixel = layout.isPlanar ? 1 : layout.samples;
  for (const segment of listSegments(file, page, layout)) {
    const rowBytes = Math.ceil((segment.width * perPixel * layout.bits) / 8);
    const unpacked = await unpack(segment.bytes, rowBytes * segment.height, page);
    undoPredictor(unpacked, page, layout, perPixel, rowBytes, file.isLittleEndian);
    copySegment(unpacked, segment, rowBytes, perPixel, layout, isLittle(file, page, layout), values);
  }
  return values;
}

/** The floating-point predictor leaves its bytes most significant first. */
function isLittle(file: TiffFile, page: Directory, { format }: PageLayout): boolean {
  return page.first(TAG.predictor, 1) === 3 && format === 3 ? false : file.isLittleEndian;
}

function emptySamples({ width, height, samples, bits, format }: PageLayout): Samples {
  const count = width * height * samples;
  if (format === 3) return bits === 64 ? new Float64Array(count) : new Float32Array(count);
  if (bits <= 8) return format === 2 ? new Int8Array(count) : new Uint8Array(count);
  if (bits <= 16) return format === 2 ? new Int16Array(count) : new Uint16Array(count);
  return format === 2 ? new Int32Array(count) : new Uint32Array(count);
}

function listSegments(file: TiffFile, page: Directory, layout: PageLayout): Segment[] {
  const isTiled = page.all(TAG.tileWidth).length > 0;
  const offsets = page.all(isTiled ? TAG.tileOffsets : TAG.stripOffsets);
  const counts = page.all(isTiled ? TAG.tileByteCounts : TAG.stripByteCounts);
  const width = isTiled ? page.first(TAG.tileWidth, 0) : layout.width;
  const height = isTiled
    ? page.first(TAG.tileLength, 0)
    : Math.min(page.first(TAG.rowsPerStrip, layout.height), layout.height);
  if (width < 1 || height < 1 || width * height > 4 * layout.width * layout.height + 1_000_000)
    throw damagedTiff();
  const across = Math.ceil(layout.width / width);
  const perPlane = across * Math.ceil(layout.height / height);
  const planes = layout.isPlanar ? layout.samples : 1;
  return Array.from({ length: perPlane * planes }, (_, index) => {
    const place = index % perPlane;
    const y = Math.floor(place / across) * height;
    const offset = offsets[index];
    if (offset === undefined || offset > file.view.byteLength) throw damagedTiff();
    const length = Math.min(counts[index] ?? Infinity, file.view.byteLength - offset);
    return {
      bytes: new Uint8Array(file.view.buffer as ArrayBuffer, file.view.byteOffset + offset, length),
      x: (place % across) * width,
      y,
      width,
      // The last strip ends with the image; tiles always have their full size.
      height: isTiled ? height : Math.min(height, layout.height - y),
      plane: Math.floor(index / perPlane),
    };
  });
}

async function unpack(coded: Uint8Array<ArrayBuffer>, length: number, page: Directory): Promise<Uint8Array> {
  const bytes = page.first(TAG.fillOrder, 1) === 2 ? coded.map(reverseBits) : coded;
  const unpacked = await decompress(bytes, length, page.first(TAG.compression, 1));
  if (!unpacked || unpacked.length < length) throw damagedTiff();
  return unpacked;
}

async function decompress(
  coded: Uint8Array<ArrayBuffer>,
  length: number,
  compression: number,
): Promise<Uint8Array | null> {
  switch (compression) {
    case 1:
      return coded.slice(0, length);
    case 5:
      return unpackLzw(coded, length);
    case 8:
    case 32946:
      return inflate(coded, 'deflate', length + 65_536).catch((error: unknown) => {
        if (error instanceof RoundsError) throw error;
        return null;
      });
    case 32773:
      return unpackBits(coded, length);
    default: {
      const kind = COMPRESSIONS[compression] ?? `compression ${compression}`;
      throw unsupportedImage(`TIFF images with ${kind} inside can’t be opened`);
    }
  }
}

function reverseBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) reversed |= ((byte >> bit) & 1) << (7 - bit);
  return reversed;
}

/** Predictor 2: differences of neighbours (TIFF 6.0 section 14). Predictor 3: of the bytes of floats (TechNote 3). */
function undoPredictor(
  bytes: Uint8Array,
  page: Directory,
  { bits, format }: PageLayout,
  perPixel: number,
  rowBytes: number,
  little: boolean,
): void {
  const predictor = page.first(TAG.predictor, 1);
  if (predictor === 1) return;
  const isFloat = predictor === 3 && format === 3;
  if (!isFloat && (predictor !== 2 || ![8, 16, 32].includes(bits))) {
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
  const read = sampleReader(view, layout, little);
  for (let y = 0; y < rows; y++) {
    for (let i = 0; i < columns * perPixel; i++) {
      const pixel = (segment.y + y) * layout.width + segment.x + Math.floor(i / perPixel);
      values[pixel * layout.samples + segment.plane + (i % perPixel)] = read(y * rowBytes, i);
    }
  }
}

/** Reads sample `index` of the row that starts at byte `row`. */
function sampleReader(
  view: DataView,
  { bits, format }: PageLayout,
  little: boolean,
): (row: number, index: number) => number {
  if (format === 3) {
    return bits === 64
      ? (row, index) => view.getFloat64(row + index * 8, little)
      : (row, index) => view.getFloat32(row + index * 4, little);
  }
  if (bits === 8) return (row, index) => view.getUint8(row + index);
  if (bits === 16) return (row, index) => view.getUint16(row + index * 2, little);
  if (bits === 32) return (row, index) => view.getUint32(row + index * 4, little);
  return (row, index) => {
    let value = 0;
    for (let bit = index * bits; bit < (index + 1) * bits; bit++) {
      value = (value << 1) | ((view.getUint8(row + (bit >> 3)) >> (7 - (bit & 7))) & 1);
    }
    return value;
  };
}
