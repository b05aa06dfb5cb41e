/** Work ahead of a question changes when it is done, and nothing else: real graphs on onnxruntime's CPU build in Node. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { packInMemory } from '../cli/convert/packInMemory';
import { differences } from '../cli/verify/differences';
import { GoldenFolder } from '../cli/verify/goldenFolder';
import { loadOrt } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';
import { loadTokenizer } from '../runtime/tokenizer';
import type { ChatMessage, ContentPart, GenerateResult } from '../shared/generation';
import { sha256Hex } from '../shared/sha256';
import type { PrepareResult } from '../shared/protocol';
import { generate } from './generate';
import { needsPixels, type SourceImage } from './images';
import { loadModel, type EngineModel } from './model';
import { prepareAhead } from './prepare';
import { rollOut } from './rollouts';
import { FEATURE_BYTES } from './visionEncoder';

const folder = new GoldenFolder(join(import.meta.dirname, '../../models/goldens/vectors'));
const SETTINGS = {
  ...{ maxNewTokens: 12, temperature: 1, topP: 0.9, topK: 0, repetitionPenalty: 1.1, seed: 5 },
  ignoreEos: true,
};
const QUESTIONS = ['What is this?', '7 rings?', '\u{1F9E0} «bars» or discs', '  ', '(a) disc (b) bars'];

function picture(name: string): SourceImage & { data: Uint8Array<ArrayBuffer> } {
  const { width, height, data } = decode(readFileSync(folder.rgbPath(`images/${name}.png`)));
  return { width, height, data: new Uint8Array(data) };
}

const image: ContentPart = { type: 'image', image: { blob: new Blob(), name: 'decoded' } };
const user = (images: number, text: string): ChatMessage => ({
  role: 'user',
  content: [...Array.from({ length: images }, () => image), { type: 'text', text }],
});
const system: ChatMessage = { role: 'system', content: 'You answer in one word.' };

describe.each(['qwen2_5_vl', 'qwen2_vl'])('%s', (checkpoint) => {
  let model: EngineModel;
  beforeAll(async () => {
    const pack = await packInMemory(folder.checkpointDir(checkpoint), 'q4', 'best');
    const backend = new OrtBackend(await loadOrt('wasm'), null, 'f32');
    model = await loadModel(pack, backend, await loadTokenizer(pack));
  });
  afterAll(() => model.dispose());

  const clear = (): void => {
    model.timeline.dispose();
    model.vision.forget();
  };
  const hooks = { signal: new AbortController().signal, clock: () => 0 };
  const ask = (messages: ChatMessage[], images: SourceImage[]): Promise<GenerateResult> =>
    generate(
      model,
      { messages, settings: SETTINGS, logits: 'last' },
      { images, decodeMs: 0, startedMs: 0 },
      hooks,
    );
  const prepare = (
    messages: ChatMessage[],
    images: SourceImage[],
    signal = hooks.signal,
  ): Promise<PrepareResult> => prepareAhead(model, { messages }, images, { signal });
  /** The same tokens and inputs; logits up to the rounding of runs with other numbers of rows, as after any reuse of the cache. */
  const expectSame = (warm: GenerateResult, cold: GenerateResult): void => {
    const exact = ({ newIds, text, promptIds, positionIds, images }: GenerateResult): unknown => ({
      ...{ newIds, text, promptIds, positionIds, images },
    });
    expect(exact(warm)).toEqual(exact(cold));
    const [a, b] = [warm, cold].map(({ logits }) => logits[0] ?? new Float32Array());
    expect(differences(a ?? new Float32Array(), b ?? []).relRmse).toBeLessThan(1e-5);
  };

  it.each([
    ['no text before the question', [], ''],
    ['an instruction that ends with a space', [], 'Think first.\n\nQuestion: '],
    ['indented lines', [], '\n    '],
    ['a system message', [system], ''],
  ])('%s: the answer is the same, and only the question is left to compute', async (_, before, text) => {
    const images = [picture('rings'), picture('disc')];
    for (const question of QUESTIONS) {
      const messages = [...before, user(2, text + question)];
      clear();
      const cold = await ask(messages, images);
      expect(cold).toMatchObject({ encodedImages: 2, cachedTokens: 0 });
      clear();
      const prepared = await prepare([...before, user(2, text)], images);
      expect(prepared).toMatchObject({ encodedImages: 2, cachedTokens: 0 });
      const warm = await ask(messages, images);
      expectSame(warm, cold);
      expect(warm).toMatchObject({ encodedImages: 0, cachedTokens: prepared.tokens });
      // What is left is the question, what ends it, and at most two tokens that it shares with the text before it.
      const ending = model.tokenizer.encode(`${question}<|im_end|>\n<|im_start|>assistant\n`).length;
      expect(warm.promptIds.length - prepared.tokens).toBeLessThanOrEqual(ending + 2);
    }
  });

  it('a follow-up is prepared with the answer before it', async () => {
    const images = [picture('bars')];
    const first = await ask([user(1, 'What is this?')], images);
    const earlier: ChatMessage[] = [user(1, 'What is this?'), { role: 'assistant', content: first.text }];
    const followUp = [...earlier, user(0, 'Why is that?')];
    clear();
    const cold = await ask(followUp, images);
    clear();
    await ask([user(1, 'What is this?')], images);
    const prepared = await prepare([...earlier, user(0, '')], images);
    const warm = await ask(followUp, images);
    expectSame(warm, cold);
    expect(warm).toMatchObject({ encodedImages: 0, cachedTokens: prepared.tokens });
  });

  it('rollouts begin with it too', async () => {
    const images = [picture('disc')];
    const request = { messages: [user(1, 'What is it?')], settings: SETTINGS };
    const roll = () => rollOut(model, { request, count: 3 }, { images, decodeMs: 0, startedMs: 0 }, hooks);
    clear();
    const cold = await roll();
    clear();
    const { tokens } = await prepare([user(1, '')], images);
    const warm = await roll();
    expect(warm).toMatchObject({ encodedImages: 0, cachedTokens: tokens });
    expect(warm.rollouts.map(({ newIds }) => newIds)).toEqual(cold.rollouts.map(({ newIds }) => newIds));
  });

  it('leaves an answer in the cache that begins with it, for its continuation', async () => {
    const images = [picture('disc')];
    clear();
    const answer = await ask([user(1, 'What is it?')], images);
    const rows = model.timeline.length;
    expect(await prepare([user(1, '')], images)).toMatchObject({ encodedImages: 0 });
    expect(model.timeline.length).toBe(rows);
    expect(rows).toBe(answer.promptIds.length + answer.newIds.length - 1);
  });

  it('for another image, or one that was removed, is of no use and does no harm', async () => {
    clear();
    const cold = await ask([user(1, 'What is it?')], [picture('disc')]);
    clear();
    await prepare([user(2, '')], [picture('bars'), picture('disc')]);
    const other = await ask([user(1, 'What is it?')], [picture('disc')]);
    expectSame(other, cold);
    expect(other.encodedImages).toBe(0);
  });

  it('ends between two steps when it is told to, and the answer continues from what is finished', async () => {
    const images = [picture('bars'), picture('disc')];
    clear();
    const cold = await ask([user(2, 'Which?')], images);
    clear();
    const abort = new AbortController();
    const encode = model.vision.encode.bind(model.vision);
    const spy = vi.spyOn(model.vision, 'encode').mockImplementationOnce(async (key, patches) => {
      const features = await encode(key, patches);
      abort.abort();
      return features;
    });
    const running = prepare([user(2, '')], images, abort.signal);
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    spy.mockRestore();
    expect(model.timeline.length).toBe(0);
    const rest = await ask([user(2, 'Which?')], images);
    expectSame(rest, cold);
    expect(rest.encodedImages).toBe(1);
  });

  it('makes the pixels of an image superfluous until its features are dropped', async () => {
    const pixels = picture('disc');
    const sha256 = await sha256Hex(pixels.data);
    const named = [{ ...pixels, data: null, sha256 }];
    clear();
    expect(needsPixels(model, sha256)).toBe(true);
    const cold = await ask([user(1, 'What is it?')], [pixels]);
    expect(needsPixels(model, sha256)).toBe(false);
    expectSame(await ask([user(1, 'What is it?')], named), cold);
    // Other resize steps and a trace need them again.
    const limits = [{ minPixels: 784, maxPixels: 3136 }];
    expect(needsPixels(model, sha256, { earlierLimits: limits })).toBe(true);
    expect(needsPixels(model, sha256, { withPatches: true })).toBe(true);
    model.vision.forget();
    expect(needsPixels(model, sha256)).toBe(true);
    expect(FEATURE_BYTES).toBe(268_435_456);
  });
});
