/** A conversion in the browser: from any checkpoint into a shard store, resumable, with the command line's bytes. */
import { RoundsError } from '../../shared/errors';
import { MAX_WHOLE_PARAMETERS, SHARD_BYTES, type PackManifest, type Span } from '../../shared/pack';
import { runConversion, type ConvertProgress } from '../../convert/convert';
import type { ConversionPlan } from '../../convert/plan';
import { shardName } from '../../convert/shards';
import { readSpan } from '../storage/readSpan';
import type { ShardStore } from '../storage/shardStore';
import { openQuantizerPool, quantizerThreads } from './quantizerPool';
import { ConversionJournal } from './conversionJournal';

export interface ConvertToStoreOptions {
  signal?: AbortSignal;
  onProgress?: (progress: ConvertProgress) => void;
  /** Threads that quantize; as many as the machine can spare unless given. */
  jobs?: number;
  /** Smaller shards, for tests. */
  shardBytes?: number;
}

/**
 * Makes the shards that `store` lacks, one awaited write at a time. A shard counts as made only if both its record and
 * its journal entry (key `notes`) are there; called again after any interruption it continues after the last one. At most
 * about 200 MB of JavaScript memory are in use at once (docs/architecture.md has the sum).
 * @returns pack.json as the command line writes it, with known answers where the model is small enough to run here
 * @throws RoundsError aborted, checkpoint_invalid, model_unsupported, download_failed, storage_quota, storage_failed,
 *   worker_crashed; finished shards stay in the store
 */
export async function convertToStore(
  plan: ConversionPlan,
  store: ShardStore,
  options: ConvertToStoreOptions = {},
): Promise<{ manifestText: string }> {
  const { signal, onProgress, shardBytes = SHARD_BYTES } = options;
  const journal = await ConversionJournal.open(plan, store, shardBytes);
  const threads = options.jobs ?? quantizerThreads();
  const pool = await openQuantizerPool(threads);
  let manifestText = '';
  try {
    await runConversion(
      plan,
      {
        writeShard: (file, bytes) => store.set(file, bytes.buffer),
        writeManifest: async (json) => {
          manifestText = json;
        },
        abort: () => Promise.resolve(),
      },
      {
        quantizer: pool.quantizer,
        // Two jobs more than threads: reading never waits for quantizing.
        concurrency: threads + 2,
        shardBytes,
        finished: await journal.finished(),
        onShard: (shard, pieces) => journal.add(shard, pieces),
        complete: (manifest) => withAnswers(manifest, store, shardBytes),
        ...(signal ? { signal } : {}),
        ...(onProgress ? { onProgress } : {}),
      },
    );
  } finally {
    await pool.close();
  }
  return { manifestText };
}

/** Known answers are optional: without a network the runtime that computes them may be missing. */
async function withAnswers(
  manifest: PackManifest,
  store: ShardStore,
  shardBytes: number,
): Promise<PackManifest> {
  try {
    if (manifest.parameters > MAX_WHOLE_PARAMETERS) return manifest;
    // Loaded only now: it brings onnxruntime along.
    const { answersOf } = await import('../knownAnswers');
    const read = (span: Span) => readSpan(store, span, { shardBytes, nameOf: shardName });
    return { ...manifest, selfTest: await answersOf({ manifest, read }) };
  } catch (thrown) {
    const { code } = RoundsError.from(thrown);
    if (code === 'storage_failed' || code === 'aborted') throw thrown;
    return manifest;
  }
}
