/** The segments of a JPEG file up to its scans: tables, frame header, application markers. ISO/IEC 10918-1 B.2. */
import { HuffmanTable, JpegError, JpegUnsupportedError } from './bits';

/** Samples of one component. Sequential scans fill whole blocks, so there may be more than the picture has. */
export interface Plane {
  samples: Uint8Array | Uint16Array;
  stride: number;
  usedWidth: number;
  usedHeight: number;
}

export interface Component {
  id: number;
  /** Sampling factors. */
  h: number;
  v: number;
  quantization: number;
  plane: Plane;
}

export interface Frame {
  /** Lossless: predictors instead of the cosine transform (SOF3). */
  isLossless: boolean;
  precision: number;
  width: number;
  height: number;
  /** Largest sampling factors. */
  maxH: number;
  maxV: number;
  components: Component[];
}

/** Settings that precede a scan and apply to it. */
export interface Tables {
  /** 64 divisors each, in zigzag order. */
  quantization: (Uint16Array | undefined)[];
  dc: (HuffmanTable | undefined)[];
  ac: (HuffmanTable | undefined)[];
  /** MCUs between restart markers; 0: none. */
  restartInterval: number;
}

const MAX_PRECISION = 16;

/**
 * @param limit size that the frame must have
 * @throws JpegError if the header is invalid, JpegUnsupportedError
 */
export function readFrame(marker: number, body: DataView, limit: { width: number; height: number }): Frame {
  if (![0xc0, 0xc1, 0xc3].includes(marker)) {
    throw new JpegUnsupportedError(`${KINDS[marker] ?? 'hierarchical JPEG'} can’t be opened`);
  }
  const isLossless = marker === 0xc3;
  const precision = body.getUint8(0);
  const height = body.getUint16(1);
  const width = body.getUint16(3);
  const count = body.getUint8(5);
  const isPrecisionSound = isLossless
    ? precision >= 2 && precision <= MAX_PRECISION
    : precision === 8 || precision === 12;
  if (!isPrecisionSound || count < 1 || count > 4) throw new JpegError('the frame header is invalid');
  // Checked before anything is allocated.
  if (width !== limit.width || height !== limit.height) {
    throw new JpegError(`it has ${width}×${height} samples, not ${limit.width}×${limit.height}`);
  }
  const heads = readComponents(body, count, isLossless);
  const maxH = Math.max(...heads.map(({ h }) => h));
  const maxV = Math.max(...heads.map(({ v }) => v));
  const components = heads.map((head) => {
    const usedWidth = Math.ceil((width * head.h) / maxH);
    const usedHeight = Math.ceil((height * head.v) / maxV);
    const stride = isLossless ? width : Math.ceil(width / (8 * maxH)) * head.h * 8;
    const rows = isLossless ? height : Math.ceil(height / (8 * maxV)) * head.v * 8;
    const samples = precision > 8 ? new Uint16Array(stride * rows) : new Uint8Array(stride * rows);
    return { ...head, plane: { samples, stride, usedWidth, usedHeight } };
  });
  return { isLossless, precision, width, height, maxH, maxV, components };
}

function readComponents(body: DataView, count: number, isLossless: boolean): Omit<Component, 'plane'>[] {
  const heads = Array.from({ length: count }, (_, i) => {
    const sampling = body.getUint8(7 + i * 3);
    return {
      id: body.getUint8(6 + i * 3),
      h: sampling >> 4,
      v: sampling & 15,
      quantization: body.getUint8(8 + i * 3),
    };
  });
  const isSubsampled = heads.some(({ h, v }) => h !== heads[0]?.h || v !== heads[0].v);
  if (heads.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4) || (isLossless && isSubsampled)) {
    throw new JpegError('the sampling factors are invalid');
  }
  const maxH = Math.max(...heads.map(({ h }) => h));
  const maxV = Math.max(...heads.map(({ v }) => v));
  if (heads.some(({ h, v }) => maxH % h !== 0 || maxV % v !== 0)) {
    throw new JpegUnsupportedError('JPEG with uneven subsampling can’t be opened');
  }
  return heads;
}

const KINDS: Record<number, string> = {
  0xc2: 'progressive JPEG',
  0xc9: 'arithmetic-coded JPEG',
  0xca: 'arithmetic-coded JPEG',
  0xcb: 'arithmetic-coded JPEG',
};

/** DQT: any number of tables of 8- or 16-bit divisors. */
export function readQuantization(body: DataView, tables: Tables): void {
  for (let at = 0; at < body.byteLength;) {
    const head = body.getUint8(at++);
    const isWide = head >> 4 !== 0;
    const table = new Uint16Array(64);
    for (let i = 0; i < 64; i++) table[i] = isWide ? body.getUint16(at + i * 2) : body.getUint8(at + i);
    tables.quantization[head & 15] = table;
    at += isWide ? 128 : 64;
  }
}

/** DHT: any number of tables, for DC (lossless differences too) or AC. */
export function readHuffman(body: DataView, tables: Tables): void {
  for (let at = 0; at < body.byteLength;) {
    const head = body.getUint8(at++);
    const counts = Uint8Array.from({ length: 16 }, (_, i) => body.getUint8(at + i));
    at += 16;
    const total = counts.reduce((sum, count) => sum + count, 0);
    const values = Uint8Array.from({ length: total }, (_, i) => body.getUint8(at + i));
    at += total;
    (head >> 4 === 0 ? tables.dc : tables.ac)[head & 15] = new HuffmanTable(counts, values);
  }
}
