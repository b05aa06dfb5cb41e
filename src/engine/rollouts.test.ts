/** Continued answers and rollouts on a reference checkpoint, with onnxruntime's CPU build in Node. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { packInMemory } from '../cli/convert/packInMemory';
import { GoldenFolder } from '../cli/verify/goldenFolder';
import { loadOrt } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';
import { loadTokenizer } from '../runtime/tokenizer';
import type { GenerateParams, GenerateResult, GenerationSettings } from '../shared/generation';
import type { GenerateHooks } from './decode';
import { memoryUse } from './memory';
import { generate, type DecodedImages } from './generate';
import { loadModel, type EngineModel } from './model';
import { rollOut } from './rollouts';
import { TimelineBatch } from './timelineBatch';

const folder = new GoldenFolder(join(import.meta.dirname, '../../models/goldens/vectors'));
const SETTINGS: GenerationSettings = {
  maxNewTokens: 24,
  temperature: 0,
  topP: 1,
  topK: 0,
  repetitionPenalty: 1,
  seed: 11,
  ignoreEos: true,
};
const SAMPLED = { ...SETTINGS, temperature: 1 };

let model: EngineModel;
beforeAll(async () => {
  const pack = await packInMemory(folder.checkpointDir('qwen2_5_vl'), 'f32', 'plain');
  model = await loadModel(
    pack,
    new OrtBackend(await loadOrt('wasm'), null, 'f32'),
    await loadTokenizer(pack),
  );
});
afterAll(() => model.dispose());
afterEach(() => vi.restoreAllMocks());

function request(settings: GenerationSettings): GenerateParams {
  const image = { type: 'image' as const, image: { blob: new Blob(), name: 'decoded' } };
  return {
    messages: [{ role: 'user', content: [image, { type: 'text', text: 'What is this? A. disc B. bars' }] }],
    settings,
  };
}

function decoded(): DecodedImages {
  const { width, height, data } = decode(readFileSync(folder.rgbPath('images/disc.png')));
  return { images: [{ width, height, data: new Uint8Array(data) }], decodeMs: 0, startedMs: 0 };
}

const hooks = (): GenerateHooks => ({ signal: new AbortController().signal, clock: () => performance.now() });
const answer = (params: GenerateParams, over: Partial<GenerateHooks> = {}): Promise<GenerateResult> =>
  generate(model, params, decoded(), { ...hooks(), ...over });

/** Everything in which a continued answer must equal an uninterrupted one. */
const comparable = (result: GenerateResult): Partial<GenerateResult> => {
  const { timing: _, images: __, cachedTokens: ___, finishReason: ____, memory: _____, ...rest } = result;
  const { encodedImages: ______, ...content } = rest;
  return content;
};

