/** What compressed pixels are, by their own first bytes: the transfer syntax may be missing or wrong. */
import { type Codec, JPEG_LOSSLESS } from './syntaxes';

/** UIDs for pixels whose transfer syntax must be inferred. */
export interface CodedKind {
  codec: Codec;
  uid: string;
  /** A JPEG whose frame header is beyond these bytes, which may be any kind of JPEG. */
  isGuess?: boolean;
}

/** Bytes from the start that `sniffCoded` needs. */
export const SNIFF_CODED = 4096;

/** @returns null if they are of no known kind */
export function sniffCoded(bytes: Uint8Array): CodedKind | null {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return sniffJpeg(bytes);
  // A codestream, or the box that begins a JP2 file.
  if (bytes[0] === 0xff && bytes[1] === 0x4f && bytes[2] === 0xff) return jpeg2000(bytes);
  if (bytes[4] === 0x6a && bytes[5] === 0x50 && bytes[6] === 0x20) return jpeg2000(bytes);
  // The header of RLE: 1–15 segments, the first one after the 64 bytes of the header.
  const isRle = bytes.length >= 64 && bytes[0]! >= 1 && bytes[0]! <= 15 && bytes[4] === 64;
  if (isRle && [1, 2, 3, 5, 6, 7].every((at) => bytes[at] === 0))
    return { codec: 'rle', uid: '1.2.840.10008.1.2.5' };
  return null;
}

function sniffJpeg(bytes: Uint8Array): CodedKind | null {
  const marker = frameMarker(bytes);
  if (marker === 0xf7) return { codec: 'jpegls', uid: '1.2.840.10008.1.2.4.80' };
  if (marker === 0xc3) return { codec: 'jpeg', uid: JPEG_LOSSLESS };
  if (marker === 0xc1) return { codec: 'jpeg', uid: '1.2.840.10008.1.2.4.51' };
  return { codec: 'jpeg', uid: '1.2.840.10008.1.2.4.50', isGuess: marker === 0 };
}

/** SOF0–SOF15 or SOF55 (JPEG-LS); 0 if there is none in these bytes. */
function frameMarker(bytes: Uint8Array): number {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame || marker === 0xf7) return marker;
    at += 2 + bytes[at + 2]! * 256 + bytes[at + 3]!;
  }
  return 0;
}

/** Lossless if the wavelet of the coding style (COD, FF52) is the reversible one. */
function jpeg2000(bytes: Uint8Array): CodedKind {
  const start = bytes.findIndex((byte, at) => byte === 0xff && bytes[at + 1] === 0x52);
  const isLossless = start >= 0 && bytes[start + 13] === 1;
  return { codec: 'jpeg2000', uid: `1.2.840.10008.1.2.4.${isLossless ? '90' : '91'}` };
}
