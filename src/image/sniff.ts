/** Recognises a file by its first bytes, because names and MIME types may be wrong. */
import { RoundsError } from '../shared/errors';
import { unsupportedImage } from './imageError';
import { ascii, CHOOSE, isIsoMedia, isoBrands } from './magic';
import { niftiVersion } from './nifti/header';
import { findRefusal } from './refused';

export type ImageFormat =
  'png' | 'jpeg' | 'gif' | 'webp' | 'bmp' | 'avif' | 'tiff' | 'dicom' | 'nifti' | 'gzip';

/** Bytes that `sniffFormat` needs. */
export const SNIFF_BYTES = 4096;

const AVIF_BRANDS = ['avif', 'avis'];

/**
 * @param head the first SNIFF_BYTES bytes of the file, or all of it if it is shorter
 * @throws RoundsError image_invalid (empty, or a text file), image_unsupported
 */
export function sniffFormat(head: Uint8Array): ImageFormat {
  if (head.length === 0) throw new RoundsError('image_invalid', `the file is empty; ${CHOOSE}.`);
  const format = knownFormat(head);
  if (format) return format;
  const refused = findRefusal(head);
  if (refused) throw unsupportedImage(refused.problem, refused.step);
  if (isText(head)) refuseText(head);
  throw unsupportedImage('the format isn’t recognised', CHOOSE);
}

function knownFormat(head: Uint8Array): ImageFormat | null {
  // DICOM first: the 128 bytes before its magic may contain a TIFF header, for readers that don't know DICOM.
  if (ascii(head, 128, 132) === 'DICM') return 'dicom';
  if (startsWith(head, '\x89PNG\r\n\x1a\n')) return 'png';
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'jpeg';
  if (startsWith(head, 'GIF87a') || startsWith(head, 'GIF89a')) return 'gif';
  if (startsWith(head, 'RIFF') && ascii(head, 8, 12) === 'WEBP') return 'webp';
  if (startsWith(head, 'BM') && isBmpHeader(head)) return 'bmp';
  if (isTiff(head)) return 'tiff';
  if (niftiVersion(head)) return 'nifti';
  // NIfTI volumes are often gzipped. The decoder refuses archives of anything else.
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (isBareDicom(head)) return 'dicom';
  if (isAvif(head)) return 'avif';
  return null;
}

/** A text may also begin with "BM", so the size of the second header is checked, which is one of a few. */
function isBmpHeader(head: Uint8Array): boolean {
  return [12, 40, 52, 56, 64, 108, 124].includes(head[14] ?? 0) && head[15] === 0;
}

/**
 * A data set without the 128-byte preamble: its first element is of group 0002 or 0008, in either byte order, and either has a
 * VR of two letters (explicit) or a short length (implicit). Some writers keep the magic that follows the preamble.
 */
function isBareDicom(head: Uint8Array): boolean {
  if (startsWith(head, 'DICM')) return true;
  if (head.length < 16) return false;
  const [low, high] = head[0] === 0 ? [1, 0] : [0, 1];
  const isFirst = (head[low] === 0x08 || head[low] === 0x02) && head[high] === 0 && head[2 + high] === 0;
  const isShort = [1, 2, 3].every((back) => head[high ? 4 + back : 7 - back] === 0);
  return isFirst && (/^[A-Z]{2}$/.test(ascii(head, 4, 6)) || isShort);
}

/** Classic TIFF and BigTIFF, in either byte order. */
function isTiff(head: Uint8Array): boolean {
  return ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some((magic) => startsWith(head, magic));
}

/** The major brand decides; if it is a general one (mif1), the compatible ones do. */
function isAvif(head: Uint8Array): boolean {
  if (!isIsoMedia(head)) return false;
  const brands = isoBrands(head);
  return (
    AVIF_BRANDS.includes(brands[0] ?? '') ||
    (!/^he[iv]/.test(brands[0] ?? '') && brands.some((brand) => AVIF_BRANDS.includes(brand)))
  );
}

function refuseText(head: Uint8Array): never {
  const text = new TextDecoder().decode(head);
  if (/<svg[\s>]/i.test(text)) {
    throw unsupportedImage('this is an SVG drawing, which has no pixels of its own', 'save it as PNG first');
  }
  if (/<!doctype html|<html[\s>]/i.test(text)) {
    throw unsupportedImage('this is a web page, not an image', 'save the picture on it and choose that file');
  }
  throw new RoundsError('image_invalid', `this is a text file, not an image; ${CHOOSE}.`);
}

/** Whether the bytes read as text in UTF-8. */
export function isText(head: Uint8Array): boolean {
  let controls = 0;
  for (const byte of head) {
    if (byte === 0) return false;
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x0c) controls++;
  }
  // A binary file of this length has dozens of control bytes.
  if (controls > head.length / 100) return false;
  // The last bytes may be an incomplete character.
  return !new TextDecoder().decode(head).slice(0, -4).includes('\uFFFD');
}

function startsWith(head: Uint8Array, text: string): boolean {
  return ascii(head, 0, text.length) === text;
}
