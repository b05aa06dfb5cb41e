/** Generates one answer: encodes images, prefills the prompt, then decodes token by token. */
import { floatArrayFromHalf } from '../shared/half';
import type { GenerateParams, GenerateResult, GenerateTiming, GenerateTrace } from '../shared/generation';
import { decodeAnswer, type DecodeOutcome, type GenerateHooks } from './decode';
import { encodeImages, prepareImages, type PreparedImages, type SourceImage } from './images';
import { memoryUse, type RunSize } from './memory';
import { PREFILL_CHUNK, type EngineModel } from './model';
import type { TensorData } from './ports';
import { columnCount, type Patches } from './preprocess/patchify';
import { preparePrompt, type PreparedPrompt } from './text/prompt';
import { createObserver, type TokenObserver } from './tokenObserver';

export type { GenerateHooks } from './decode';

/** Decoded images in the order of the messages, with times in milliseconds. */
export interface DecodedImages {
  images: SourceImage[];
  decodeMs: number;
  startedMs: number;
}

/** A prompt that is in the KV cache. */
export interface Prefilled {
  images: PreparedImages;
  prompt: PreparedPrompt;
  /** [image tokens, hidden] */
  features: TensorData;
  /** [vocab], after the last token. */
  logits: Float32Array;
  cachedTokens: number;
  /** Images for which the vision tower ran. */
  encodedImages: number;
  timing: Pick<GenerateTiming, 'imageMs' | 'visionMs' | 'prefillMs'>;
}

/**
 * Generates one answer. Aborting after prefill is not an error: the result then has the finish reason `abort` and
 * contains the text so far.
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
  const observer = createObserver(model.tokenizer, model.config.text.vocabSize, params);
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
    ...observedProbabilities(params, observer),
    ...(params.trace ? { trace: traceOf(model, prefilled) } : {}),
  };
}

/** Encodes images and prefills the prompt. @throws RoundsError as generate does */
export async function prefillPrompt(
  model: EngineModel,
  params: Pick<GenerateParams, 'messages' | 'imageLimits' | 'continueFrom' | 'trace'>,
  decoded: DecodedImages,
  { clock, onProgress, signal }: GenerateHooks,
): Promise<Prefilled> {
  const imageStart = clock();
  const { imageLimits = [], trace = false } = params;
  const runsBefore = model.vision.runs;
  const images = await prepareImages(model, decoded.images, {
    earlierLimits: imageLimits,
    withPatches: trace,
  });
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
  const encodedImages = model.vision.runs - runsBefore;
  return { images, prompt, features, logits, cachedTokens: timeline.reused, encodedImages, timing };
}

/** The size of the run, for the memory estimate. */
export function runSize({ timeline }: EngineModel, { images, prompt }: Prefilled): RunSize {
  return {
    tokens: Math.min(prompt.ids.length, PREFILL_CHUNK),
    context: timeline.slots,
    patches: Math.max(0, ...images.grids.map(([t, h, w]) => t * h * w)),
  };
}

function observedProbabilities(
  params: GenerateParams,
  observer: TokenObserver | null,
): Partial<GenerateResult> {
  return {
    ...(observer && params.alternatives !== undefined ? { probabilities: observer.tokens } : {}),
    ...(observer && params.optionLetters ? { optionProbabilities: observer.letters } : {}),
  };
}

function traceOf(model: EngineModel, { images, features }: Prefilled): GenerateTrace {
  const columns = columnCount(model.config.vision);
  const rows = images.patches.flatMap((patches) => (patches ? rowsOf(patches, columns) : []));
  const pixelValues = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => pixelValues.set(row, i * columns));
  const imageFeatures =
    features instanceof Uint16Array ? floatArrayFromHalf(features) : (features as Float32Array);
  return { pixelValues, imageFeatures };
}

/** The rows without their padding columns. */
function rowsOf({ data, rows, columns: stride }: Patches, columns: number): Float32Array[] {
  return Array.from({ length: rows }, (_, row) => data.subarray(row * stride, row * stride + columns));
}

/** Decoding speed. `steps` does not count the first token, which comes from prefill. */
export function tokensPerSecond(steps: number, milliseconds: number): number {
  return steps > 0 && milliseconds > 0 ? (1000 * steps) / milliseconds : 0;
}

/**
 * @param continued number of tokens at the end of the prompt that belong to the answer. The result reports them as
 *   answer, as after one uninterrupted run.
 */
function assembleResult(
  model: EngineModel,
  prefilled: Prefilled,
  outcome: DecodeOutcome,
  continued: number,
  timing: GenerateTiming,
): GenerateResult {
  const { images, prompt, cachedTokens, encodedImages } = prefilled;
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
    encodedImages,
  };
}
