/** The scans of sequential and lossless JPEG: coded bits → planes of samples. ISO/IEC 10918-1 F.2 and H.2. */
import { BitReader, JpegError, type HuffmanTable } from './bits';
import type { Component, Frame, Tables } from './frame';
import { inverseDct } from './idct';

/** Index of each coefficient in its block, in the order of the file. */
// prettier-ignore
const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

interface ScanComponent {
  component: Component;
  dc: HuffmanTable;
  ac: HuffmanTable | undefined;
  quantization: Uint16Array | undefined;
  prediction: number;
}

/**
 * @param body of the SOS segment
 * @param start offset of the coded bytes that follow it
 * @returns offset of the next marker
 */
export function decodeScan(
  bytes: Uint8Array,
  body: DataView,
  start: number,
  frame: Frame,
  tables: Tables,
): number {
  const count = body.getUint8(0);
  const parts = Array.from({ length: count }, (_, i): ScanComponent => {
    const component = frame.components.find(({ id }) => id === body.getUint8(1 + i * 2));
    const selectors = body.getUint8(2 + i * 2);
    const dc = tables.dc[selectors >> 4];
    if (!component || !dc) throw new JpegError('a scan has no component or table');
    const quantization = tables.quantization[component.quantization];
    return { component, dc, ac: tables.ac[selectors & 15], quantization, prediction: 0 };
  });
  if (parts.length === 0) throw new JpegError('a scan has no components');
  const reader = new BitReader(bytes, start);
  if (frame.isLossless) {
    const predictor = body.getUint8(1 + count * 2);
    const shift = body.getUint8(3 + count * 2) & 15;
    decodeLossless(reader, parts, frame, tables.restartInterval, predictor, shift);
  } else {
    decodeSequential(reader, parts, frame, tables.restartInterval);
  }
  return reader.findMarker();
}

/** Calls `decode` for each MCU, with a restart before every `interval`th. */
function eachUnit(
  reader: BitReader,
  total: number,
  interval: number,
  reset: () => void,
  decode: (unit: number) => void,
): void {
  for (let unit = 0; unit < total; unit++) {
    if (interval > 0 && unit > 0 && unit % interval === 0) {
      reader.restart();
      reset();
    }
    decode(unit);
  }
}

function decodeSequential(reader: BitReader, parts: ScanComponent[], frame: Frame, interval: number): void {
  const block = new Int32Array(64);
  const reset = (): void => parts.forEach((part) => (part.prediction = 0));
  const [only] = parts;
  if (parts.length === 1 && only) {
    // A component alone in its scan has only the blocks that it needs, one after another.
    const across = Math.ceil(only.component.plane.usedWidth / 8);
    const down = Math.ceil(only.component.plane.usedHeight / 8);
    eachUnit(reader, across * down, interval, reset, (unit) =>
      decodeBlock(reader, only, frame.precision, block, unit % across, Math.floor(unit / across)),
    );
    return;
  }
  const across = Math.ceil(frame.width / (8 * frame.maxH));
  const down = Math.ceil(frame.height / (8 * frame.maxV));
  eachUnit(reader, across * down, interval, reset, (unit) => {
    const [column, row] = [unit % across, Math.floor(unit / across)];
    for (const part of parts) {
      const { h, v } = part.component;
      for (let i = 0; i < h * v; i++) {
        decodeBlock(reader, part, frame.precision, block, column * h + (i % h), row * v + Math.floor(i / h));
      }
    }
  });
}

function decodeBlock(
  reader: BitReader,
  part: ScanComponent,
  precision: number,
  block: Int32Array,
  column: number,
  row: number,
): void {
  const { dc, ac, quantization, component } = part;
  if (!ac || !quantization) throw new JpegError('a scan has no tables');
  block.fill(0);
  part.prediction += reader.readSigned(Math.min(reader.decode(dc), 16));
  block[0] = part.prediction * quantization[0]!;
  for (let k = 1; k < 64; k++) {
    const symbol = reader.decode(ac);
    const size = symbol & 15;
    if (size === 0 && symbol !== 0xf0) break;
    k += symbol >> 4;
    if (k > 63) throw new JpegError('a block has more than 64 coefficients');
    block[ZIGZAG[k]!] = reader.readSigned(size) * quantization[k]!;
  }
  const { samples, stride } = component.plane;
  inverseDct(block, precision, samples, (row * stride + column) * 8, stride);
}

/** @param shift the point transform: low bits that were dropped before coding */
function decodeLossless(
  reader: BitReader,
  parts: ScanComponent[],
  frame: Frame,
  interval: number,
  predictor: number,
  shift: number,
): void {
  if (predictor < 1 || predictor > 7 || shift >= frame.precision) {
    throw new JpegError('the predictor is unknown');
  }
  const { width, height } = frame;
  if (interval % width !== 0) throw new JpegError('restart markers are inside a row');
  const first = 1 << (frame.precision - shift - 1);
  let topRow = 0;
  const predict = (samples: Uint8Array | Uint16Array, at: number, x: number, y: number): number => {
    if (y === topRow) return x === 0 ? first : samples[at - 1]!;
    const above = samples[at - width]!;
    if (x === 0) return above;
    const left = samples[at - 1]!;
    const corner = samples[at - width - 1]!;
    switch (predictor) {
      case 1:
        return left;
      case 2:
        return above;
      case 3:
        return corner;
      case 4:
        return left + above - corner;
      case 5:
        return left + ((above - corner) >> 1);
      case 6:
        return above + ((left - corner) >> 1);
      default:
        return (left + above) >> 1;
    }
  };
  let row = 0;
  const reset = (): void => void (topRow = row);
  eachUnit(reader, width * height, interval, reset, (unit) => {
    const x = unit % width;
    for (const { component, dc } of parts) {
      const { samples } = component.plane;
      const size = reader.decode(dc);
      // A category of 16 means 32768 and has no further bits.
      const difference = size === 16 ? 32768 : reader.readSigned(size);
      samples[unit] = predict(samples, unit, x, row) + difference;
    }
    if (x === width - 1) row++;
  });
  if (shift > 0)
    for (const { component } of parts)
      component.plane.samples.forEach((value, i, all) => (all[i] = value << shift));
}
