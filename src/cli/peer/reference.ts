/** Greedy answers in float32, by the engine in Node; `npm run verify` compares that with Hugging Face transformers. */
import { generate } from '../../engine/generate';
import type { EngineModel } from '../../engine/model';
import type { PackReader } from '../../engine/ports';
import type { RgbImage } from '../../engine/preprocess/resample';
import { loadOnCpu } from '../../runtime/cpuModel';
import type { Reference } from './agreement';
import type { PeerPrompt } from './prompts';

/** @param image of the prompt; null if it has none */
export async function makeReference(
  pack: PackReader,
  prompt: PeerPrompt,
  tokens: number,
  image: RgbImage | null,
): Promise<Reference> {
  const model = await loadOnCpu(pack);
  try {
    return await answer(model, prompt, tokens, image);
  } finally {
    await model.dispose();
  }
}

async function answer(
  model: EngineModel,
  { messages }: PeerPrompt,
  tokens: number,
  image: RgbImage | null,
): Promise<Reference> {
  const settings = {
    maxNewTokens: tokens,
    temperature: 0,
    topP: 1,
    topK: 0,
    repetitionPenalty: 1,
    seed: 1,
    ignoreEos: true,
  };
  const decoded = { images: image ? [image] : [], decodeMs: 0, startedMs: 0 };
  const hooks = { signal: new AbortController().signal, clock: () => performance.now() };
  const { newIds, logits } = await generate(model, { messages, settings, logits: 'all' }, decoded, hooks);
  return { ids: newIds, margins: logits.map(marginOf) };
}

function marginOf(logits: Float32Array): number {
  let [first, second, sum, squares] = [-Infinity, -Infinity, 0, 0];
  for (const value of logits) {
    if (value > first) [first, second] = [value, first];
    else if (value > second) second = value;
    sum += value;
    squares += value * value;
  }
  const mean = sum / logits.length;
  return (first - second) / Math.sqrt(squares / logits.length - mean * mean || 1);
}
