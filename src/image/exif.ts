/** The orientation that a camera or an editor wrote into EXIF data: of PNG (eXIf) and WebP (EXIF). Browsers read that of JPEG. */
import { ascii } from './magic';

const ORIENTATION = 0x0112;
/** "EXIF". */
const EXIF_CHUNK = 0x45584946;
/** Fields of the first directory; cameras write a few dozen. */
const MAX_FIELDS = 1000;

/**
 * @param exif a TIFF header and its directories, with or without the prefix "Exif\0\0"
 * @returns 1–8; 1, which means upright, if the data is damaged or says nothing
 */
export function exifOrientation(exif: Uint8Array): number {
  const start = ascii(exif, 0, 6) === 'Exif\0\0' ? 6 : 0;
  const view = new DataView(exif.buffer, exif.byteOffset + start, exif.byteLength - start);
  try {
    return readOrientation(view);
  } catch (error) {
    // A read past the end.
    if (error instanceof RangeError) return 1;
    throw error;
  }
}

function readOrientation(view: DataView): number {
  const order = view.getUint16(0);
  const little = order === 0x4949;
  if ((!little && order !== 0x4d4d) || view.getUint16(2, little) !== 42) return 1;
  const directory = view.getUint32(4, little);
  const count = Math.min(view.getUint16(directory, little), MAX_FIELDS);
  for (let i = 0; i < count; i++) {
    const field = directory + 2 + i * 12;
    if (view.getUint16(field, little) !== ORIENTATION) continue;
    // A short by the standard; some editors write a long.
    const isLong = view.getUint16(field + 2, little) === 4;
    const value = isLong ? view.getUint32(field + 8, little) : view.getUint16(field + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** Of a WebP file (RIFF): the chunk EXIF, which only the extended form has. */
export function webpOrientation(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    if (view.getUint32(at) === EXIF_CHUNK)
      return exifOrientation(bytes.subarray(at + 8, Math.min(at + 8 + length, bytes.length)));
    // Chunks have an even number of bytes.
    at += 8 + length + (length & 1);
  }
  return 1;
}