describe('an interrupted answer', () => {
  it.each([
    ['greedy', SETTINGS],
    ['sampled', SAMPLED],
    ['sampled, with a repetition penalty', { ...SAMPLED, repetitionPenalty: 1.3, topP: 0.9 }],
  ])('continues with exactly the ids of an uninterrupted run: %s', async (_name, settings) => {
    const whole = await answer(request(settings));
    for (const cut of [1, 10, 23]) {
      const first = await answer(request({ ...settings, maxNewTokens: cut }));
      expect(first.finishReason).toBe('length');
      const rest = await answer({
        ...request({ ...settings, maxNewTokens: 24 - cut }),
        continueFrom: first.newIds,
      });
      expect(comparable(rest)).toEqual(comparable(whole));
      // Everything was in the cache but the last token, whose logits are needed.
      expect(rest.cachedTokens).toBe(rest.promptIds.length + cut - 1);
    }
  });

  it('continues after an abort, and emits only new text', async () => {
    const whole = await answer(request(SETTINGS));
    const abort = new AbortController();
    const stopped = await answer(request(SETTINGS), {
      signal: abort.signal,
      onProgress: (stage, done) => stage === 'decode' && done === 7 && abort.abort(),
    });
    expect(stopped).toMatchObject({ finishReason: 'abort', newIds: whole.newIds.slice(0, 7) });
    const indexes: number[] = [];
    const rest = await answer(
      { ...request({ ...SETTINGS, maxNewTokens: 17 }), continueFrom: stopped.newIds },
      { onText: (_text, _phase, index) => indexes.push(index) },
    );
    expect(comparable(rest)).toEqual(comparable(whole));
    expect(Math.min(...indexes)).toBeGreaterThan(7);
  });

  it('can continue from the ids that were emitted with its text, as after a lost device', async () => {
    const emitted: number[] = [];
    const shown: string[] = [];
    const whole = await answer(request(SAMPLED), {
      onText: (text, _phase, index, ids) => {
        emitted.push(...ids);
        shown.push(text);
        expect(emitted).toHaveLength(index);
      },
    });
    expect(emitted).toEqual(whole.newIds);
    const rest: string[] = [];
    const resumed = await answer(
      { ...request({ ...SAMPLED, maxNewTokens: 15 }), continueFrom: emitted.slice(0, 9) },
      { onText: (text) => rest.push(text) },
    );
    expect(comparable(resumed)).toEqual(comparable(whole));
    expect(shown.join('').endsWith(rest.join(''))).toBe(true);
  });

  it('reports its memory: weights, rows of the KV cache, activations of the widest layer', async () => {
    const { memory, promptIds, newIds } = await answer(request(SETTINGS));
    expect(memory.weightBytes).toBe(model.weightBytes);
    expect(memory.weightBytes).toBeGreaterThan(0);
    const { numHiddenLayers, numKeyValueHeads, headDim } = model.config.text;
    const keysAndValues = 2 * 4 * numHiddenLayers * numKeyValueHeads * headDim;
    expect(memory.kvBytesPerToken - keysAndValues).toBe(4 * headDim);
    expect(memory.kvTokens).toBeGreaterThan(promptIds.length + newIds.length - 1);
    expect(memory.kvCacheBytes).toBe(memory.kvTokens * memory.kvBytesPerToken);
    expect(memory.activationBytes).toBeGreaterThan(4 * promptIds.length * model.config.text.hiddenSize);
    expect(memoryUse(model, null).activationBytes).toBe(0);
  });

  it('ends at the end of the context, as at a limit, and then cannot be continued', async () => {
    vi.spyOn(model.timeline, 'capacity', 'get').mockReturnValue(200);
    const full = await answer(request({ ...SETTINGS, maxNewTokens: 4096 }));
    expect(full).toMatchObject({ finishReason: 'length', contextUsed: 200, contextAvailable: 200 });
    await expect(answer({ ...request(SETTINGS), continueFrom: full.newIds })).rejects.toMatchObject({
      code: 'context_overflow',
    });
  });
});

