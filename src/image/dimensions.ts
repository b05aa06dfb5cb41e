/** Size of an image from its header, so that a decompression bomb is refused before anything is decoded. */
import { RoundsError } from '../shared/errors';
import { invalidImage } from './imageError';
import { ascii } from './magic';
import type { ImageFormat } from './sniff';

/** 512 MB: pixels and values in memory while one picture is decoded; no undamaged file of a single picture has more. */
export const MAX_PIXEL_BYTES = 512 * 1000 * 1000;
/** 64 megapixels: 256 MB as RGBA, about what a tab can decode next to a model. */
const MAX_PIXELS = 64 * 1000 * 1000;
/** Above this, browsers refuse canvases and bitmaps or take many seconds. */
const MAX_SIDE = 20000;
/** The reference's smart_resize refuses more. */
const MAX_ASPECT = 200;

export interface PixelSize {
  width: number;
  height: number;
}

/**
 * For a file that is read as a whole. Of others only what the picture needs is read, whatever their size.
 *
 * @throws RoundsError image_too_large
 */
export function checkFileSize(bytes: number): void {
  if (bytes > MAX_PIXEL_BYTES) throw tooLarge('the file has', bytes, MAX_PIXEL_BYTES);
}

/** Before pixels and values of a picture are allocated. @throws RoundsError image_too_large */
export function checkPixelBytes(bytes: number): void {
  if (bytes <= MAX_PIXEL_BYTES) return;
  throw tooLarge('the pixels need', bytes, MAX_PIXEL_BYTES);
}

/** @param what a clause that ends before the number: "the file has" */
export function tooLarge(what: string, bytes: number, limit: number): RoundsError {
  const [has, most] = [Math.ceil(bytes / 1e6), Math.floor(limit / 1e6)];
  return new RoundsError(
    'image_too_large',
    `${what} ${has} MB, and the limit is ${most} MB; scale it down or export a part of it.`,
  );
}

/** @throws RoundsError image_invalid for an empty side, image_too_large */
export function checkDimensions({ width, height }: PixelSize): void {
  const size = `the image is ${width}×${height} pixels`;
  if (!(width > 0 && height > 0)) throw invalidImage(`${size}, which means that it’s empty`);
  if (width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS) {
    const limit = `the limit is ${MAX_PIXELS / 1e6} megapixels and ${MAX_SIDE} pixels a side`;
    throw new RoundsError('image_too_large', `${size}, and ${limit}; scale it down first.`);
  }
  if (Math.max(width, height) / Math.min(width, height) > MAX_ASPECT) {
    const limit = `one side is more than ${MAX_ASPECT} times the other`;
    throw new RoundsError('image_too_large', `${size}, so ${limit}; crop it first.`);
  }
}

/**
 * Width and height as stored, before an EXIF rotation. Not for DICOM, TIFF and NIfTI, whose decoders read their own headers.
 *
 * @throws RoundsError image_invalid if the header is damaged or truncated
 */
export function readDimensions(bytes: Uint8Array, format: ImageFormat): PixelSize {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const size = PARSERS[format]?.(view, bytes);
    if (size) return size;
  } catch (error) {
    // A read past the end. Parsers report every other failure as null.
    if (!(error instanceof RangeError)) throw error;
  }
  throw invalidImage(`the ${format.toUpperCase()} header is damaged`);
}

type Parser = (view: DataView, bytes: Uint8Array) => PixelSize | null;

const PARSERS: Partial<Record<ImageFormat, Parser>> = {
  png: (view, bytes) =>
    ascii(bytes, 12, 16) === 'IHDR' ? { width: view.getUint32(16), height: view.getUint32(20) } : null,
  gif: (view) => ({ width: view.getUint16(6, true), height: view.getUint16(8, true) }),
  bmp: parseBmp,
  jpeg: parseJpeg,
  webp: parseWebp,
  avif: parseAvif,
};

function parseBmp(view: DataView): PixelSize {
  if (view.getUint32(14, true) === 12) {
    return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  }
  // A negative height means that rows are stored from top to bottom.
  return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}

/** Walks the segments up to the frame header: SOF0–SOF15, except DHT (C4), JPG (C8) and DAC (CC). */
function parseJpeg(view: DataView): PixelSize | null {
  let at = 2;
  for (;;) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at++;
      continue;
    }
    const hasNoLength = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    if (marker === 0xd9 || marker === 0xda) return null;
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    }
    at += hasNoLength ? 2 : 2 + view.getUint16(at + 2);
  }
}

function parseWebp(view: DataView, bytes: Uint8Array): PixelSize | null {
  const chunk = ascii(bytes, 12, 16);
  if (chunk === 'VP8 ') {
    // 14 bits each; the upper 2 are a scale, which decoders ignore.
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  }
  if (chunk === 'VP8L') {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (chunk === 'VP8X') {
    const uint24 = (at: number) => view.getUint16(at, true) + view.getUint8(at + 2) * 65536;
    return { width: uint24(24) + 1, height: uint24(27) + 1 };
  }
  return null;
}

/** The largest `ispe` property (ISO/IEC 23008-12): the image, its alpha plane or a thumbnail. */
function parseAvif(view: DataView, bytes: Uint8Array): PixelSize | null {
  const text = ascii(bytes, 0, Math.min(bytes.length, 16384));
  let largest: PixelSize | null = null;
  for (let at = text.indexOf('ispe'); at >= 0; at = text.indexOf('ispe', at + 4)) {
    const size = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (!largest || size.width * size.height > largest.width * largest.height) largest = size;
  }
  return largest;
}
