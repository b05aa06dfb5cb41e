/** Runs a conversion plan: rows in, quantized rows out, in order, into shards; the manifest last. */
import { RoundsError } from '../../src/shared/errors';
import { SHARD_BYTES, type PackManifest } from '../../src/shared/pack';
import { parseManifest } from '../../src/shared/packManifest';
import { mapOrdered } from './mapOrdered';
import { makeManifest, type ConversionPlan, type PlannedTensor } from './plan';
import { searchesScales } from './policy';
import {
  quantizeRows,
  type QuantizeJob,
  type QuantizedRows,
  type RowQuantizer,
} from './quantize/quantizeRows';
import { FLOAT_BYTES } from './quantize/half';
import { ShardWriter, type PackSink } from './shards';
import type { StoredTensor } from './safetensors';

/**
 * Elements of one job: 2 MiB of bfloat16 read, 4 MiB of float32 while it is worked on. A vocabulary of 150,000 rows
 * is never in memory at once; with 8 jobs in flight the whole stays below 64 MiB.
 */
const CHUNK_ELEMENTS = 1 << 20;

export interface ConvertOptions {
  /** Where rows are quantized; in this thread unless given. */
  quantizer?: RowQuantizer;
  /** Jobs in flight at once; the result does not depend on it. */
  concurrency?: number;
  signal?: AbortSignal;
  onProgress?: (progress: ConvertProgress) => void;
  /** Adds to the manifest before it is written: known answers, which take a run of the model. */
  complete?: (manifest: PackManifest) => Promise<PackManifest>;
  /** Smaller shards, for tests. */
  shardBytes?: number;
}

export interface ConvertProgress {
  /** Bytes of the pack that were made, of `totalBytes`. */
  doneBytes: number;
  totalBytes: number;
  tensor: string;
}

/**
 * Writes the planned pack into `sink`. On any failure the sink is told to remove what it has.
 * @returns the manifest as written
 * @throws RoundsError aborted, checkpoint_invalid (NaN weights, file changed), download_failed, storage_failed
 */
export async function runConversion(
  plan: ConversionPlan,
  sink: PackSink,
  options: ConvertOptions = {},
): Promise<PackManifest> {
  try {
    const writer = new ShardWriter(sink, plan.totalBytes, options.shardBytes ?? SHARD_BYTES);
    for (const file of plan.files) {
      await writer.seek(file.span.offset);
      await writer.write(file.bytes);
    }
    await writeTensors(plan, writer, options);
    const made = makeManifest(plan, writer.finish());
    const manifest = (await options.complete?.(made)) ?? made;
    parseManifest(manifest); // What is written must be readable: a pack that the app refuses is worse than none.
    await sink.writeManifest(`${JSON.stringify(manifest)}\n`);
    return manifest;
  } catch (thrown) {
    await sink.abort();
    throw RoundsError.from(thrown);
  }
}

interface Step {
  planned: PlannedTensor;
  job: () => Promise<QuantizeJob>;
  isLast: boolean;
}

async function writeTensors(
  plan: ConversionPlan,
  writer: ShardWriter,
  options: ConvertOptions,
): Promise<void> {
  const quantizer: RowQuantizer = options.quantizer ?? ((job) => Promise.resolve(quantizeRows(job)));
  const steps = planSteps(plan);
  const run = async ({ job }: Step): Promise<QuantizedRows> => {
    options.signal?.throwIfAborted();
    return quantizer(await job());
  };
  let scales: Uint8Array[] = [];
  let current: PlannedTensor | null = null;
  for await (const [step, rows] of mapOrdered(steps, options.concurrency ?? 1, run)) {
    options.signal?.throwIfAborted();
    const { tensor } = step.planned;
    if (step.planned !== current) await writer.seek(tensor.data.offset);
    current = step.planned;
    await writer.write(rows.data);
    scales.push(rows.scales);
    if (!step.isLast) continue;
    // Scales of a tensor follow its data, so they wait until its last row: 19 MB for the largest vocabulary.
    if (tensor.scales) await writer.seek(tensor.scales.offset);
    for (const part of scales) await writer.write(part);
    scales = [];
    const end = tensor.scales ?? tensor.data;
    options.onProgress?.({
      doneBytes: end.offset + end.length,
      totalBytes: plan.totalBytes,
      tensor: tensor.name,
    });
  }
}

function* planSteps(plan: ConversionPlan): Generator<Step> {
  for (const planned of plan.tensors) {
    const jobs = [...tensorJobs(planned, searchesScales(plan.recipe.recipe))];
    for (const [i, job] of jobs.entries()) yield { planned, job, isLast: i === jobs.length - 1 };
  }
}

/** Jobs of a tensor, row ranges of each part and then the zero rows; each reads its bytes when it is started. */
function* tensorJobs(
  { tensor, weight, parts }: PlannedTensor,
  search: boolean,
): Generator<() => Promise<QuantizeJob>> {
  const { columns } = weight;
  const paddedColumns = tensor.shape[1] ?? 1;
  const common = { columns, paddedColumns, dtype: tensor.dtype, search };
  const rowsPerJob = Math.max(1, Math.floor(CHUNK_ELEMENTS / paddedColumns));
  for (const part of parts) {
    const total = rowCount(part, columns);
    for (let row = 0; row < total; row += rowsPerJob) {
      const rows = Math.min(rowsPerJob, total - row);
      yield async () => ({
        tensor: part.name,
        stored: part.dtype,
        bytes: await readRows(part, row, rows, columns),
        rows,
        ...common,
      });
    }
  }
  const { padRows } = weight;
  if (padRows > 0) {
    const zeros = (): QuantizeJob => ({
      tensor: tensor.name,
      stored: 'F32',
      bytes: new ArrayBuffer(padRows * columns * FLOAT_BYTES.F32),
      rows: padRows,
      ...common,
    });
    yield () => Promise.resolve(zeros());
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
      `${part.file} ended while ${part.name} was read. It changed or was cut off; get it again.`,
    );
  }
  return bytes;
}
