/** The orientation that a camera or an editor wrote: into EXIF data, else into XMP, like in Pillow. Browsers read the EXIF data of JPEG. */
import { ascii } from './magic';

const ORIENTATION = 0x0112;
/** Types of numbers that the value may have: short by the standard; some editors write a long, or signed numbers. */
const [SHORT, LONG, SIGNED_SHORT, SIGNED_LONG] = [3, 4, 8, 9];
/** Fields of the first directory; cameras write a few dozen. */
const MAX_FIELDS = 1000;
/** Of XMP; editors write some kilobytes. */
const MAX_XMP_BYTES = 1024 * 1024;

/**
 * @param exif a TIFF header and its directories, with or without the prefix "Exif\0\0"
 * @returns 1–8; 1, which means upright, if its orientation is invalid; null if it has none or is damaged
 */
export function exifOrientation(exif: Uint8Array): number | null {
  return readExif(exif)?.orientation ?? null;
}

interface ExifField {
  orientation: number;
  /** Of the type that the standard asks for; browsers ignore others. */
  isShort: boolean;
}

function readExif(exif: Uint8Array): ExifField | null {
  const start = ascii(exif, 0, 6) === 'Exif\0\0' ? 6 : 0;
  const view = new DataView(exif.buffer, exif.byteOffset + start, exif.byteLength - start);
  try {
    return readOrientation(view);
  } catch (error) {
    // A read past the end.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** @param packet as UTF-8 or Latin-1 @returns as `exifOrientation` */
export function xmpOrientation(packet: Uint8Array): number | null {
  const text = new TextDecoder('latin1').decode(packet.subarray(0, MAX_XMP_BYTES));
  const found = /tiff:Orientation(?:="|='|>)([0-9])/.exec(text);
  return found ? sound(Number(found[1])) : null;
}

const sound = (orientation: number): number => (orientation >= 1 && orientation <= 8 ? orientation : 1);

function readOrientation(view: DataView): ExifField | null {
  const order = view.getUint16(0);
  const little = order === 0x4949;
  if ((!little && order !== 0x4d4d) || view.getUint16(2, little) !== 42) return null;
  const directory = view.getUint32(4, little);
  const count = Math.min(view.getUint16(directory, little), MAX_FIELDS);
  for (let i = 0; i < count; i++) {
    const field = directory + 2 + i * 12;
    if (view.getUint16(field, little) !== ORIENTATION) continue;
    const type = view.getUint16(field + 2, little);
    const isLong = type === LONG || type === SIGNED_LONG;
    if (!isLong && type !== SHORT && type !== SIGNED_SHORT) return { orientation: 1, isShort: false };
    const value = isLong ? view.getUint32(field + 8, little) : view.getUint16(field + 8, little);
    return { orientation: sound(value), isShort: type === SHORT };
  }
  return null;
}

/** Of a WebP file (RIFF): the chunks EXIF and XMP, which only the extended form has. */
export function webpOrientation(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let xmp: number | null = null;
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    const body = bytes.subarray(at + 8, Math.min(at + 8 + length, bytes.length));
    const type = ascii(bytes, at, at + 4);
    const exif = type === 'EXIF' ? exifOrientation(body) : null;
    if (exif !== null) return exif;
    if (type === 'XMP ') xmp ??= xmpOrientation(body);
    // Chunks have an even number of bytes.
    at += 8 + length + (length & 1);
  }
  return xmp ?? 1;
}

const XMP_SEGMENT = 'http://ns.adobe.com/xap/1.0/\0';

/** What a browser leaves to be turned of a JPEG: the orientation that only XMP states, or EXIF data with another type than a short. */
export function jpegOrientation(bytes: Uint8Array): number {
  let xmp: number | null = null;
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda;) {
    const length = bytes[at + 2]! * 256 + bytes[at + 3]!;
    const body = bytes.subarray(at + 4, at + 2 + length);
    if (bytes[at + 1] === 0xe1) {
      const exif = ascii(body, 0, 6) === 'Exif\0\0' ? readExif(body) : null;
      if (exif) return exif.isShort ? 1 : exif.orientation;
      if (ascii(body, 0, XMP_SEGMENT.length) === XMP_SEGMENT) xmp = xmpOrientation(body) ?? xmp;
    }
    // Any number of fill bytes before a marker.
    at += bytes[at + 1] === 0xff ? 1 : 2 + length;
  }
  return xmp ?? 1;
}
