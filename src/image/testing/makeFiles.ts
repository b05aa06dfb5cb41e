/** Small files for tests, byte by byte. */
import { deflateSync } from 'node:zlib';
import { crc32 } from '../png/crc32';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

export function pngChunk(type: string, body: Uint8Array): Buffer {
  const chunk = Buffer.alloc(body.length + 12);
  chunk.writeUInt32BE(body.length, 0);
  chunk.write(type, 4, 'latin1');
  chunk.set(body, 8);
  chunk.writeUInt32BE(crc32(chunk, 4, body.length + 8), body.length + 8);
  return chunk;
}

export interface PngParts {
  width: number;
  height: number;
  depth: number;
  color: number;
  /** Packed samples of all rows, without filters. */
  samples: Uint8Array;
  /** Chunks before the pixels, and after them. */
  before?: Uint8Array[];
  after?: Uint8Array[];
}

/** Without filters and without interlacing. */
export function makePng({ width, height, depth, color, samples, before = [], after = [] }: PngParts): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, color], 8);
  const rowBytes = samples.length / height;
  const rows = Buffer.alloc(samples.length + height);
  for (let y = 0; y < height; y++)
    rows.set(samples.subarray(y * rowBytes, (y + 1) * rowBytes), y * (rowBytes + 1) + 1);
  return Buffer.concat([
    latin1('\x89PNG\r\n\x1a\n'),
    pngChunk('IHDR', header),
    ...before,
    pngChunk('IDAT', deflateSync(rows)),
    ...after,
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A TIFF header with one field. */
export function makeExif(orientation: number, little: boolean, isLong = false): Buffer {
  const exif = Buffer.alloc(26);
  exif.set(latin1(little ? 'II*\0\x08\0\0\0\x01\0' : 'MM\0*\0\0\0\x08\0\x01'));
  if (little) {
    exif.writeUInt16LE(0x112, 10);
    exif.writeUInt16LE(isLong ? 4 : 3, 12);
    exif.writeUInt32LE(1, 14);
    if (isLong) exif.writeUInt32LE(orientation, 18);
    else exif.writeUInt16LE(orientation, 18);
  } else {
    exif.writeUInt16BE(0x112, 10);
    exif.writeUInt16BE(isLong ? 4 : 3, 12);
    exif.writeUInt32BE(1, 14);
    if (isLong) exif.writeUInt32BE(orientation, 18);
    else exif.writeUInt16BE(orientation, 18);
  }
  return exif;
}

/** [tag, type (3 short, 4 long), values…] */
export type TiffField = [tag: number, type: 3 | 4, ...values: number[]];

/** Little endian, one page; the field 273 or 324 with the value −1 gets the offset of `data`. */
export function makeTiff(fields: TiffField[], data: Uint8Array): Buffer {
  const head = 10 + fields.length * 12 + 4;
  const sizes = fields.map(([, type, ...values]) => values.length * (type === 3 ? 2 : 4));
  const outside = sizes.map((size) => (size > 4 ? size + (size & 1) : 0));
  const start = head + outside.reduce((sum, size) => sum + size, 0);
  const file = Buffer.alloc(start);
  file.set(latin1('II*\0\x08\0\0\0'));
  file.writeUInt16LE(fields.length, 8);
  let free = head;
  for (const [i, [tag, type, ...values]] of fields.entries()) {
    const entry = 10 + i * 12;
    file.writeUInt16LE(tag, entry);
    file.writeUInt16LE(type, entry + 2);
    file.writeUInt32LE(values.length, entry + 4);
    const at = outside[i]! > 0 ? free : entry + 8;
    if (outside[i]! > 0) file.writeUInt32LE(free, entry + 8);
    free += outside[i]!;
    for (const [k, value] of values.entries()) {
      if (type === 3) file.writeUInt16LE(value, at + k * 2);
      else file.writeUInt32LE(value < 0 ? start : value, at + k * 4);
    }
  }
  return Buffer.concat([file, data]);
}

/** NIfTI-1, little endian, without orientation. */
export function makeNifti(size: number[], type: number, voxels: Uint8Array): Buffer {
  return Buffer.concat([niftiHeader(size, type), voxels]);
}

export function niftiHeader(size: number[], type: number): Buffer {
  const header = Buffer.alloc(352);
  header.writeInt32LE(348, 0);
  header.writeInt16LE(size.length, 40);
  for (const [i, count] of size.entries()) header.writeInt16LE(count, 42 + i * 2);
  header.writeInt16LE(type, 70);
  for (let i = 0; i < 4; i++) header.writeFloatLE(1, 76 + i * 4);
  header.writeFloatLE(352, 108);
  header.write('n+1', 344, 'latin1');
  return header;
}
