/**
 * PNG → 8-bit RGB without the browser's canvas, which reduces 16-bit images to 8 bits in its own way and loses colour
 * under transparency. Rows are unpacked one at a time, so that besides the picture only a row is in memory. Also runs in Node.
 */
import type { RgbImage } from '../../engine/preprocess/resample';
import type { UsedBits } from '../../shared/imageFacts';
import { reduceDepth } from '../depth';
import { checkPixelBytes } from '../dimensions';
import { blendDeep, blendOverWhite } from '../overWhite';
import { codedPixels, damagedPng, type PngChunks, readChunks } from './chunks';
import { RowReader, type RowPlace } from './rows';

/** The pixels are as stored; `pngOrientation` says how they lie. */
export interface PngImage extends RgbImage {
  /** The values of 16-bit grey. `data` is then empty. */
  deep?: Uint16Array;
  /** Of 16-bit colours, if they use fewer bits. */
  usedBits?: UsedBits;
}

/**
 * Follows Pillow and qwen_vl_utils: RGBA is pasted on white; of palettes, grey with alpha and tRNS only the colours are used,
 * not the transparency. Of 16-bit colours, the upper 8 of the bits that are used are shown.
 *
 * @param bytes the whole file; its size must have been checked (checkDimensions)
 * @throws RoundsError image_invalid if the file is damaged or truncated, image_too_large
 */
export async function decodePng(bytes: Uint8Array<ArrayBuffer>): Promise<PngImage> {
  const chunks = readChunks(bytes);
  const { width, height } = chunks;
  if (chunks.depth < 16) return { width, height, data: await readShallow(bytes, chunks) };
  const isGrey = chunks.channels <= 2;
  const values = await readDeep(bytes, chunks, isGrey ? 1 : chunks.channels);
  if (isGrey) return { width, height, data: new Uint8Array(), deep: values };
  const { data, usedBits } = reduceDepth(values, chunks.channels, 16);
  if (chunks.channels === 4) blendDeep(data, values, 3, 4);
  return { width, height, data, ...(usedBits ? { usedBits } : {}) };
}

/** @throws RoundsError image_invalid if the pixels end early */
async function readRows(
  bytes: Uint8Array<ArrayBuffer>,
  chunks: PngChunks,
  take: (row: Uint8Array, place: RowPlace) => void,
): Promise<void> {
  const rows = new RowReader(chunks, take);
  const reader = codedPixels(bytes).pipeThrough(new DecompressionStream('deflate')).getReader();
  try {
    // To the end only where the checksum at the end matters.
    while (!rows.isDone || chunks.isSuspect) {
      const { done, value } = await reader.read();
      if (done) break;
      rows.add(value);
    }
  } catch (error) {
    throw damagedPng(error);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  if (!rows.isDone) throw damagedPng();
}

/** Samples of up to 8 bits as RGB. */
async function readShallow(
  bytes: Uint8Array<ArrayBuffer>,
  chunks: PngChunks,
): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height } = chunks;
  checkPixelBytes(width * height * 3);
  const data = new Uint8Array(width * height * 3);
  const buffer = new Uint8Array(width * 3);
  const convert = rowConverter(chunks);
  await readRows(bytes, chunks, (row, { y, first, step, count }) => {
    const start = (y * width + first) * 3;
    if (step === 1) {
      convert(row, count, data.subarray(start, start + count * 3));
      return;
    }
    convert(row, count, buffer);
    for (let from = 0, to = start; from < count * 3; from += 3, to += step * 3) {
      data[to] = buffer[from]!;
      data[to + 1] = buffer[from + 1]!;
      data[to + 2] = buffer[from + 2]!;
    }
  });
  return data;
}

/** Writes `count` pixels of a row as RGB. */
type RowConverter = (row: Uint8Array, count: number, rgb: Uint8Array) => void;

function rowConverter({ color, channels, depth, palette }: PngChunks): RowConverter {
  if (color === 2) return (row, _count, rgb) => rgb.set(row);
  if (color === 6) return (row, count, rgb) => blendOverWhite(row, count, rgb);
  if (palette) {
    return (row, count, rgb) => {
      for (let i = 0, to = 0; i < count; i++, to += 3) {
        const from = sampleOf(row, i, depth) * 3;
        if (from + 3 > palette.length) throw damagedPng();
        rgb[to] = palette[from]!;
        rgb[to + 1] = palette[from + 1]!;
        rgb[to + 2] = palette[from + 2]!;
      }
    };
  }
  // Grey of fewer bits is spread over 0–255, like in Pillow.
  const factor = 255 / (2 ** depth - 1);
  return (row, count, rgb) => {
    for (let i = 0, to = 0; i < count; i++, to += 3) {
      rgb[to] = rgb[to + 1] = rgb[to + 2] = sampleOf(row, i * channels, depth) * factor;
    }
  };
}

/** Sample `index` of a row; of fewer than 8 bits, the first one is in the upper bits. */
function sampleOf(row: Uint8Array, index: number, depth: number): number {
  if (depth === 8) return row[index]!;
  const bit = index * depth;
  return (row[bit >> 3]! >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/** Samples of 16 bits: the first `used` ones of each pixel. */
async function readDeep(
  bytes: Uint8Array<ArrayBuffer>,
  chunks: PngChunks,
  used: number,
): Promise<Uint16Array> {
  const { width, height, channels } = chunks;
  checkPixelBytes(width * height * (2 * used + 3));
  const values = new Uint16Array(width * height * used);
  await readRows(bytes, chunks, (row, { y, first, step, count }) => {
    let to = (y * width + first) * used;
    for (let i = 0, from = 0; i < count; i++, from += channels * 2, to += step * used) {
      for (let channel = 0; channel < used; channel++) {
        values[to + channel] = (row[from + channel * 2]! << 8) | row[from + channel * 2 + 1]!;
      }
    }
  });
  return values;
}
