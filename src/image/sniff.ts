/** What a file is, by its first bytes: names and MIME types lie. */
import { RoundsError } from '../shared/errors';
import { niftiVersion } from './nifti/header';

export type ImageFormat =
  'png' | 'jpeg' | 'gif' | 'webp' | 'bmp' | 'avif' | 'tiff' | 'dicom' | 'nifti' | 'gzip';

/** Bytes that `sniffFormat` wants to see. */
export const SNIFF_BYTES = 4096;

const READABLE = 'PNG, JPEG, WebP, GIF, BMP, AVIF, TIFF, DICOM and NIfTI images can be opened';
const HEIC_BRANDS = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'];
const AVIF_BRANDS = ['avif', 'avis'];

/** Formats that are known but not read, with what to do about it. */
const REFUSED: { name: string; advice: string; matches: (head: Uint8Array) => boolean }[] = [
  { name: 'a PDF', advice: 'Save the page as a PNG', matches: (head) => startsWith(head, '%PDF') },
  { name: 'a ZIP archive', advice: 'Unpack it', matches: (head) => startsWith(head, 'PK\x03\x04') },
  { name: 'a JPEG 2000 image', advice: 'Save it as PNG', matches: (head) => ascii(head, 4, 8) === 'jP  ' },
];

/**
 * @param head the first SNIFF_BYTES bytes of the file, or all of it
 * @param name how messages call the file
 * @throws RoundsError image_invalid (empty, or a text that poses as an image), image_unsupported
 */
export function sniffFormat(head: Uint8Array, name: string): ImageFormat {
  if (head.length === 0) throw new RoundsError('image_invalid', `${name} is empty.`);
  const format = knownFormat(head);
  if (format) return format;
  refuseHeic(head, name);
  const refused = REFUSED.find(({ matches }) => matches(head));
  if (refused) {
    const sentence = `${name} is ${refused.name}, which cannot be opened. ${refused.advice} first; ${READABLE}.`;
    throw new RoundsError('image_unsupported', sentence);
  }
  if (isText(head)) refuseText(head, name);
  throw new RoundsError('image_unsupported', `${name} is no image of a known kind; ${READABLE}.`);
}

function knownFormat(head: Uint8Array): ImageFormat | null {
  // First: the 128 bytes before its mark may pose as a TIFF, for readers that know only that.
  if (ascii(head, 128, 132) === 'DICM') return 'dicom';
  if (startsWith(head, '\x89PNG\r\n\x1a\n')) return 'png';
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'jpeg';
  if (startsWith(head, 'GIF87a') || startsWith(head, 'GIF89a')) return 'gif';
  if (startsWith(head, 'RIFF') && ascii(head, 8, 12) === 'WEBP') return 'webp';
  if (startsWith(head, 'BM') && isBmpHeader(head)) return 'bmp';
  if (isTiff(head)) return 'tiff';
  if (niftiVersion(head)) return 'nifti';
  // Volumes come gzipped; what else is in such an archive is refused once it is looked into.
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (isBareDicom(head)) return 'dicom';
  if (ascii(head, 4, 8) === 'ftyp' && AVIF_BRANDS.includes(ascii(head, 8, 12))) return 'avif';
  return null;
}

/** "BM" alone may begin a text; the size of the second header is one of a few. */
function isBmpHeader(head: Uint8Array): boolean {
  return [12, 40, 52, 56, 64, 108, 124].includes(head[14] ?? 0) && head[15] === 0;
}

/**
 * A data set without the 128-byte preamble: its first element is of group 0002 or 0008, little endian, and
 * either names a VR in two letters (explicit) or has a short length (implicit).
 */
function isBareDicom(head: Uint8Array): boolean {
  if (head.length < 16 || (head[0] !== 0x08 && head[0] !== 0x02) || head[1] !== 0 || head[3] !== 0)
    return false;
  return /^[A-Z]{2}$/.test(ascii(head, 4, 6)) || (head[5] === 0 && head[6] === 0 && head[7] === 0);
}

/** Classic TIFF and BigTIFF, in either byte order. */
function isTiff(head: Uint8Array): boolean {
  return ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some((magic) => startsWith(head, magic));
}

function refuseHeic(head: Uint8Array, name: string): void {
  if (ascii(head, 4, 8) !== 'ftyp') return;
  if (HEIC_BRANDS.includes(ascii(head, 8, 12))) {
    const sentence = `${name} is a HEIC photo, which browsers cannot open reliably. Export it as JPEG or PNG.`;
    throw new RoundsError('image_unsupported', sentence);
  }
  throw new RoundsError('image_unsupported', `${name} is a video or an unknown container; ${READABLE}.`);
}

function refuseText(head: Uint8Array, name: string): never {
  const text = new TextDecoder().decode(head);
  if (/<svg[\s>]/i.test(text)) {
    const sentence = `${name} is an SVG drawing, which has no pixels of its own. Save it as PNG first.`;
    throw new RoundsError('image_unsupported', sentence);
  }
  throw new RoundsError('image_invalid', `${name} is a text file, not an image, whatever its name says.`);
}

function isText(head: Uint8Array): boolean {
  let strange = 0;
  for (const byte of head) {
    if (byte === 0) return false;
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x0c) strange++;
  }
  // A binary file of this length has dozens of control bytes.
  if (strange > head.length / 100) return false;
  // The last bytes may be a cut character.
  return !new TextDecoder().decode(head).slice(0, -4).includes('\uFFFD');
}

function startsWith(head: Uint8Array, text: string): boolean {
  return ascii(head, 0, text.length) === text;
}

/** Bytes as Latin-1 text. */
export function ascii(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
