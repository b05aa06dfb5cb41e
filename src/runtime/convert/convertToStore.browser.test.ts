import { afterEach, describe, expect, it } from 'vitest';
import { runConversion } from '../../convert/convert';
import { planConversion } from '../../convert/plan';
import { memorySource, MemorySink, tinyFiles } from '../../convert/testing/testCheckpoint';
import type { QuantizeJob } from '../../convert/quantize/quantizeRows';
import type { WireError } from '../../shared/errors';
import { openShardStore } from '../storage/shardStore';
import type { ConvertRequest } from './testing/convertToStore.testWorker';
import { openQuantizerPool } from './quantizerPool';

const databases: string[] = [];

function ask(request: ConvertRequest): Promise<{ manifestText?: string; error?: WireError }> {
  databases.push(request.database);
  const worker = new Worker(new URL('./testing/convertToStore.testWorker.ts', import.meta.url), {
    type: 'module',
  });
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = (event: MessageEvent<{ manifestText?: string; error?: WireError }>) => {
      worker.terminate();
      resolve(event.data);
    };
    worker.postMessage(request);
  });
}

afterEach(() => {
  for (const name of databases.splice(0)) indexedDB.deleteDatabase(`rounds-pack-${name}`);
});

describe('a conversion in a worker', () => {
  it('writes the same shards into IndexedDB, through nested workers and without', async () => {
    const sink = new MemorySink();
    const plan = await planConversion(memorySource(tinyFiles()), { weights: 'q4', recipe: 'best' });
    await runConversion(plan, sink, { shardBytes: 20_000 });
    for (const jobs of [3, 0]) {
      const database = `convert-${jobs}`;
      expect(await ask({ database, jobs })).toEqual({ manifestText: sink.manifest });
      const store = openShardStore(database);
      expect((await store.keys()).sort()).toEqual(['notes', ...sink.files.keys()].sort());
      for (const [file, bytes] of sink.files) expect(await store.get(file)).toEqual(bytes.buffer);
    }
  });

  it('is refused for NaN weights that a nested worker finds', async () => {
    const { error } = await ask({ database: 'convert-nan', jobs: 2, isDamaged: true });
    expect(error).toMatchObject({ code: 'checkpoint_invalid' });
  });
});

describe('openQuantizerPool', () => {
  const job = (): QuantizeJob => ({
    tensor: 't',
    stored: 'F32',
    bytes: new Float32Array(64).fill(2).buffer,
    rows: 2,
    columns: 32,
    paddedColumns: 32,
    dtype: 'q8',
    search: false,
    importance: null,
  });

  it('quantizes in this thread where no worker starts', async () => {
    const { Worker: Original } = globalThis;
    globalThis.Worker = class {
      constructor() {
        throw new DOMException('no', 'SecurityError');
      }
    } as unknown as typeof Worker;
    try {
      const pool = await openQuantizerPool(2);
      expect((await pool.quantizer(job())).data).toEqual(new Uint8Array(64).fill(255));
      await pool.close();
    } finally {
      globalThis.Worker = Original;
    }
  });

  it('takes more jobs than it has workers', async () => {
    const pool = await openQuantizerPool(2);
    const results = await Promise.all(Array.from({ length: 9 }, () => pool.quantizer(job())));
    for (const { data } of results) expect(data).toEqual(new Uint8Array(64).fill(255));
    await pool.close();
  });
});