describe('rollouts', () => {
  it('equal single answers with their seeds; images and prompt are processed once', async () => {
    const single = [];
    for (const seed of [11, 12, 13]) single.push(await answer(request({ ...SAMPLED, seed })));
    model.timeline.dispose();
    model.vision.forget();
    const vision = vi.spyOn(model.vision, 'encode');
    const prefill = vi.spyOn(model.timeline, 'prefill');
    const batches = vi.spyOn(model.timeline, 'fork');
    const finished: number[] = [];
    const result = await rollOut(model, { request: request(SAMPLED), count: 3 }, decoded(), {
      ...hooks(),
      onRollout: ({ index }) => finished.push(index),
    });
    expect(result.rollouts.map(({ newIds }) => newIds)).toEqual(single.map(({ newIds }) => newIds));
    expect(new Set(result.rollouts.map(({ text }) => text)).size).toBe(3);
    expect(result.rollouts.map(({ seed }) => seed)).toEqual([11, 12, 13]);
    expect(finished).toEqual([0, 1, 2]);
    expect(vision).toHaveBeenCalledTimes(1);
    expect(prefill).toHaveBeenCalledTimes(1);
    expect(batches.mock.calls).toEqual([[3]]);
    expect(result).toMatchObject({ cachedTokens: 0, promptTokens: single[0]?.promptIds.length });
  });

  it('reuse the prompt of an earlier answer', async () => {
    const first = await answer(request(SETTINGS));
    const result = await rollOut(model, { request: request(SAMPLED), count: 2 }, decoded(), hooks());
    expect(result.cachedTokens).toBe(first.promptIds.length - 1);
  });

  it('that end at different tokens equal single answers, whatever the settings', async () => {
    const settings = { ...SAMPLED, topP: 0.9, repetitionPenalty: 1.2, maxNewTokens: 90 };
    const seeds = [11, 12, 13, 14, 15, 16, 17, 18];
    const eos = vi.spyOn(model.config.tokenIds, 'eos', 'get').mockReturnValue([5, 9, 40, 77, 120, 300]);
    const single = [];
    for (const seed of seeds) single.push(await answer(request({ ...settings, ignoreEos: false, seed })));
    expect(new Set(single.map(({ newIds }) => newIds.length)).size).toBeGreaterThan(2);
    const params = { request: request({ ...settings, ignoreEos: false }), count: seeds.length };
    const { rollouts } = await rollOut(model, params, decoded(), hooks());
    const core = ({
      newIds,
      text,
      finishReason,
    }: Pick<GenerateResult, 'newIds' | 'text' | 'finishReason'>) => ({
      newIds,
      text,
      finishReason,
    });
    expect(rollouts.map(core)).toEqual(single.map(core));
    eos.mockRestore();
  });

  it('follow one another where their caches would not fit into memory together', async () => {
    const whole = await rollOut(model, { request: request(SAMPLED), count: 3 }, decoded(), hooks());
    const bytes = vi.spyOn(TimelineBatch, 'laneBytes').mockReturnValue(300e6);
    const batches = vi.spyOn(model.timeline, 'fork');
    const single = await rollOut(model, { request: request(SAMPLED), count: 3 }, decoded(), hooks());
    expect(batches).not.toHaveBeenCalled();
    expect(single.rollouts.map(({ newIds }) => newIds)).toEqual(whole.rollouts.map(({ newIds }) => newIds));
    bytes.mockReturnValue(200e6);
    const pairs = await rollOut(model, { request: request(SAMPLED), count: 3 }, decoded(), hooks());
    expect(batches.mock.calls).toEqual([[2], [1]]);
    expect(pairs.rollouts.map(({ newIds }) => newIds)).toEqual(whole.rollouts.map(({ newIds }) => newIds));
  });

  it('can be aborted: the current one ends, and no other starts', async () => {
    vi.spyOn(TimelineBatch, 'laneBytes').mockReturnValue(300e6);
    const abort = new AbortController();
    const result = await rollOut(model, { request: request(SAMPLED), count: 4 }, decoded(), {
      ...hooks(),
      signal: abort.signal,
      onText: (_text, _phase, _index, _ids, rollout) => rollout === 1 && abort.abort(),
    });
    expect(result.rollouts.map(({ finishReason }) => finishReason)).toEqual(['length', 'abort']);
  });

  it('can be aborted while several are decoded at once: each ends after its current token', async () => {
    const abort = new AbortController();
    const result = await rollOut(model, { request: request(SAMPLED), count: 4 }, decoded(), {
      ...hooks(),
      signal: abort.signal,
      onText: (_text, _phase, index, _ids, rollout) => rollout === 1 && index >= 5 && abort.abort(),
    });
    expect(result.rollouts.map(({ finishReason }) => finishReason)).toEqual(Array(4).fill('abort'));
    expect(Math.max(...result.rollouts.map(({ newIds }) => newIds.length))).toBeLessThan(10);
  });

  it.each([0, 1, 17, 2.5])('refuses a group of %d', async (count) => {
    await expect(
      rollOut(model, { request: request(SAMPLED), count }, decoded(), hooks()),
    ).rejects.toMatchObject({
      code: 'setting_invalid',
    });
  });
});

describe('probabilities', () => {
  it('are the softmax of the logits at every token, and do not change the answer', async () => {
    const params = request(SAMPLED);
    const plain = await answer(params);
    const reported: number[] = [];
    const observed = await answer(
      { ...params, alternatives: 5, logits: 'all' },
      { onProbabilities: ({ index }) => reported.push(index) },
    );
    expect(observed.newIds).toEqual(plain.newIds);
    expect(plain).not.toHaveProperty('probabilities');
    expect(reported).toEqual(observed.newIds.map((_, i) => i));
    for (const [step, token] of (observed.probabilities ?? []).entries()) {
      const weights = Array.from(observed.logits[step] ?? [], Math.exp);
      const total = weights.reduce((a, b) => a + b, 0);
      const order = weights.map((_, id) => id).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
      expect(token.chosen.id).toBe(observed.newIds[step]);
      expect(token.chosen.probability).toBeCloseTo((weights[token.chosen.id] ?? 0) / total, 5);
      expect(token.top.map(({ id }) => id)).toEqual(order.slice(0, 5));
    }
  });

  it('of the option letters are reported wherever the answer contains one', async () => {
    const letter = model.tokenizer.encode('B')[0] ?? -1;
    const forced = { ...request(SETTINGS), forceIds: [letter], optionLetters: ['A', 'B'] };
    const { optionProbabilities } = await answer(forced);
    expect(optionProbabilities).toMatchObject([{ index: 0, letter: 'B' }]);
    const shares = optionProbabilities?.[0]?.options.map(({ share }) => share) ?? [];
    expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
  });
});
