/** The chunks of a PNG file (PNG 3, section 5): header, palette, coded pixels, and what says how the picture lies. */
import type { RoundsError } from '../../shared/errors';
import { invalidImage } from '../imageError';
import { crc32 } from './crc32';

export interface PngHeader {
  width: number;
  height: number;
  /** Bits per sample. */
  depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  color: number;
  channels: number;
  isInterlaced: boolean;
}

export interface PngChunks extends PngHeader {
  /** Red, green and blue of each entry; null unless the pixels are indexes. */
  palette: Uint8Array | null;
  /** A checksum of a chunk is wrong, which may be all that is: the one of the deflate stream decides. */
  isSuspect: boolean;
}

const SIGNATURE_BYTES = 8;
/** Length, type and CRC of a chunk. */
const CHUNK_FRAME_BYTES = 12;
/** Given to the decompressor at a time; it may keep a thousand times as much before the first row is taken. */
const PIECE_BYTES = 32 * 1024;
const CHANNELS: Partial<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const DEPTHS: Partial<Record<number, number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
/** Types that are read, as big-endian numbers. Others (text, colour profiles) are left out, so a damaged one does no harm. */
const TYPE = {
  IHDR: 0x49484452,
  PLTE: 0x504c5445,
  IDAT: 0x49444154,
  IEND: 0x49454e44,
} as const;

/** @returns image_invalid */
export function damagedPng(cause?: unknown): RoundsError {
  return invalidImage('the PNG data is damaged or incomplete', cause);
}

/**
 * The last chunk may be missing or cut, like in other readers: the rows show whether all of them are there.
 *
 * @throws RoundsError image_invalid if a chunk that the pixels depend on is missing or damaged
 */
export function readChunks(bytes: Uint8Array<ArrayBuffer>): PngChunks {
  const found = new Chunks(bytes);
  walkChunks(bytes, (type, start, end) => {
    // There may be millions without content: nothing is made of them.
    if (type !== TYPE.IDAT || end > start) found.take(type, start, end);
  });
  return found.finish();
}

/**
 * Calls `visit` with the type and the place of the content of each chunk before IEND, until it returns false. The content of the
 * last one may be cut.
 */
export function walkChunks(
  bytes: Uint8Array,
  visit: (type: number, start: number, end: number) => boolean | void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = SIGNATURE_BYTES; at + 8 <= bytes.length;) {
    const type = view.getUint32(at + 4);
    const length = view.getUint32(at);
    if (type === TYPE.IEND || visit(type, at + 8, Math.min(at + 8 + length, bytes.length)) === false) return;
    at += CHUNK_FRAME_BYTES + length;
  }
}

/** @param start of its content @returns false too if the checksum is cut off */
export function isSoundChunk(bytes: Uint8Array, start: number, end: number): boolean {
  if (end + 4 > bytes.length) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return crc32(bytes, start - 4, end) === view.getUint32(end);
}

class Chunks {
  #header: PngHeader | null = null;
  #palette: Uint8Array | null = null;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #isSuspect = false;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  /** @param start of its content @throws RoundsError image_invalid if pixels depend on it, and it's damaged */
  take(type: number, start: number, end: number): void {
    if (type !== TYPE.IHDR && type !== TYPE.PLTE && type !== TYPE.IDAT) return;
    // The header is the first of them.
    if (!this.#header && type !== TYPE.IHDR) throw damagedPng();
    if (!isSoundChunk(this.#bytes, start, end)) {
      if (type !== TYPE.IDAT) throw damagedPng();
      // A file that is cut here lacks nothing, or rows.
      this.#isSuspect ||= end + 4 <= this.#bytes.length;
    }
    const body = this.#bytes.subarray(start, end);
    if (type === TYPE.PLTE) this.#palette ??= body;
    else if (type === TYPE.IHDR) this.#header ??= readHeader(body);
  }

  finish(): PngChunks {
    if (!this.#header) throw damagedPng();
    // With colours in the pixels, a palette only suggests how to show them with few colours.
    const palette = this.#header.color === 3 ? this.#palette : null;
    if (this.#header.color === 3 && (!palette || palette.length < 3)) throw damagedPng();
    return { ...this.#header, palette, isSuspect: this.#isSuspect };
  }
}

/**
 * The contents of all IDAT chunks: one deflate stream, without a copy of the whole, since a file may have hundreds of megabytes or
 * millions of chunks.
 */
export function codedPixels(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = piecesOf(bytes);
  return new ReadableStream({
    pull(controller) {
      const next = pieces.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
  });
}

function* piecesOf(bytes: Uint8Array<ArrayBuffer>): Generator<Uint8Array<ArrayBuffer>, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let piece = new Uint8Array(PIECE_BYTES);
  let filled = 0;
  let length: number;
  for (let at = SIGNATURE_BYTES; at + 8 <= bytes.length; at += CHUNK_FRAME_BYTES + length) {
    length = view.getUint32(at);
    const type = view.getUint32(at + 4);
    if (type === TYPE.IEND) break;
    const end = type === TYPE.IDAT ? Math.min(at + 8 + length, bytes.length) : 0;
    for (let from = at + 8; from < end;) {
      const part = bytes.subarray(from, Math.min(end, from + PIECE_BYTES - filled));
      from += part.length;
      if (part.length === PIECE_BYTES) {
        yield part;
        continue;
      }
      piece.set(part, filled);
      filled += part.length;
      if (filled < PIECE_BYTES) continue;
      yield piece;
      piece = new Uint8Array(PIECE_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

function readHeader(body: Uint8Array): PngHeader {
  if (body.length !== 13) throw damagedPng();
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, color, compression, filter, interlace] = body.subarray(8) as unknown as Bytes5;
  const channels = CHANNELS[color];
  const isKnown = channels && DEPTHS[color]?.includes(depth);
  if (!isKnown || compression !== 0 || filter !== 0 || interlace > 1) throw damagedPng();
  return { width, height, depth, color, channels, isInterlaced: interlace === 1 };
}

type Bytes5 = [number, number, number, number, number];
