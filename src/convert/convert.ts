/**
 * Runs a conversion plan: reads rows, quantizes them, writes them into shards, and writes the manifest last. Can
 * resume an interrupted conversion.
 */
import { RoundsError } from '../shared/errors';
import type { PackManifest, PackShard } from '../shared/pack';
import { parseManifest } from '../shared/packManifest';
import { planJobs, type ConversionJob } from './jobs';
import { mapOrdered } from './mapOrdered';
import { makeManifest, planSpans, type ConversionPlan } from './plan';
import { quantizeRows, type RowQuantizer } from './quantize/quantizeRows';
import { ShardAssembler, type PackSink, type Piece } from './shards';

/** The output of an earlier, interrupted conversion of the same plan. */
export interface FinishedParts {
  shards: readonly PackShard[];
  /** Scales for shards that are not finished yet, as passed to `onShard`. */
  pieces: readonly Piece[];
}

export interface ConvertOptions {
  /** Quantizes rows; by default in this thread. */
  quantizer?: RowQuantizer;
  /** Number of jobs in flight. The result does not depend on it. */
  concurrency?: number;
  signal?: AbortSignal;
  onProgress?: (progress: ConvertProgress) => void;
  /** Jobs whose whole output is in these parts are skipped, and their input is not read. */
  finished?: FinishedParts;
  /**
   * Called after each shard is written. A tensor's scales follow all of its data, often in a later shard: `pieces`
   * are the scales made since the previous call that are not in a finished shard yet.
   */
  onShard?: (shard: PackShard, pieces: Piece[]) => Promise<void>;
  /** Completes the manifest before it is written: adds known answers, which takes a run of the model. */
  complete?: (manifest: PackManifest) => Promise<PackManifest>;
  /** Smaller shards, for tests. */
  shardBytes?: number;
}

export interface ConvertProgress {
  /** Bytes of the pack made so far, out of `totalBytes`. */
  doneBytes: number;
  totalBytes: number;
  /** The current tensor. */
  tensor: string;
}

/**
 * Writes the planned pack to `sink`. Calls `sink.abort` on any failure.
 * @returns the manifest as written
 * @throws RoundsError aborted, checkpoint_invalid (NaN weights, file changed), download_failed, storage_failed
 */
export async function runConversion(
  plan: ConversionPlan,
  sink: PackSink,
  options: ConvertOptions = {},
): Promise<PackManifest> {
  try {
    const assembler = new ShardAssembler(sink, {
      totalBytes: plan.totalBytes,
      spans: planSpans(plan),
      ...(options.shardBytes ? { shardBytes: options.shardBytes } : {}),
      ...(options.onShard ? { onShard: options.onShard } : {}),
      ...(options.finished ? { finished: options.finished.shards } : {}),
    });
    for (const { span, bytes } of plan.files) await assembler.put(span.offset, bytes);
    await makeTensors(plan, assembler, options);
    const made = makeManifest(plan, assembler.finish());
    const manifest = (await options.complete?.(made)) ?? made;
    parseManifest(manifest); // A pack that the app refuses must not be written.
    await sink.writeManifest(`${JSON.stringify(manifest)}\n`);
    return manifest;
  } catch (thrown) {
    await sink.abort();
    throw RoundsError.from(thrown);
  }
}

async function makeTensors(
  plan: ConversionPlan,
  assembler: ShardAssembler,
  options: ConvertOptions,
): Promise<void> {
  const quantizer: RowQuantizer = options.quantizer ?? ((job) => Promise.resolve(quantizeRows(job)));
  const jobs = await remainingJobs(plan, assembler, options.finished?.pieces ?? []);
  const run = async ({ read }: ConversionJob) => {
    options.signal?.throwIfAborted();
    return quantizer(await read());
  };
  for await (const [job, rows] of mapOrdered(jobs, options.concurrency ?? 1, run)) {
    options.signal?.throwIfAborted();
    // Scales first, so that onShard receives the scales of every job that contributed to the shard.
    if (job.scales) await assembler.putCheckpointed({ offset: job.scales.offset, bytes: rows.scales });
    await assembler.put(job.data.offset, rows.data);
    const { doneBytes } = assembler;
    options.onProgress?.({ doneBytes, totalBytes: plan.totalBytes, tensor: job.tensor });
  }
}

/** The jobs whose output is not complete yet. Saved scales of the other jobs are put into their shards. */
async function remainingJobs(
  plan: ConversionPlan,
  assembler: ShardAssembler,
  pieces: readonly Piece[],
): Promise<ConversionJob[]> {
  const savedScales = new Map(pieces.map((piece) => [piece.offset, piece]));
  const remaining: ConversionJob[] = [];
  for (const job of planJobs(plan)) {
    const piece = job.scales ? savedScales.get(job.scales.offset) : undefined;
    const hasScales =
      job.scales === null || assembler.isFinished(job.scales) || piece?.bytes.length === job.scales.length;
    if (!assembler.isFinished(job.data) || !hasScales) remaining.push(job);
    else if (piece) await assembler.put(piece.offset, piece.bytes);
  }
  return remaining;
}
