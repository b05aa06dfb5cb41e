/** Answers whose tokens are chosen ahead, on a reference checkpoint with onnxruntime's CPU build in Node. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packInMemory } from '../cli/convert/packInMemory';
import { GoldenFolder } from '../cli/verify/goldenFolder';
import { loadOrt } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';
import { loadTokenizer } from '../runtime/tokenizer';
import type { SampleRun } from './decoderRunner';
import { generate } from './generate';
import { loadModel, type EngineModel } from './model';
import type { Timeline } from './timeline';
import type { GenerateParams } from '../shared/generation';

const folder = new GoldenFolder(join(import.meta.dirname, '../../models/goldens/vectors'));

let model: EngineModel;
beforeAll(async () => {
  const pack = await packInMemory(folder.checkpointDir('qwen2_5_vl'), 'f32', 'plain');
  const backend = new OrtBackend(await loadOrt('wasm'), null, 'f32');
  model = await loadModel(pack, backend, await loadTokenizer(pack));
});
afterAll(() => model.dispose());

/** A timeline that chooses up to three tokens at a time, though on the host. */
function choosingAhead(timeline: Timeline): { timeline: Timeline; chosen: number[] } {
  const chosen: number[] = [];
  const added: Pick<Timeline, 'aheadOf' | 'sample'> = {
    aheadOf: (wanted) => Math.min(wanted, 3),
    async *sample({ id, count, sampler }: Omit<SampleRun, 'past'>) {
      let fed = id;
      for (let i = 0; i < count; i++) {
        const next = sampler.preview(await timeline.decode(fed));
        chosen.push(next);
        yield next;
        fed = next;
      }
    },
  };
  const all = new Proxy(timeline, {
    get: (target, name) => {
      const value: unknown = Reflect.get(
        name in added ? added : target,
        name,
        name in added ? added : target,
      );
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { timeline: all, chosen };
}

const SETTINGS = {
  maxNewTokens: 20,
  temperature: 0,
  topP: 1,
  topK: 0,
  repetitionPenalty: 1,
  seed: 4,
  ignoreEos: true,
};

describe('an answer whose tokens are chosen ahead', () => {
  const ask = (over: Partial<GenerateParams>): GenerateParams => ({
    messages: [{ role: 'user', content: [{ type: 'text', text: 'What is this?' }] }],
    settings: SETTINGS,
    ...over,
  });
  const answer = (used: EngineModel, params: GenerateParams) => {
    const hooks = { signal: new AbortController().signal, clock: () => performance.now() };
    return generate(used, params, { images: [], decodeMs: 0, startedMs: 0 }, hooks);
  };

  it.each([
    ['greedy', {}],
    ['sampled', { temperature: 1, topP: 0.9, repetitionPenalty: 1.2 }],
    ['of two tokens', { maxNewTokens: 2 }],
    ['that may end', { temperature: 3, ignoreEos: false, maxNewTokens: 200 }],
  ])('equals one whose tokens are chosen from logits: %s', async (_name, changed) => {
    const params = ask({ settings: { ...SETTINGS, ...changed } });
    const plain = await answer(model, params);
    const { timeline, chosen } = choosingAhead(model.timeline);
    const ahead = await answer({ ...model, timeline }, params);
    expect(chosen.length).toBeGreaterThan(0);
    expect([ahead.newIds, ahead.text, ahead.finishReason]).toEqual([
      plain.newIds,
      plain.text,
      plain.finishReason,
    ]);
    // The next question finds the same rows in the cache.
    expect(model.timeline.length).toBe(ahead.promptIds.length + ahead.newIds.length - 1);
  });

  it.each<[string, Partial<GenerateParams>]>([
    ['probabilities', { alternatives: 2 }],
    ['letters', { optionLetters: ['A', 'B'] }],
    ['logits', { logits: 'all' }],
    ['given tokens', { forceIds: [1, 2, 3] }],
  ])('is not one that needs %s', async (_name, over) => {
    const { timeline, chosen } = choosingAhead(model.timeline);
    await answer({ ...model, timeline }, ask(over));
    expect(chosen).toEqual([]);
  });
});
