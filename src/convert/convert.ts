/** Runs a conversion plan: rows in, quantized rows out, into shards; the manifest last. Can go on where another stopped. */
import { RoundsError } from '../shared/errors';
import type { PackManifest, PackShard } from '../shared/pack';
import { parseManifest } from '../shared/packManifest';
import { planJobs, type ConversionJob } from './jobs';
import { mapOrdered } from './mapOrdered';
import { makeManifest, planSpans, type ConversionPlan } from './plan';
import { quantizeRows, type RowQuantizer } from './quantize/quantizeRows';
import { ShardAssembler, type PackSink, type Piece } from './shards';

/** What an earlier attempt at the same plan has made. */
export interface FinishedParts {
  shards: readonly PackShard[];
  /** Scales that it had made for shards that are not finished, as `onShard` gave them. */
  pieces: readonly Piece[];
}

export interface ConvertOptions {
  /** Where rows are quantized; in this thread unless given. */
  quantizer?: RowQuantizer;
  /** Jobs in flight at once; the result does not depend on it. */
  concurrency?: number;
  signal?: AbortSignal;
  onProgress?: (progress: ConvertProgress) => void;
  /** Jobs that only made parts of these are passed over, and their input is not read. */
  finished?: FinishedParts;
  /**
   * After each shard that was written. A tensor's scales stand behind all of its data, often in a later shard:
   * `pieces` are those that were made since the last shard and are in no finished one.
   */
  onShard?: (shard: PackShard, pieces: Piece[]) => Promise<void>;
  /** Adds to the manifest before it is written: known answers, which take a run of the model. */
  complete?: (manifest: PackManifest) => Promise<PackManifest>;
  /** Smaller shards, for tests. */
  shardBytes?: number;
}

export interface ConvertProgress {
  /** Bytes of the pack that are made, of `totalBytes`. */
  doneBytes: number;
  totalBytes: number;
  /** The one that is being made. */
  tensor: string;
}

/**
 * Writes the planned pack into `sink`. On any failure `sink.abort` is called.
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
    parseManifest(manifest); // What is written must be readable: a pack that the app refuses is worse than none.
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
  const jobs = await jobsToDo(plan, assembler, options.finished?.pieces ?? []);
  const run = async ({ read }: ConversionJob) => {
    options.signal?.throwIfAborted();
    return quantizer(await read());
  };
  for await (const [job, rows] of mapOrdered(jobs, options.concurrency ?? 1, run)) {
    options.signal?.throwIfAborted();
    // Scales first: whoever notes a shard as finished then has the scales of every job that filled it.
    if (job.scales) await assembler.putKept({ offset: job.scales.offset, bytes: rows.scales });
    await assembler.put(job.data.offset, rows.data);
    const { doneBytes } = assembler;
    options.onProgress?.({ doneBytes, totalBytes: plan.totalBytes, tensor: job.tensor });
  }
}

/** All jobs but those whose every byte is there; their kept scales are put into place. */
async function jobsToDo(
  plan: ConversionPlan,
  assembler: ShardAssembler,
  pieces: readonly Piece[],
): Promise<ConversionJob[]> {
  const kept = new Map(pieces.map((piece) => [piece.offset, piece]));
  const todo: ConversionJob[] = [];
  for (const job of planJobs(plan)) {
    const piece = job.scales ? kept.get(job.scales.offset) : undefined;
    const hasScales =
      job.scales === null || assembler.isFinished(job.scales) || piece?.bytes.length === job.scales.length;
    if (!assembler.isFinished(job.data) || !hasScales) todo.push(job);
    else if (piece) await assembler.put(piece.offset, piece.bytes);
  }
  return todo;
}
