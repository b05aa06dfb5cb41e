import { describe, expect, it } from 'vitest';
import { runConversion } from '../../convert/convert';
import { planConversion, type ConversionPlan } from '../../convert/plan';
import {
  memorySource,
  MemorySink,
  textFile,
  tinyConfig,
  tinyFiles,
  type Files,
} from '../../convert/testing/testCheckpoint';
import { RoundsError } from '../../shared/errors';
import { memoryShardStore, type ShardStore } from '../storage/shardStore';
import { convertToStore } from './convertToStore';
import { JOURNAL_KEY } from './conversionJournal';

const SHARD_BYTES = 8_192;
const FILES = tinyFiles({ config: { ...tinyConfig('qwen2_5_vl'), vocab_size: 1_000 } });

function planOf(files: Files = FILES): Promise<ConversionPlan> {
  return planConversion(memorySource(files), { weights: 'q4', recipe: 'best' });
}

/** A store that fails every write after `left` of them, as when a tab is closed. */
function mortal(store: ShardStore, left: number): ShardStore {
  return {
    ...store,
    set: async (key, value) => {
      if (left-- <= 0) throw new RoundsError('storage_quota', 'full');
      await store.set(key, value.slice(0));
    },
  };
}

async function contents(store: ShardStore): Promise<[string, string][]> {
  const keys = (await store.keys()).filter((key) => key !== JOURNAL_KEY).sort();
  return Promise.all(
    keys.map(async (key) => [key, Buffer.from((await store.get(key)) as ArrayBuffer).toString('base64')]),
  );
}

/** What the command line makes of the plan. */
async function commandLine(): Promise<{ manifest: string; shards: [string, string][] }> {
  const sink = new MemorySink();
  await runConversion(await planOf(), sink, { shardBytes: SHARD_BYTES });
  const shards = [...sink.files].map(([file, bytes]): [string, string] => [
    file,
    Buffer.from(bytes).toString('base64'),
  ]);
  return { manifest: sink.manifest as string, shards: shards.sort(([a], [b]) => (a < b ? -1 : 1)) };
}

const options = { shardBytes: SHARD_BYTES };

describe('convertToStore', () => {
  it('writes the shards and the manifest of the command line', async () => {
    const store = memoryShardStore();
    const expected = await commandLine();
    const progress: number[] = [];
    const { manifestText } = await convertToStore(await planOf(), store, {
      ...options,
      onProgress: ({ doneBytes, totalBytes }) => progress.push(doneBytes / totalBytes),
    });
    // The tokenizer of the tiny checkpoint can't be used, so there are no known answers to add.
    expect(manifestText).toBe(expected.manifest);
    expect(await contents(store)).toEqual(expected.shards);
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  it('continues after any write that failed, and leaves nothing but shards and notes', async () => {
    const expected = await commandLine();
    let attempts = 0;
    for (let writes = 0; attempts === writes; writes += 7) {
      const store = memoryShardStore();
      const first = convertToStore(await planOf(), mortal(store, writes), options);
      const failed = await first.then(
        () => false,
        (error: RoundsError) => error.code === 'storage_quota',
      );
      if (failed) attempts += 7;
      const { manifestText } = await convertToStore(await planOf(), store, options);
      expect(manifestText).toBe(expected.manifest);
      expect(await contents(store)).toEqual(expected.shards);
    }
    expect(attempts).toBeGreaterThan(30);
  });

  it('makes a shard again whose record or whose note is gone', async () => {
    const expected = await commandLine();
    const store = memoryShardStore();
    await convertToStore(await planOf(), store, options);
    await store.delete('shard-00004.bin');
    await convertToStore(await planOf(), store, options);
    expect(await contents(store)).toEqual(expected.shards);
    for (const [key] of expected.shards) await store.set(key, new ArrayBuffer(5));
    await store.delete(JOURNAL_KEY);
    await convertToStore(await planOf(), store, options);
    expect(await contents(store)).toEqual(expected.shards);
  });

  it('does not trust scales that differ from their note', async () => {
    const expected = await commandLine();
    const store = memoryShardStore();
    await convertToStore(await planOf(), mortal(store, 12), options).catch(() => undefined);
    const kept = (await store.keys()).filter((key) => key.startsWith('pieces-'));
    expect(kept.length).toBeGreaterThan(0);
    for (const key of kept) await store.set(key, new ArrayBuffer(64));
    await convertToStore(await planOf(), store, options);
    expect(await contents(store)).toEqual(expected.shards);
  });

  it('uses nothing of another plan', async () => {
    const store = memoryShardStore();
    const other: Files = new Map(FILES).set('chat_template.jinja', textFile('{{ messagez }}'));
    const before = await convertToStore(await planOf(other), store, options);
    const { manifestText } = await convertToStore(await planOf(), store, options);
    expect(manifestText).not.toBe(before.manifestText);
    expect(await contents(store)).toEqual((await commandLine()).shards);
  });

  it('stops when it is asked to, and keeps what is finished', async () => {
    const store = memoryShardStore();
    const abort = new AbortController();
    const stopped = convertToStore(await planOf(), store, {
      ...options,
      signal: abort.signal,
      onProgress: ({ doneBytes }) => doneBytes > 3 * SHARD_BYTES && abort.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect(await store.keys()).toContain('shard-00001.bin');
  });
});
