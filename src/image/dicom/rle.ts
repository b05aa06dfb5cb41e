/** DICOM's run-length coding: PackBits, separately for the bytes of each significance. PS3.5 annex G. */
import { invalidImage } from '../imageError';
import { unpackBits } from '../packBits';
import type { Samples } from '../grey';
import { emptySamples, interleave, type PixelFormat, unpackSingleBits } from './pixels';

const HEADER_BYTES = 64;

/**
 * @returns stored values, channels interleaved, unsigned
 * @throws RoundsError image_invalid if segments are missing or too short
 */
export function decodeRle(coded: Uint8Array, format: PixelFormat): Samples {
  const pixels = format.rows * format.columns;
  if (format.bitsAllocated === 1) return decodeSingleBits(coded, format, pixels);
  const bytesPerValue = format.bitsAllocated / 8;
  const wanted = format.samples * bytesPerValue;
  const segments = readSegments(coded);
  if (segments.length !== wanted) {
    throw invalidImage(`the pixel data has ${segments.length} RLE segments instead of ${wanted}`);
  }
  const planes = emptySamples({ ...format, isSigned: false }, pixels * format.samples);
  for (const [index, segment] of segments.entries()) {
    const bytes = unpackBits(segment, pixels);
    if (!bytes) throw invalidImage('the pixel data ends early');
    const channel = Math.floor(index / bytesPerValue) * pixels;
    // The most significant byte of all values comes first.
    const factor = 256 ** (bytesPerValue - 1 - (index % bytesPerValue));
    for (let i = 0; i < pixels; i++) planes[channel + i]! += bytes[i]! * factor;
  }
  return format.samples === 3 ? interleave(planes, 3) : planes;
}

/** The standard has no RLE for single bits; writers pack eight pixels into a byte of one segment. */
function decodeSingleBits(coded: Uint8Array, format: PixelFormat, pixels: number): Samples {
  const [segment] = readSegments(coded);
  const bytes = segment && unpackBits(segment, Math.ceil(pixels / 8));
  if (!bytes) throw invalidImage('the pixel data ends early');
  return unpackSingleBits(bytes, 0, emptySamples({ ...format, isSigned: false }, pixels));
}

function readSegments(coded: Uint8Array): Uint8Array[] {
  if (coded.length < HEADER_BYTES) return [];
  const view = new DataView(coded.buffer, coded.byteOffset, HEADER_BYTES);
  const count = Math.min(view.getUint32(0, true), 15);
  const starts = Array.from({ length: count }, (_, i) => view.getUint32(4 + i * 4, true));
  return starts.map((start, i) => coded.subarray(start, starts[i + 1] ?? coded.length));
}
