/** Continued answers, rollouts and probabilities on a golden checkpoint, with onnxruntime's CPU build in Node. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { packInMemory } from '../cli/convert/packInMemory';
import { GoldenFolder } from '../cli/goldens';
import { loadOrt } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';
import { loadTokenizer } from '../runtime/tokenizer';
import type { GenerateParams, GenerateResult, GenerationSettings } from '../shared/generation';
import type { GenerateHooks } from './decode';
import { memoryUse } from './memory';
import { generate, type DecodedImages } from './generate';
import { loadModel, type EngineModel } from './model';
import { rollOut } from './rollouts';

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
const DRAWN = { ...SETTINGS, temperature: 1 };

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

/** All that a continued answer must have in common with an uncut one. */
const essence = (result: GenerateResult): Partial<GenerateResult> => {
  const { timing: _, images: __, cachedTokens: ___, finishReason: ____, memory: _____, ...rest } = result;
  return rest;
};

describe('a cut answer', () => {
  it.each([
    ['greedy', SETTINGS],
    ['drawn', DRAWN],
    ['drawn, with a repetition penalty', { ...DRAWN, repetitionPenalty: 1.3, topP: 0.9 }],
  ])('goes on with exactly the ids of one uncut run: %s', async (_name, settings) => {
    const whole = await answer(request(settings));
    for (const cut of [1, 10, 23]) {
      const first = await answer(request({ ...settings, maxNewTokens: cut }));
      expect(first.finishReason).toBe('length');
      const rest = await answer({
        ...request({ ...settings, maxNewTokens: 24 - cut }),
        continueFrom: first.newIds,
      });
      expect(essence(rest)).toEqual(essence(whole));
      // Everything but the last token, whose logits are wanted, was in the cache.
      expect(rest.cachedTokens).toBe(rest.promptIds.length + cut - 1);
    }
  });

  it('goes on after a stop, and tells only what is new', async () => {
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
    expect(essence(rest)).toEqual(essence(whole));
    expect(Math.min(...indexes)).toBeGreaterThan(7);
  });

  it('can go on from the ids that were told with its text, wherever its device was lost', async () => {
    const told: number[] = [];
    const shown: string[] = [];
    const whole = await answer(request(DRAWN), {
      onText: (text, _phase, index, ids) => {
        told.push(...ids);
        shown.push(text);
        expect(told).toHaveLength(index);
      },
    });
    expect(told).toEqual(whole.newIds);
    const kept = told.slice(0, 9);
    const rest: string[] = [];
    const goneOn = await answer(
      { ...request({ ...DRAWN, maxNewTokens: 15 }), continueFrom: kept },
      { onText: (text) => rest.push(text) },
    );
    expect(essence(goneOn)).toEqual(essence(whole));
    expect(shown.join('').endsWith(rest.join(''))).toBe(true);
  });

  it('says what it takes of the memory: the weights, the rows of the cache, the widest layer', async () => {
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

  it('ends at the last place of the context, as at a limit, and can then go on no more', async () => {
    vi.spyOn(model.timeline, 'capacity', 'get').mockReturnValue(200);
    const full = await answer(request({ ...SETTINGS, maxNewTokens: 4096 }));
    expect(full).toMatchObject({ finishReason: 'length', contextUsed: 200, contextAvailable: 200 });
    await expect(answer({ ...request(SETTINGS), continueFrom: full.newIds })).rejects.toMatchObject({
      code: 'context_overflow',
    });
  });
});

describe('rollouts', () => {
  it('are the answers that their seeds give alone; images and prompt go through the model once', async () => {
    const alone = [];
    for (const seed of [11, 12, 13]) alone.push(await answer(request({ ...DRAWN, seed })));
    model.timeline.dispose();
    const vision = vi.spyOn(model.vision, 'encode');
    const prefill = vi.spyOn(model.timeline, 'prefill');
    const steps = vi.spyOn(model.timeline, 'decode');
    const told: number[] = [];
    const result = await rollOut(model, { request: request(DRAWN), count: 3 }, decoded(), {
      ...hooks(),
      onRollout: ({ index }) => told.push(index),
    });
    expect(result.rollouts.map(({ newIds }) => newIds)).toEqual(alone.map(({ newIds }) => newIds));
    expect(new Set(result.rollouts.map(({ text }) => text)).size).toBe(3);
    expect(result.rollouts.map(({ seed }) => seed)).toEqual([11, 12, 13]);
    expect(told).toEqual([0, 1, 2]);
    expect(vision).toHaveBeenCalledTimes(1);
    expect(prefill).toHaveBeenCalledTimes(1);
    expect(steps).toHaveBeenCalledTimes(3 * 23);
    expect(result).toMatchObject({ cachedTokens: 0, promptTokens: alone[0]?.promptIds.length });
  });

  it('reuse the prompt of an answer before them', async () => {
    const first = await answer(request(SETTINGS));
    const result = await rollOut(model, { request: request(DRAWN), count: 2 }, decoded(), hooks());
    expect(result.cachedTokens).toBe(first.promptIds.length - 1);
  });

  it('can be stopped: the one that runs ends, no other begins', async () => {
    const abort = new AbortController();
    const result = await rollOut(model, { request: request(DRAWN), count: 4 }, decoded(), {
      ...hooks(),
      signal: abort.signal,
      onText: (_text, _phase, _index, _ids, rollout) => rollout === 1 && abort.abort(),
    });
    expect(result.rollouts.map(({ finishReason }) => finishReason)).toEqual(['length', 'abort']);
  });

  it.each([0, 1, 17, 2.5])('refuses a group of %d', async (count) => {
    await expect(
      rollOut(model, { request: request(DRAWN), count }, decoded(), hooks()),
    ).rejects.toMatchObject({
      code: 'setting_invalid',
    });
  });
});

describe('probabilities', () => {
  it('are the softmax of the logits at every token, and change nothing in the answer', async () => {
    const params = request(DRAWN);
    const plain = await answer(params);
    const told: number[] = [];
    const watched = await answer(
      { ...params, alternatives: 5, logits: 'all' },
      { onProbabilities: ({ index }) => told.push(index) },
    );
    expect(watched.newIds).toEqual(plain.newIds);
    expect(plain).not.toHaveProperty('probabilities');
    expect(told).toEqual(watched.newIds.map((_, i) => i));
    for (const [step, token] of (watched.probabilities ?? []).entries()) {
      const weights = Array.from(watched.logits[step] ?? [], Math.exp);
      const total = weights.reduce((a, b) => a + b, 0);
      const order = weights.map((_, id) => id).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
      expect(token.chosen.id).toBe(watched.newIds[step]);
      expect(token.chosen.probability).toBeCloseTo((weights[token.chosen.id] ?? 0) / total, 5);
      expect(token.top.map(({ id }) => id)).toEqual(order.slice(0, 5));
    }
  });

  it('of the letters are told where the answer writes one', async () => {
    const letter = model.tokenizer.encode('B')[0] ?? -1;
    const forced = { ...request(SETTINGS), forceIds: [letter], optionLetters: ['A', 'B'] };
    const { optionProbabilities } = await answer(forced);
    expect(optionProbabilities).toMatchObject([{ index: 0, letter: 'B' }]);
    const shares = optionProbabilities?.[0]?.options.map(({ share }) => share) ?? [];
    expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
  });
});
