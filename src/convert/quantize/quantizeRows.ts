/** Quantizes some rows of one stored tensor to the bytes of a pack tensor. Pure, so it can run in any thread. */
import { RoundsError } from '../../shared/errors';
import type { TensorDtype } from '../../shared/pack';
import { float16Bits, MAX_FLOAT16, widenToFloat32, type FloatDtype } from './half';
import { quantizeQ4 } from './q4';
import { quantizeQ8 } from './q8';

export interface QuantizeJob {
  /** Name of the stored tensor, for error messages. */
  tensor: string;
  stored: FloatDtype;
  /** Row-major [rows, columns] as stored. */
  bytes: ArrayBuffer;
  rows: number;
  columns: number;
  /** Columns of the result. Those beyond `columns` are zero. */
  paddedColumns: number;
  dtype: TensorDtype;
  /** q4 only: search the scale of each block instead of using absmax. */
  search: boolean;
  /** float32 [columns]: the importance of each input in the search (calibration.ts). Null: all equal. */
  importance: Float32Array | null;
}

export interface QuantizedRows {
  data: Uint8Array<ArrayBuffer>;
  /** float16 scales as bytes. Empty for f16 and f32. */
  scales: Uint8Array<ArrayBuffer>;
}

/** Runs a job in this thread or in a worker; the result must not depend on which. */
export type RowQuantizer = (job: QuantizeJob) => Promise<QuantizedRows>;

/**
 * Runs a job in this thread.
 * @throws RoundsError checkpoint_invalid for NaN or infinite weights; model_unsupported if a weight overflows float16
 */
export function quantizeRows(job: QuantizeJob): QuantizedRows {
  const stored = widenToFloat32(job.bytes, job.stored);
  if (stored === null) {
    throw new RoundsError(
      'checkpoint_invalid',
      `${job.tensor} contains NaN or infinite weights. The checkpoint is damaged or its training diverged. Download it again, or use another checkpoint.`,
    );
  }
  const values = padColumns(stored, job);
  switch (job.dtype) {
    case 'f32':
      return { data: asBytes(values), scales: new Uint8Array(0) };
    case 'f16':
      return { data: asBytes(toFloat16(values, job.tensor)), scales: new Uint8Array(0) };
    case 'q8':
      return checkScales(quantizeQ8(values), job.tensor);
    case 'q4':
      return checkScales(quantizeQ4(values, job.search, padImportance(job)), job.tensor);
  }
}

function padColumns(values: Float32Array, { rows, columns, paddedColumns }: QuantizeJob): Float32Array {
  if (columns === paddedColumns) return values;
  const padded = new Float32Array(rows * paddedColumns);
  for (let row = 0; row < rows; row++) {
    padded.set(values.subarray(row * columns, (row + 1) * columns), row * paddedColumns);
  }
  return padded;
}

/** Padded columns are zero for any scale, so their importance does not matter. */
function padImportance({ importance, columns, paddedColumns }: QuantizeJob): Float32Array | null {
  if (importance === null || columns === paddedColumns) return importance;
  const padded = new Float32Array(paddedColumns);
  padded.set(importance);
  return padded;
}

function toFloat16(values: Float32Array, tensor: string): Uint16Array {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const bits = float16Bits(values[i] as number);
    if ((bits & 0x7c00) === 0x7c00) refuseOverflow(tensor);
    halves[i] = bits;
  }
  return halves;
}

function checkScales(result: { data: Uint8Array; scales: Uint16Array }, tensor: string): QuantizedRows {
  for (const bits of result.scales) if ((bits & 0x7c00) === 0x7c00) refuseOverflow(tensor);
  return { data: asBytes(result.data), scales: asBytes(result.scales) };
}

function refuseOverflow(tensor: string): never {
  throw new RoundsError(
    'model_unsupported',
    `${tensor} contains weights that exceed the float16 range (up to ${MAX_FLOAT16}). Convert with --weights f32.`,
  );
}

function asBytes(array: Float32Array | Uint16Array | Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);
}
