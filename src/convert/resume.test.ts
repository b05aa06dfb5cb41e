/** An interrupted conversion resumes from its finished shards, with the same bytes and without reading twice. */
import { describe, expect, it } from 'vitest';
import type { PackShard } from '../shared/pack';
import { runConversion, type ConvertOptions, type FinishedParts } from './convert';
import { planJobs } from './jobs';
import { planConversion, type ConversionPlan } from './plan';
import type { Piece } from './shards';
import type { BlobLike, CheckpointSource } from './source';
import { memorySource, MemorySink, tinyConfig, tinyFiles } from './testing/testCheckpoint';

const SHARD_BYTES = 8_192;

/** Large enough that the embedding fills several shards and its scales are two shards further. */
const FILES = tinyFiles({ config: { ...tinyConfig('qwen2_5_vl'), vocab_size: 1_000 }, shards: 2 });

/** A source that records the ranges of weight files that are read. */
class CountingSource implements CheckpointSource {
  readonly #inner = memorySource(FILES);
  readonly name = this.#inner.name;
  readonly revision = null;
  readonly license = null;
  ranges: [file: string, start: number, end: number][] = [];

  list = () => this.#inner.list();

  async open(file: string): Promise<BlobLike | null> {
    const blob = await this.#inner.open(file);
    if (!blob || !file.endsWith('.safetensors')) return blob;
    return {
      size: blob.size,
      slice: (start, end) => {
        this.ranges.push([file, start, end]);
        return blob.slice(start, end);
      },
    };
  }
}

/** The state that survives a killed process: written shards and what onShard received. */
class SavedState {
  readonly sink = new MemorySink();
  readonly shards: PackShard[] = [];
  readonly pieces: Piece[] = [];
  remaining: number;

  /** @param remaining number of shards before the process is killed */
  constructor(remaining = Infinity) {
    this.remaining = remaining;
    this.sink.abort = () => Promise.resolve();
  }

  options(): ConvertOptions {
    const finished: FinishedParts = { shards: [...this.shards], pieces: [...this.pieces] };
    return {
      shardBytes: SHARD_BYTES,
      concurrency: 3,
      finished,
      onShard: async (shard, pieces) => {
        if (this.remaining-- <= 0) throw new Error('killed');
        this.shards.push(shard);
        this.pieces.push(...pieces);
      },
    };
  }
}

async function plan(): Promise<{ source: CountingSource; plan: ConversionPlan }> {
  const source = new CountingSource();
  const made = await planConversion(source, { weights: 'q4', recipe: 'best' });
  source.ranges = [];
  return { source, plan: made };
}

describe('an interrupted conversion', () => {
  it('resumes from any shard with the same bytes', async () => {
    const whole = new SavedState();
    await runConversion((await plan()).plan, whole.sink, whole.options());
    expect(whole.shards.length).toBeGreaterThan(20);

    for (let stop = 0; stop <= whole.shards.length; stop++) {
      const saved = new SavedState(stop);
      const first = runConversion((await plan()).plan, saved.sink, saved.options());
      if (stop < whole.shards.length) await expect(first).rejects.toThrow('killed');
      else await first;
      expect(saved.shards).toHaveLength(stop);
      // A shard that was written but not recorded may be incomplete: the process was killed in between.
      for (const [file, bytes] of saved.sink.files) {
        if (!saved.shards.some((shard) => shard.file === file)) bytes.fill(7);
      }
      saved.remaining = Infinity;
      const resumed = await plan();
      await runConversion(resumed.plan, saved.sink, saved.options());
      expect(saved.sink.manifest).toBe(whole.sink.manifest);
      expect(Buffer.compare(saved.sink.stream(), whole.sink.stream())).toBe(0);
    }
  });

  it('does not read input again if its output is in finished shards', async () => {
    const whole = new SavedState();
    const first = await plan();
    await runConversion(first.plan, whole.sink, whole.options());
    const jobs = [...planJobs(first.plan)];
    const reads = first.source.ranges.length;

    for (let stop = 1; stop <= whole.shards.length; stop++) {
      const saved = new SavedState(stop);
      const { plan: firstPlan } = await plan();
      await runConversion(firstPlan, saved.sink, saved.options()).catch(() => undefined);
      const isRecorded = (at: number): boolean =>
        saved.shards.some(({ file }) => Number(file.slice(6, 11)) === Math.floor(at / SHARD_BYTES));
      const done = jobs.filter(
        ({ data }) => isRecorded(data.offset) && isRecorded(data.offset + data.length - 1),
      ).length;
      saved.remaining = Infinity;
      const { source, plan: again } = await plan();
      await runConversion(again, saved.sink, saved.options());
      const zeroJobs = jobs.length - reads;
      expect(source.ranges.length).toBeLessThanOrEqual(jobs.length - done);
      expect(source.ranges.length).toBeGreaterThanOrEqual(jobs.length - done - zeroJobs);
    }
  });

  it('makes a single missing shard again, reading only its own rows', async () => {
    const saved = new SavedState();
    await runConversion((await plan()).plan, saved.sink, saved.options());
    const expected = saved.sink.stream();
    for (const index of [0, 3, 9, saved.shards.length - 1]) {
      const lost = saved.shards.find(({ file }) => Number(file.slice(6, 11)) === index)!;
      const repair = new SavedState();
      for (const [file, bytes] of saved.sink.files)
        if (file !== lost.file) repair.sink.files.set(file, bytes);
      repair.shards.push(...saved.shards.filter((shard) => shard !== lost));
      const { source, plan: again } = await plan();
      await runConversion(again, repair.sink, repair.options());
      expect(Buffer.compare(repair.sink.stream(), expected)).toBe(0);
      const touched = [...planJobs(again)].filter(({ data, scales }) =>
        [data, ...(scales ? [scales] : [])].some(
          ({ offset, length }) => offset < (index + 1) * SHARD_BYTES && offset + length > index * SHARD_BYTES,
        ),
      );
      expect(source.ranges.length).toBeGreaterThanOrEqual(index === 0 ? 0 : 1);
      expect(source.ranges.length).toBeLessThanOrEqual(touched.length);
    }
  });

  it('ignores shards of another plan', async () => {
    const saved = new SavedState();
    await runConversion((await plan()).plan, saved.sink, saved.options());
    const expected = saved.sink.stream();
    const other = new SavedState();
    other.shards.push(
      { file: 'shard-00001.bin', size: 77, sha256: 'f'.repeat(64) },
      { file: 'shard-09999.bin', size: SHARD_BYTES, sha256: 'f'.repeat(64) },
    );
    await runConversion((await plan()).plan, other.sink, other.options());
    expect(Buffer.compare(other.sink.stream(), expected)).toBe(0);
  });
});
