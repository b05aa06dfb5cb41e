/** Splits a conversion plan into jobs. A job is some rows of one stored tensor, with their location in the pack. */
import { RoundsError } from '../shared/errors';
import type { Span } from '../shared/pack';
import { tensorBytes } from '../shared/packManifest';
import type { Calibration } from './choice';
import type { ConversionPlan, PlannedTensor } from './plan';
import { searchesScales } from './policy';
import { FLOAT_BYTES } from './quantize/half';
import type { QuantizeJob } from './quantize/quantizeRows';
import type { StoredTensor } from './safetensors';

/**
 * Elements in one job: 2 MiB of bfloat16 input, 4 MiB of float32 during quantization, at most 4 MiB of output. An
 * embedding of 150,000 rows is never in memory at once.
 */
const JOB_ELEMENTS = 1 << 20;

export interface ConversionJob {
  tensor: string;
  data: Span;
  /** Null for f16 and f32. */
  scales: Span | null;
  /** Reads the rows. Called when the job starts. */
  read: () => Promise<QuantizeJob>;
}

/** Jobs in the order of their data in the pack. A tensor's scales follow all of its data. */
export function* planJobs(plan: ConversionPlan): Generator<ConversionJob> {
  const search = searchesScales(plan.recipe.recipe);
  for (const planned of plan.tensors) {
    let row = 0;
    for (const { rows, read } of rowRanges(planned, search, plan.calibration)) {
      yield { tensor: planned.tensor.name, ...outputSpans(planned, row, rows), read };
      row += rows;
    }
  }
}

/** Location in the pack of `rows` rows, starting at `row`. All rows of a tensor have equal length. */
function outputSpans(
  { tensor }: PlannedTensor,
  row: number,
  rows: number,
): Pick<ConversionJob, 'data' | 'scales'> {
  const bytes = tensorBytes(tensor.dtype, [tensor.shape[1] ?? 1]);
  const span = (of: Span, rowBytes: number): Span => ({
    offset: of.offset + row * rowBytes,
    length: rows * rowBytes,
  });
  return {
    data: span(tensor.data, bytes.data),
    scales: tensor.scales ? span(tensor.scales, bytes.scales) : null,
  };
}

interface RowRange {
  rows: number;
  read: () => Promise<QuantizeJob>;
}

/** Row ranges of each part, followed by the zero rows. */
function* rowRanges(
  { tensor, weight, parts }: PlannedTensor,
  search: boolean,
  calibration: Calibration | null,
): Generator<RowRange> {
  const { columns, padRows } = weight;
  const paddedColumns = tensor.shape[1] ?? 1;
  const common = { columns, paddedColumns, dtype: tensor.dtype, search };
  const rowsPerJob = Math.max(1, Math.floor(JOB_ELEMENTS / paddedColumns));
  for (const [i, part] of parts.entries()) {
    const importance = calibration?.importance.get(weight.parts[i]?.name ?? '') ?? null;
    const total = rowCount(part, columns);
    for (let row = 0; row < total; row += rowsPerJob) {
      const rows = Math.min(rowsPerJob, total - row);
      const read = async (): Promise<QuantizeJob> => ({
        tensor: part.name,
        stored: part.dtype,
        bytes: await readRows(part, row, rows, columns),
        rows,
        importance,
        ...common,
      });
      yield { rows, read };
    }
  }
  if (padRows > 0) {
    const bytes = padRows * columns * FLOAT_BYTES.F32;
    const zeros = { tensor: tensor.name, stored: 'F32', rows: padRows, importance: null, ...common } as const;
    yield { rows: padRows, read: () => Promise.resolve({ ...zeros, bytes: new ArrayBuffer(bytes) }) };
  }
}

function rowCount(part: StoredTensor, columns: number): number {
  return part.shape.reduce((product, dim) => product * dim, 1) / columns;
}

async function readRows(
  part: StoredTensor,
  row: number,
  rows: number,
  columns: number,
): Promise<ArrayBuffer> {
  const rowBytes = columns * FLOAT_BYTES[part.dtype];
  const start = part.start + row * rowBytes;
  const bytes = await part.blob.slice(start, start + rows * rowBytes).arrayBuffer();
  if (bytes.byteLength !== rows * rowBytes) {
    throw new RoundsError(
      'checkpoint_invalid',
      `${part.file} ended while ${part.name} was read. It was changed or truncated; download it again.`,
    );
  }
  return bytes;
}
