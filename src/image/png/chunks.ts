/** The chunks of a PNG file (PNG 3, section 5): header, palette, coded pixels, and what says how the picture lies. */
import type { RoundsError } from '../../shared/errors';
import { exifOrientation } from '../exif';
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
  /** Bodies of the IDAT chunks, joined: one deflate stream. */
  coded: Uint8Array<ArrayBuffer>;
  /** 1–8, as in EXIF. */
  orientation: number;
}

const SIGNATURE_BYTES = 8;
/** Length, type and CRC of a chunk. */
const CHUNK_FRAME_BYTES = 12;
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
  eXIf: 0x65584966,
} as const;

/** @returns image_invalid */
export function damagedPng(cause?: unknown): RoundsError {
  return invalidImage('the PNG data is damaged or incomplete', cause);
}

/** @throws RoundsError image_invalid if a chunk that the pixels depend on is missing or damaged */
export function readChunks(bytes: Uint8Array<ArrayBuffer>): PngChunks {
  const found = new Chunks(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = SIGNATURE_BYTES;
  while (at + CHUNK_FRAME_BYTES <= bytes.length) {
    const end = at + CHUNK_FRAME_BYTES + view.getUint32(at);
    if (end > bytes.length) break;
    const type = view.getUint32(at + 4);
    if (type === TYPE.IEND) return found.finish();
    // There may be millions without content: nothing is made of them.
    if (type !== TYPE.IDAT || end > at + CHUNK_FRAME_BYTES) {
      found.take(type, at + 8, end - 4, () => crc32(bytes, at + 4, end - 4) === view.getUint32(end - 4));
    }
    at = end;
  }
  throw damagedPng();
}

class Chunks {
  #header: PngHeader | null = null;
  #palette: Uint8Array | null = null;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #joined: JoinedBytes;
  #orientation = 1;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#joined = new JoinedBytes(bytes.length);
  }

  /** @param start of its content @throws RoundsError image_invalid if pixels depend on it, and it's damaged */
  take(type: number, start: number, end: number, isSound: () => boolean): void {
    if (type === TYPE.eXIf) {
      if (isSound()) this.#orientation = exifOrientation(this.#bytes.subarray(start, end));
      return;
    }
    if (type !== TYPE.IHDR && type !== TYPE.PLTE && type !== TYPE.IDAT) return;
    // The header is the first of them.
    if (!isSound() || (!this.#header && type !== TYPE.IHDR)) throw damagedPng();
    const body = this.#bytes.subarray(start, end);
    if (type === TYPE.IDAT) this.#joined.add(body);
    else if (type === TYPE.PLTE) this.#palette ??= body;
    else this.#header ??= readHeader(body);
  }

  finish(): PngChunks {
    if (!this.#header) throw damagedPng();
    // With colours in the pixels, a palette only suggests how to show them with few colours.
    const palette = this.#header.color === 3 ? this.#palette : null;
    if (this.#header.color === 3 && (!palette || palette.length < 3)) throw damagedPng();
    return { ...this.#header, palette, coded: this.#joined.bytes, orientation: this.#orientation };
  }
}

/** Parts one after another. Millions of them are copied as they come, because a list of them would take gigabytes. */
class JoinedBytes {
  readonly #most: number;
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array();
  #room: Uint8Array<ArrayBuffer> | null = null;

  constructor(most: number) {
    this.#most = most;
  }

  add(part: Uint8Array<ArrayBuffer>): void {
    if (part.length === 0) return;
    const before = this.bytes.length;
    if (before === 0) {
      this.bytes = part;
      return;
    }
    if (!this.#room) {
      this.#room = new Uint8Array(this.#most);
      this.#room.set(this.bytes);
    }
    this.#room.set(part, before);
    this.bytes = this.#room.subarray(0, before + part.length);
  }
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
