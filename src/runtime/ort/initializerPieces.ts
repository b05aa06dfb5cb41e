/** How the bytes of an initializer are made from spans of a pack, in pieces that follow each other. */
import { RoundsError } from '../../shared/errors';
import { BLOCK_SIZE, type PackTensor, type Span } from '../../shared/pack';
import type { ExternalEntry, RowRange } from '../../engine/ports';
import { typeBytes } from '../../engine/elementBytes';
import { convertElements, storedType, transposed } from './elements';
import { transposedInt4, transposedInt8, transposedValues, type QuantizedDtype } from './quantizedWeights';

export interface Piece {
  spans: Span[];
  /** The piece's bytes from those of its spans, each an array with a buffer of its own. */
  make(stored: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer>;
}

/** Bytes of the pack, or of the initializer, that are in memory at once. A multiple of every element's size. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** @throws RoundsError pack_invalid if the pack has no such part, or another amount of it than the graph declares */
export function piecesOf(entry: ExternalEntry, tensor: PackTensor | undefined): Piece[] {
  const span = entry.part === 'scales' ? tensor?.scales : tensor?.data;
  if (!tensor || !span) {
    throw new RoundsError('pack_invalid', `The pack holds no ${entry.part} of ${entry.tensor}.`);
  }
  const [rows = 1] = tensor.shape;
  const { start, end } = entry.rows ?? { start: 0, end: rows };
  const rowBytes = span.length / rows;
  const part = { offset: span.offset + start * rowBytes, length: (end - start) * rowBytes };
  const bytes = bytesMade(entry, tensor, part.length);
  if (bytes !== entry.length) {
    const message = `${tensor.name}: ${bytes} bytes of ${entry.part}, the graph wants ${entry.length}.`;
    throw new RoundsError('pack_invalid', message);
  }
  if (entry.part === 'values') return [valuePiece(tensor, part, { start, end })];
  if (entry.part === 'integers') return [integerPiece(entry, tensor, part, end - start)];
  return storedPieces(entry, tensor, part, end - start);
}

function bytesMade(entry: ExternalEntry, { dtype }: PackTensor, stored: number): number {
  if (entry.part === 'values' || entry.part === 'integers') {
    const elements = stored * (quantized(entry, dtype) === 'q4' ? 2 : 1);
    return elements * { float32: 4, int8: 1, int4: 0.5 }[entry.type as 'float32' | 'int8' | 'int4'];
  }
  return (stored / typeBytes(storedType(entry.part, dtype))) * typeBytes(entry.type);
}

function quantized({ part, tensor }: ExternalEntry, dtype: PackTensor['dtype']): QuantizedDtype {
  if (dtype === 'q4' || dtype === 'q8') return dtype;
  throw new RoundsError('pack_invalid', `The pack holds no ${part} of ${tensor}, which is ${dtype}.`);
}

/** As they are, or of another float type. Rows and columns can change places only as a whole. */
function storedPieces(entry: ExternalEntry, tensor: PackTensor, part: Span, rows: number): Piece[] {
  const from = storedType(entry.part === 'scales' ? 'scales' : 'data', tensor.dtype);
  const step = entry.transpose ? part.length : PIECE_BYTES;
  const shape: [number, number] = [rows, part.length / typeBytes(from) / rows];
  const pieces: Piece[] = [];
  for (let at = 0; at < part.length; at += step) {
    pieces.push({
      spans: [{ offset: part.offset + at, length: Math.min(step, part.length - at) }],
      make([stored]) {
        const converted = convertElements(stored as Uint8Array<ArrayBuffer>, from, entry.type);
        return entry.transpose ? transposed(converted, shape, entry.length) : converted;
      },
    });
  }
  return pieces;
}

/** A part of the rows; row r of its scales is row r of its data. */
function valuePiece({ shape, dtype, scales }: PackTensor, part: Span, { start, end }: RowRange): Piece {
  const [, columns = 0] = shape;
  const scaleBytes = (2 * columns) / BLOCK_SIZE;
  return {
    spans: [part, { offset: (scales?.offset ?? 0) + start * scaleBytes, length: (end - start) * scaleBytes }],
    make([data = new Uint8Array(), halves = new Uint8Array()]) {
      const bits = new Uint16Array(halves.buffer);
      return new Uint8Array(transposedValues(data, bits, end - start, dtype as QuantizedDtype).buffer);
    },
  };
}

function integerPiece(entry: ExternalEntry, { dtype }: PackTensor, part: Span, rows: number): Piece {
  return {
    spans: [part],
    make: ([stored = new Uint8Array()]) =>
      entry.type === 'int4'
        ? transposedInt4(stored, rows)
        : transposedInt8(stored, rows, dtype as QuantizedDtype),
  };
}
