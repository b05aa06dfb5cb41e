/**
 * PNG → 8-bit RGB without the browser's canvas, which reduces 16-bit images to 8 bits in its own way and loses colour
 * under transparency. Also runs in Node.
 */
import { decode, type DecodedPng } from 'fast-png';
import type { RgbImage } from '../engine/preprocess/resample';
import { invalidImage } from './imageError';
import { overWhite } from './overWhite';
import { ascii } from './sniff';

/** Chunks that pixels depend on. Others (text, colour profiles) are left out, so a damaged one does no harm. */
const NEEDED_CHUNKS = ['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'];
const SIGNATURE_BYTES = 8;
/** Length, type and CRC of a chunk. */
const CHUNK_FRAME_BYTES = 12;

export interface PngImage extends RgbImage {
  /** The values of 16-bit grey. */
  deep?: Uint16Array;
}

/**
 * Follows Pillow and qwen_vl_utils: RGBA is pasted on white; 16-bit values keep their upper byte; of palettes, grey with
 * alpha and tRNS only the colours are used, not the transparency.
 *
 * @param bytes the whole file; its size must have been checked (checkDimensions)
 * @throws RoundsError image_invalid if the file is damaged or truncated
 */
export async function decodePng(bytes: Uint8Array): Promise<PngImage> {
  const chunks = readChunks(bytes);
  await checkInflatedSize(chunks);
  let png: DecodedPng;
  try {
    png = decode(joinChunks(bytes, chunks), { checkCrc: true });
  } catch (error) {
    throw damaged(error);
  }
  const samples = unpackSamples(png);
  let data = new Uint8Array(png.width * png.height * 3);
  if (png.palette) fromPalette(samples, png.palette, data);
  else if (png.channels <= 2) fromGrey(samples, png.channels, data);
  else if (png.channels === 3) data.set(samples);
  else data = overWhite(samples);
  const isDeepGrey = png.depth === 16 && !png.palette && png.channels <= 2;
  return {
    width: png.width,
    height: png.height,
    data,
    ...(isDeepGrey ? { deep: firstChannel(png.data as Uint16Array, png.channels) } : {}),
  };
}

function firstChannel(samples: Uint16Array, channels: number): Uint16Array {
  return channels === 1 ? samples : samples.filter((_, i) => i % channels === 0);
}

interface Chunk {
  type: string;
  start: number;
  body: Uint8Array<ArrayBuffer>;
}

function damaged(cause?: unknown) {
  return invalidImage('the PNG data is damaged or incomplete', cause);
}

function readChunks(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  let at = SIGNATURE_BYTES;
  while (at + CHUNK_FRAME_BYTES <= bytes.length) {
    const length = view.getUint32(at);
    const end = at + CHUNK_FRAME_BYTES + length;
    if (end > bytes.length) break;
    const type = ascii(bytes, at + 4, at + 8);
    const body = bytes.subarray(at + 8, at + 8 + length) as Uint8Array<ArrayBuffer>;
    if (NEEDED_CHUNKS.includes(type)) chunks.push({ type, start: at, body });
    if (type === 'IEND') return chunks;
    at = end;
  }
  throw damaged();
}

function joinChunks(bytes: Uint8Array, chunks: readonly Chunk[]): Uint8Array {
  const total = chunks.reduce((sum, { body }) => sum + body.length + CHUNK_FRAME_BYTES, SIGNATURE_BYTES);
  const joined = new Uint8Array(total);
  joined.set(bytes.subarray(0, SIGNATURE_BYTES));
  let at = SIGNATURE_BYTES;
  for (const { start, body } of chunks) {
    joined.set(bytes.subarray(start, start + body.length + CHUNK_FRAME_BYTES), at);
    at += body.length + CHUNK_FRAME_BYTES;
  }
  return joined;
}

/**
 * Inflates once to count the bytes, before fast-png holds all of them: a small file can hide gigabytes of zeros behind a
 * small header, and a stream that ends early would give black rows.
 */
async function checkInflatedSize(chunks: readonly Chunk[]): Promise<void> {
  const header = chunks[0];
  if (header?.type !== 'IHDR' || header.body.length !== 13) throw damaged();
  const expected = rawSize(header.body);
  const parts = chunks.filter(({ type }) => type === 'IDAT').map(({ body }) => body);
  const reader = new Blob(parts).stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  let size = 0;
  try {
    while (size <= expected) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
    }
  } catch (error) {
    // DecompressionStream rejects bytes after the end of the stream; PNG readers ignore them.
    if (size !== expected) throw damaged(error);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  if (size !== expected) throw damaged();
}

/** Bytes of the filtered rows, each with a filter byte; seven passes if interlaced. */
function rawSize(header: Uint8Array): number {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [width, height, depth] = [view.getUint32(0), view.getUint32(4), view.getUint8(8)];
  const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[view.getUint8(9)] ?? 0;
  const pass = (columns: number, rows: number) =>
    columns === 0 || rows === 0 ? 0 : rows * (1 + Math.ceil((columns * channels * depth) / 8));
  if (view.getUint8(12) === 0) return pass(width, height);
  // Adam7: first column, first row, column step, row step.
  const passes = ['0088', '4088', '0448', '2044', '0224', '1022', '0112'];
  return passes.reduce((sum, digits) => {
    const [x, y, dx, dy] = [...digits].map(Number) as [number, number, number, number];
    return sum + pass(Math.max(0, Math.ceil((width - x) / dx)), Math.max(0, Math.ceil((height - y) / dy)));
  }, 0);
}

/** One byte per sample. Palette indexes stay as they are; grey of fewer bits is spread over 0–255, like in Pillow. */
function unpackSamples(png: DecodedPng): Uint8Array {
  const { data, depth, width, height } = png;
  if (depth === 16) return Uint8Array.from(data, (value) => value >> 8);
  if (depth === 8) return data as Uint8Array;
  const perRow = Math.ceil((width * depth) / 8);
  const mask = (1 << depth) - 1;
  const factor = png.palette ? 1 : 255 / mask;
  const samples = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = data[y * perRow + (bit >> 3)] ?? 0;
      samples[y * width + x] = ((byte >> (8 - depth - (bit & 7))) & mask) * factor;
    }
  }
  return samples;
}

function fromPalette(indexes: Uint8Array, palette: number[][], data: Uint8Array): void {
  for (const [i, index] of indexes.entries()) {
    const color = palette[index];
    if (!color) throw damaged();
    data.set(color.slice(0, 3), i * 3);
  }
}

function fromGrey(samples: Uint8Array, channels: number, data: Uint8Array): void {
  for (let i = 0; i * 3 < data.length; i++) data.fill(samples[i * channels] ?? 0, i * 3, i * 3 + 3);
}
