/** Compares converter, graphs and onnxruntime's CPU build in Node with the committed reference vectors. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packInMemory } from '../cli/convert/packInMemory';
import { differences, LIMITS } from '../cli/verify/differences';
import { GoldenFolder, type GoldenCase } from '../cli/verify/goldenFolder';
import { loadOrt } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';
import { loadTokenizer } from '../runtime/tokenizer';
import type { RecipeOption, WeightsOption } from '../shared/pack';
import type { ChatMessage, GenerateResult } from '../shared/generation';
import { generate } from './generate';
import { encodeImages, prepareImages } from './images';
import { loadModel, type EngineModel } from './model';
import type { RgbImage } from './preprocess/resample';
import { preparePrompt } from './text/prompt';
import type { Prompt } from './promptRows';
import { Timeline } from './timeline';

const folder = new GoldenFolder(join(import.meta.dirname, '../../models/goldens/vectors'));
const GREEDY = { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1, ignoreEos: true };

async function load(checkpoint: string, weights: WeightsOption, recipe: RecipeOption): Promise<EngineModel> {
  const pack = await packInMemory(folder.checkpointDir(checkpoint), weights, recipe);
  return loadModel(pack, new OrtBackend(await loadOrt('wasm'), null, 'f32'), await loadTokenizer(pack));
}

function imagesOf(golden: GoldenCase): RgbImage[] {
  return golden.images.map((path) => {
    const { width, height, data } = decode(readFileSync(folder.rgbPath(path)));
    return { width, height, data: new Uint8Array(data) };
  });
}

function messagesOf(golden: GoldenCase): ChatMessage[] {
  const image = { blob: new Blob(), name: 'decoded' };
  return golden.messages.map(({ role, content }) => ({
    role,
    content:
      typeof content === 'string'
        ? content
        : content.map((part) => (part.type === 'text' ? part : { type: 'image' as const, image })),
  }));
}

function run(model: EngineModel, golden: GoldenCase): Promise<GenerateResult> {
  return generate(
    model,
    {
      messages: messagesOf(golden),
      settings: { ...GREEDY, maxNewTokens: golden.greedy.token_ids.length },
      logits: 'last',
      forceIds: golden.greedy.token_ids,
      trace: true,
    },
    { images: imagesOf(golden), decodeMs: 0, startedMs: 0 },
    { signal: new AbortController().signal, clock: () => performance.now() },
  );
}

async function promptOf(model: EngineModel, golden: GoldenCase): Promise<Prompt> {
  const images = await prepareImages(model, imagesOf(golden));
  const prompt = preparePrompt(messagesOf(golden), images.grids, images.keys, model.tokenizer, model.config);
  return { ...prompt, features: await encodeImages(model, images) };
}

describe.each(Object.keys(folder.manifest.checkpoints))('%s', (checkpoint) => {
  let model: EngineModel;
  beforeAll(async () => {
    model = await load(checkpoint, 'f32', 'plain');
  });
  afterAll(() => model.dispose());

  it.each(folder.manifest.cases)('%s: float32 equals the reference', async (name) => {
    const golden = folder.case(checkpoint, name);
    const result = await run(model, golden);
    expect(result.prompt).toBe(golden.prompt);
    expect(result.promptIds).toEqual(golden.input_ids);
    expect(result.imageGridThw).toEqual(golden.image_grid_thw);
    expect(result.positionIds).toEqual(golden.position_ids);
    expect(result.ropeDelta).toBe(golden.rope_delta);
    const logits = differences(result.logits[0] ?? new Float32Array(), folder.npy(golden.logits.file));
    expect(logits.relRmse).toBeLessThan(LIMITS.f32.logits);
    const { file } = golden.image_embeds ?? {};
    if (file && result.trace) {
      expect(differences(result.trace.imageFeatures, folder.npy(file)).relRmse).toBeLessThan(
        LIMITS.f32.features,
      );
    }
    golden.greedy.token_ids.forEach((id, step) => {
      if ((golden.greedy.margin[step] ?? 0) > LIMITS.f32.margin) expect(result.newIds[step]).toBe(id);
    });
  });

  it('gives the same logits at once, in chunks that split an image, and token by token', async () => {
    const golden = folder.case(checkpoint, 'two_images');
    const prompt = await promptOf(model, golden);
    const whole = await model.timeline.prefill(prompt);
    const scored = await model.timeline.score(prompt);
    const { vocabSize } = model.config.text;
    expect(differences(scored.slice(-vocabSize), whole).relRmse).toBeLessThan(1e-5);
    for (const chunk of [1, 7]) {
      const chunked = new Timeline(model.decoder, model.backend, model.config.text, chunk);
      expect(differences(await chunked.prefill(prompt), whole).relRmse).toBeLessThan(1e-5);
      chunked.dispose();
    }
  });

  it('reuses the rows of an earlier turn, including images, with the same result as without a cache', async () => {
    const fresh = await run(model, folder.case(checkpoint, 'followup'));
    model.timeline.dispose();
    await run(model, folder.case(checkpoint, 'single_image'));
    const reused = await run(model, folder.case(checkpoint, 'followup'));
    const [a, b] = [fresh, reused].map((result) => result.logits[0] ?? new Float32Array());
    expect(differences(b ?? new Float32Array(), a ?? []).relRmse).toBeLessThan(1e-5);
  });
});

describe('quantized weights', () => {
  it('have errors within the limits for their number of bits', async () => {
    const golden = folder.case('qwen2_5_vl', 'single_image');
    const reference = folder.npy(golden.logits.file);
    const errorOf = async (weights: WeightsOption, recipe: RecipeOption): Promise<number> => {
      const model = await load('qwen2_5_vl', weights, recipe);
      const { logits } = await run(model, golden);
      await model.dispose();
      return differences(logits[0] ?? new Float32Array(), reference).relRmse;
    };
    expect(await errorOf('f16', 'plain')).toBeLessThan(1e-3);
    expect(await errorOf('q8', 'plain')).toBeLessThan(0.05);
    expect(await errorOf('q4', 'best')).toBeLessThan(0.6);
  });

  it('have reference vectors for every case', () => {
    for (const checkpoint of Object.keys(folder.manifest.checkpoints)) {
      for (const name of folder.manifest.cases) {
        expect(existsSync(join(folder.path, folder.case(checkpoint, name).logits.file))).toBe(true);
      }
    }
  });
});
