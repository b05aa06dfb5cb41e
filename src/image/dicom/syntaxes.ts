/** Transfer syntaxes (PS3.6 table A-1): which ones can be opened, and with which codec. */

export type Codec = 'native' | 'rle' | 'jpeg' | 'jpegls' | 'jpeg2000';

export interface TransferSyntax {
  uid: string;
  name: string;
  /** Null: known by name, but can't be opened. */
  codec: Codec | null;
  isLossy: boolean;
}

export const IMPLICIT_LITTLE = '1.2.840.10008.1.2';
export const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
export const DEFLATED = '1.2.840.10008.1.2.1.99';
export const EXPLICIT_BIG = '1.2.840.10008.1.2.2';
export const JPEG_LOSSLESS = '1.2.840.10008.1.2.4.57';

const ROWS: [uid: string, name: string, codec: Codec | null, isLossy?: boolean][] = [
  [IMPLICIT_LITTLE, 'Implicit VR Little Endian', 'native'],
  [EXPLICIT_LITTLE, 'Explicit VR Little Endian', 'native'],
  [DEFLATED, 'Deflated Explicit VR Little Endian', 'native'],
  [EXPLICIT_BIG, 'Explicit VR Big Endian', 'native'],
  ['1.2.840.10008.1.2.5', 'RLE Lossless', 'rle'],
  ['1.2.840.10008.1.2.4.50', 'JPEG Baseline (8 bits)', 'jpeg', true],
  ['1.2.840.10008.1.2.4.51', 'JPEG Extended (12 bits)', 'jpeg', true],
  [JPEG_LOSSLESS, 'JPEG Lossless', 'jpeg'],
  ['1.2.840.10008.1.2.4.70', 'JPEG Lossless, first-order prediction', 'jpeg'],
  ['1.2.840.10008.1.2.4.80', 'JPEG-LS Lossless', 'jpegls'],
  ['1.2.840.10008.1.2.4.81', 'JPEG-LS Near-Lossless', 'jpegls', true],
  ['1.2.840.10008.1.2.4.90', 'JPEG 2000 Lossless', 'jpeg2000'],
  ['1.2.840.10008.1.2.4.91', 'JPEG 2000', 'jpeg2000', true],
  ['1.2.840.10008.1.2.4.201', 'High-Throughput JPEG 2000 Lossless', 'jpeg2000'],
  ['1.2.840.10008.1.2.4.202', 'High-Throughput JPEG 2000 Lossless, RPCL', 'jpeg2000'],
  ['1.2.840.10008.1.2.4.203', 'High-Throughput JPEG 2000', 'jpeg2000', true],
  ['1.2.840.10008.1.2.4.92', 'JPEG 2000 with several components', null],
  ['1.2.840.10008.1.2.4.93', 'JPEG 2000 with several components', null],
  ['1.2.840.10008.1.2.4.94', 'JPIP (pixels on a server)', null],
  ['1.2.840.10008.1.2.4.95', 'JPIP (pixels on a server)', null],
  ['1.2.840.10008.1.2.4.100', 'MPEG-2 video', null],
  ['1.2.840.10008.1.2.4.101', 'MPEG-2 video', null],
  ['1.2.840.10008.1.2.4.102', 'MPEG-4 video', null],
  ['1.2.840.10008.1.2.4.103', 'MPEG-4 video', null],
  ['1.2.840.10008.1.2.4.104', 'MPEG-4 video', null],
  ['1.2.840.10008.1.2.4.105', 'MPEG-4 video', null],
  ['1.2.840.10008.1.2.4.106', 'MPEG-4 video', null],
  ['1.2.840.10008.1.2.4.107', 'HEVC video', null],
  ['1.2.840.10008.1.2.4.108', 'HEVC video', null],
  ['1.2.840.10008.1.2.4.110', 'JPEG XL', null],
  ['1.2.840.10008.1.2.4.111', 'JPEG XL', null],
  ['1.2.840.10008.1.2.4.112', 'JPEG XL', null],
];

export const TRANSFER_SYNTAXES: readonly TransferSyntax[] = ROWS.map(
  ([uid, name, codec, isLossy = false]) => ({ uid, name, codec, isLossy }),
);

/** Null for a syntax that isn't in the table: private ones, and retired kinds of JPEG. */
export function findSyntax(uid: string): TransferSyntax | null {
  return TRANSFER_SYNTAXES.find((syntax) => syntax.uid === uid) ?? null;
}
