/** Strips and tiles of a TIFF page: where they are in the file and in the picture, and their bytes unpacked. */
import { RoundsError } from '../../shared/errors';
import { inflateShort } from '../flate';
import { unsupportedImage } from '../imageError';
import { inflateStart } from '../inflate';
import { unpackBits } from '../packBits';
import { damagedTiff, type Directory, TAG, type TiffFile } from './ifd';
import { unpackLzw } from './lzw';

/** One strip or tile. */
export interface Segment {
  /** Coded bytes in the file. */
  offset: number;
  length: number;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Index of the first sample of each pixel in it. */
  plane: number;
}

const COMPRESSIONS: Partial<Record<number, string>> = {
  2: 'CCITT fax coding',
  3: 'CCITT fax coding',
  4: 'CCITT fax coding',
  6: 'JPEG',
  7: 'JPEG',
  33003: 'JPEG 2000',
  33005: 'JPEG 2000',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34925: 'LZMA',
  50000: 'Zstandard',
  50001: 'WebP',
  50002: 'JPEG XL',
};

const NONE = 1;
const LZW = 5;
const DEFLATE = [8, 32946];
const PACK_BITS = 32773;

/** Strips of single rows in four planes are as many; smaller pieces take longer to look up than to show. */
const MAX_SEGMENTS = 4 * 65_536;
/** Pixels by which tiles may exceed the picture: one whole tile in each direction. */
const MAX_PADDING = 16 * 1000 * 1000;
/** Shorter than this, setting up the browser's own inflater takes longer than unpacking. */
const SHORT_BYTES = 32_768;

/** Predictors belong to these compressions; what another file says about them is ignored, as in libtiff. */
export function hasPredictor(page: Directory): boolean {
  return [LZW, ...DEFLATE].includes(page.first(TAG.compression, NONE));
}

/**
 * @param rowBytes of a segment of the given width
 * @throws RoundsError image_invalid
 */
export function* listSegments(
  file: TiffFile,
  page: Directory,
  { width: fullWidth, height: fullHeight, planes }: { width: number; height: number; planes: number },
  rowBytes: (width: number) => number,
): Generator<Segment> {
  const isTiled = page.all(TAG.tileWidth).length > 0;
  const offsets = page.all(isTiled ? TAG.tileOffsets : TAG.stripOffsets);
  const counts = page.all(isTiled ? TAG.tileByteCounts : TAG.stripByteCounts);
  const width = isTiled ? page.count(TAG.tileWidth, 0) : fullWidth;
  const height = isTiled
    ? page.count(TAG.tileLength, 0)
    : Math.min(page.count(TAG.rowsPerStrip, fullHeight), fullHeight);
  if (!(width >= 1 && height >= 1)) throw damagedTiff();
  const across = Math.ceil(fullWidth / width);
  const down = Math.ceil(fullHeight / height);
  const perPlane = across * down;
  const padded = perPlane * width * height;
  if (perPlane * planes > MAX_SEGMENTS || padded > 4 * fullWidth * fullHeight + MAX_PADDING)
    throw damagedTiff();
  for (let index = 0; index < perPlane * planes; index++) {
    const place = index % perPlane;
    const y = Math.floor(place / across) * height;
    const offset = offsets[index];
    if (offset === undefined || !Number.isInteger(offset) || offset > file.source.size) throw damagedTiff();
    // Pieces that were never written are empty, in sparse files.
    const isSparse = offset === 0 && counts[index] === 0;
    // The last strip ends with the image; tiles always have their full size.
    const rows = isTiled ? height : Math.min(height, fullHeight - y);
    // No coding makes more of it, whatever the file says.
    const most = rowBytes(width) * rows * 2 + 1024;
    yield {
      offset,
      // Some writers leave the length at 0.
      length: isSparse ? 0 : Math.min(Math.trunc(counts[index] || most), most, file.source.size - offset),
      ...{ x: (place % across) * width, y, width, height: rows },
      plane: Math.floor(index / perPlane),
    };
  }
}

/** @returns `length` bytes. @throws RoundsError image_invalid, image_unsupported (compression) */
export async function unpackSegment(
  coded: Uint8Array<ArrayBuffer>,
  length: number,
  page: Directory,
): Promise<Uint8Array> {
  const bytes = page.first(TAG.fillOrder, 1) === 2 ? coded.map(reverseBits) : coded;
  const unpacked = await decompress(bytes, length, page.first(TAG.compression, NONE));
  if (!unpacked || unpacked.length < length) throw damagedTiff();
  return unpacked;
}

async function decompress(
  coded: Uint8Array<ArrayBuffer>,
  length: number,
  compression: number,
): Promise<Uint8Array | null> {
  if (compression === NONE) return coded.subarray(0, length);
  if (compression === LZW) return unpackLzw(coded, length);
  if (compression === PACK_BITS) return unpackBits(coded, length);
  if (DEFLATE.includes(compression)) {
    if (length <= SHORT_BYTES) return inflateShort(coded, length);
    return inflateStart(coded, 'deflate', length).catch((error: unknown) => {
      if (error instanceof RoundsError) throw error;
      return null;
    });
  }
  const kind = COMPRESSIONS[compression] ?? `compression ${compression}`;
  throw unsupportedImage(`TIFF images with ${kind} inside can’t be opened`);
}

function reverseBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) reversed |= ((byte >> bit) & 1) << (7 - bit);
  return reversed;
}
