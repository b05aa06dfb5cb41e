/** Recognises a file by its first bytes, because names and MIME types may be wrong. */
import { RoundsError } from '../shared/errors';
import { unsupportedImage } from './imageError';
import { niftiVersion } from './nifti/header';

export type ImageFormat =
  'png' | 'jpeg' | 'gif' | 'webp' | 'bmp' | 'avif' | 'tiff' | 'dicom' | 'nifti' | 'gzip';

/** Bytes that `sniffFormat` needs. */
export const SNIFF_BYTES = 4096;

const CHOOSE = 'choose a PNG, JPEG, WebP, GIF, BMP, AVIF, TIFF, DICOM or NIfTI file';
const HEIC_BRANDS = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'];
const AVIF_BRANDS = ['avif', 'avis'];

/** Formats that are recognised but can't be opened, each with the step that helps. */
const REFUSED: { problem: string; step: string; matches: (head: Uint8Array) => boolean }[] = [
  {
    problem: 'this is a PDF',
    step: 'save the page as PNG first',
    matches: (head) => startsWith(head, '%PDF'),
  },
  {
    problem: 'this is a ZIP archive',
    step: 'unpack it first',
    matches: (head) => startsWith(head, 'PK\x03\x04'),
  },
  {
    problem: 'JPEG 2000 images can be opened inside DICOM files only',
    step: 'save it as PNG first',
    matches: (head) => ascii(head, 4, 8) === 'jP  ',
  },
  {
    problem: 'this is a HEIC photo, which browsers can’t open reliably',
    step: 'export it as JPEG or PNG',
    matches: (head) => isIsoMedia(head) && HEIC_BRANDS.includes(ascii(head, 8, 12)),
  },
  { problem: 'this is a video or an unknown container', step: CHOOSE, matches: isIsoMedia },
];

/**
 * @param head the first SNIFF_BYTES bytes of the file, or all of it if it is shorter
 * @throws RoundsError image_invalid (empty, or a text file), image_unsupported
 */
export function sniffFormat(head: Uint8Array): ImageFormat {
  if (head.length === 0) throw new RoundsError('image_invalid', `the file is empty; ${CHOOSE}.`);
  const format = knownFormat(head);
  if (format) return format;
  const refused = REFUSED.find(({ matches }) => matches(head));
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
  if (isIsoMedia(head) && AVIF_BRANDS.includes(ascii(head, 8, 12))) return 'avif';
  return null;
}

/** A text may also begin with "BM", so the size of the second header is checked, which is one of a few. */
function isBmpHeader(head: Uint8Array): boolean {
  return [12, 40, 52, 56, 64, 108, 124].includes(head[14] ?? 0) && head[15] === 0;
}

/**
 * A data set without the 128-byte preamble: its first element is of group 0002 or 0008, little endian, and either has a VR
 * of two letters (explicit) or a short length (implicit).
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

/** The container of AVIF, HEIC and MP4 (ISO/IEC 14496-12); the brand that follows says which one. */
function isIsoMedia(head: Uint8Array): boolean {
  return ascii(head, 4, 8) === 'ftyp';
}

function refuseText(head: Uint8Array): never {
  const text = new TextDecoder().decode(head);
  if (/<svg[\s>]/i.test(text)) {
    throw unsupportedImage('this is an SVG drawing, which has no pixels of its own', 'save it as PNG first');
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

/** Bytes as Latin-1 text. */
export function ascii(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
