import { describe, expect, it } from 'vitest';
import type { RoundsError } from '../shared/errors';
import { runConversion } from './convert';
import type { ConversionChoice } from './choice';
import { planConversion } from './plan';
import { memorySource, MemorySink, textFile, tinyFiles, type Files } from './testing/testCheckpoint';

const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: RoundsError) => `${error.code}: ${error.message}`,
  );

describe('a conversion fails for', () => {
  const choice: ConversionChoice = { weights: 'q4', recipe: 'best' };

  it.each<[string, (files: Files) => void, RegExp]>([
    ['no config.json', (f) => f.delete('config.json'), /^checkpoint_invalid: tiny has no config\.json/],
    [
      'config.json that is not JSON',
      (f) => f.set('config.json', textFile('{')),
      /^checkpoint_invalid: config\.json is not valid JSON/,
    ],
    [
      'no tokenizer.json',
      (f) => f.delete('tokenizer.json'),
      /^checkpoint_invalid: tiny has no tokenizer\.json/,
    ],
    [
      'no chat template',
      (f) => f.set('tokenizer_config.json', textFile({})),
      /^checkpoint_invalid: tiny has no chat template/,
    ],
    [
      'no weights',
      (f) => f.delete('model.safetensors'),
      /^checkpoint_invalid: There is no model\.safetensors/,
    ],
    [
      'another architecture',
      (f) => f.set('config.json', textFile({ model_type: 'llava' })),
      /^model_unsupported/,
    ],
  ])('%s', async (_what, change, message) => {
    const files = tinyFiles();
    change(files);
    expect(await failure(planConversion(memorySource(files), choice))).toMatch(message);
  });

  it('NaN weights, and leaves nothing behind', async () => {
    const files = tinyFiles({ dtype: 'F32' });
    const weights = files.get('model.safetensors') as Uint8Array<ArrayBuffer>;
    weights.set([0, 0, 0xc0, 0x7f], weights.length - 4);
    const sink = new MemorySink();
    const plan = await planConversion(memorySource(files), choice);
    expect(await failure(runConversion(plan, sink, { shardBytes: 5_000 }))).toMatch(
      /^checkpoint_invalid: visual\..* contains NaN/,
    );
    expect(sink).toMatchObject({ isAborted: true, manifest: null });
  });

  it('a file that shrinks while it is read, and leaves nothing behind', async () => {
    const files = tinyFiles();
    const plan = await planConversion(memorySource(files), choice);
    for (const { parts } of plan.tensors)
      for (const part of parts) part.blob = new Blob([new Uint8Array(900)]);
    const sink = new MemorySink();
    expect(await failure(runConversion(plan, sink))).toMatch(
      /^checkpoint_invalid: model\.safetensors ended while/,
    );
    expect(sink.isAborted).toBe(true);
  });

  it('an abort: it stops at once and leaves nothing behind', async () => {
    const controller = new AbortController();
    const sink = new MemorySink();
    const plan = await planConversion(memorySource(tinyFiles()), choice);
    const done: string[] = [];
    const run = runConversion(plan, sink, {
      signal: controller.signal,
      shardBytes: 5_000,
      onProgress: ({ tensor }) => {
        done.push(tensor);
        controller.abort();
      },
    });
    expect(await failure(run)).toMatch(/^aborted/);
    expect(done).toEqual(['model.embed_tokens.weight']);
    expect(sink).toMatchObject({ isAborted: true, manifest: null });
  });

  it('a sink that fails, and calls its abort', async () => {
    const sink = new MemorySink();
    sink.writeShard = () => Promise.reject(new Error('disk full'));
    const plan = await planConversion(memorySource(tinyFiles()), choice);
    expect(await failure(runConversion(plan, sink))).toMatch(/disk full/);
    expect(sink.isAborted).toBe(true);
  });
});
