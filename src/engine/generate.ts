/** One answer: images and prompt through the model, then token by token until it stops. */
import { floatArrayFromHalf } from '../shared/half';
import type { GenerateParams, GenerateResult, GenerateTiming, GenerateTrace } from '../shared/generation';
import { decodeAnswer, type DecodeOutcome, type GenerateHooks } from './decode';
import { encodeImages, prepareImages, type PreparedImages } from './images';
import { memoryUse, type RunSize } from './memory';
import { PREFILL_CHUNK, type EngineModel } from './model';
import type { TensorData } from './ports';
import { columnCount } from './preprocess/patchify';
import type { RgbImage } from './preprocess/resample';
import { preparePrompt, type PreparedPrompt } from './text/prompt';
import { observerFor, type TokenObserver } from './tokenObserver';

export type { GenerateHooks } from './decode';

/** Decoded images in the order in which the messages name them, and the time that decoding took. */
export interface DecodedImages {
  images: RgbImage[];
  decodeMs: number;
  startedMs: number;
}

/** A prompt that is in the cache. */
export interface Prefilled {
  images: PreparedImages;
  prompt: PreparedPrompt;
  features: TensorData;
  /** [vocab], behind the last token. */
  logits: Float32Array;
  cachedTokens: number;
  timing: Pick<GenerateTiming, 'imageMs' | 'visionMs' | 'prefillMs'>;
}

/**
 * Stopping is not an error once there is a prompt in the cache: the result then says `abort` and holds what
 * was written so far.
 *
 * @throws RoundsError request_invalid, setting_invalid, image_invalid, context_overflow, aborted (before the first token),
 *   device_lost, out_of_memory, internal
 */
export async function generate(
  model: EngineModel,
  params: GenerateParams,
  decoded: DecodedImages,
  hooks: GenerateHooks,
): Promise<GenerateResult> {
  const observer = observerFor(model.tokenizer, model.config.text.vocabSize, params);
  const { continueFrom: continued = [] } = params;
  const prefilled = await prefillPrompt(model, params, decoded, hooks);
  const start = { promptIds: prefilled.prompt.ids, continued, logits: prefilled.logits, observer };
  const outcome = await decodeAnswer(model, params, start, hooks);
  const timing: GenerateTiming = {
    ...prefilled.timing,
    ttftMs: outcome.firstTokenMs - decoded.startedMs,
    decodeMs: outcome.decodeMs,
    decodeTokensPerSecond: tokensPerSecond(outcome.added - 1, outcome.decodeMs),
  };
  const result = assembleResult(model, prefilled, outcome, continued.length, timing);
  return {
    ...result,
    ...observed(params, observer),
    ...(params.trace ? { trace: traceOf(model, prefilled) } : {}),
  };
}

/** Images and messages → the cache. @throws as generate does */
export async function prefillPrompt(
  model: EngineModel,
  params: Pick<GenerateParams, 'messages' | 'imageLimits' | 'continueFrom'>,
  decoded: DecodedImages,
  { clock, onProgress, signal }: GenerateHooks,
): Promise<Prefilled> {
  const imageStart = clock();
  const images = await prepareImages(model, decoded.images, params.imageLimits);
  const { tokenizer, config, timeline } = model;
  const { messages, continueFrom } = params;
  const prompt = preparePrompt(messages, images.grids, images.keys, tokenizer, config, continueFrom);
  const visionStart = clock();
  const features = await encodeImages(
    model,
    images,
    (done, total) => onProgress?.('vision', done, total),
    signal,
  );
  const prefillStart = clock();
  const logits = await timeline.prefill(
    { ...prompt, features },
    { signal, onPrefill: (done, total) => onProgress?.('prefill', done, total) },
  );
  const timing = {
    imageMs: decoded.decodeMs + visionStart - imageStart,
    visionMs: prefillStart - visionStart,
    prefillMs: clock() - prefillStart,
  };
  return { images, prompt, features, logits, cachedTokens: timeline.reused, timing };
}

/** How much went through the model at once, for the estimate of its memory. */
export function runSize({ timeline }: EngineModel, { images, prompt }: Prefilled): RunSize {
  return {
    tokens: Math.min(prompt.ids.length, PREFILL_CHUNK),
    context: timeline.slots,
    patches: Math.max(0, ...images.grids.map(([t, h, w]) => t * h * w)),
  };
}

function observed(params: GenerateParams, observer: TokenObserver | null): Partial<GenerateResult> {
  return {
    ...(observer && params.alternatives !== undefined ? { probabilities: observer.tokens } : {}),
    ...(observer && params.optionLetters ? { optionProbabilities: observer.letters } : {}),
  };
}

function traceOf(model: EngineModel, { images, features }: Prefilled): GenerateTrace {
  const columns = columnCount(model.config.vision);
  const rows = images.processed.flatMap(({ patches }) =>
    Array.from({ length: patches.rows }, (_, row) =>
      patches.data.subarray(row * patches.columns, row * patches.columns + columns),
    ),
  );
  const pixelValues = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => pixelValues.set(row, i * columns));
  const imageFeatures =
    features instanceof Uint16Array ? floatArrayFromHalf(features) : (features as Float32Array);
  return { pixelValues, imageFeatures };
}

/** The first token comes from prefill; each later one costs a decode step. */
export function tokensPerSecond(steps: number, milliseconds: number): number {
  return steps > 0 && milliseconds > 0 ? (1000 * steps) / milliseconds : 0;
}

/** @param continued tokens at the end of the prompt that are the answer's: the result is that of one uncut run */
function assembleResult(
  model: EngineModel,
  prefilled: Prefilled,
  outcome: DecodeOutcome,
  continued: number,
  timing: GenerateTiming,
): GenerateResult {
  const { images, prompt, cachedTokens } = prefilled;
  const length = prompt.ids.length - continued;
  const [t, h, w] = prompt.positionIds;
  return {
    prompt: prompt.text,
    promptIds: prompt.ids.slice(0, length),
    imageGridThw: images.grids,
    positionIds: [[...t.subarray(0, length)], [...h.subarray(0, length)], [...w.subarray(0, length)]],
    ropeDelta: prompt.ropeDelta,
    newIds: outcome.ids,
    text: outcome.text,
    thinking: outcome.thinking,
    answer: outcome.answer,
    finishReason: outcome.finishReason,
    logits: outcome.logits,
    images: images.reports,
    timing,
    memory: memoryUse(model, runSize(model, prefilled)),
    contextUsed: length + outcome.ids.length,
    contextAvailable: model.timeline.capacity,
    cachedTokens,
  };
}
