/** One answer: images and prompt through the model, then token by token until it stops. */
import { floatArrayFromHalf } from '../shared/half';
import type {
  FinishReason,
  GenerateParams,
  GenerateResult,
  GenerateTiming,
  GenerateTrace,
  Phase,
  Stage,
} from '../shared/protocol';
import { encodeImages, prepareImages, type PreparedImages } from './images';
import type { EngineModel } from './model';
import type { Clock, TensorData } from './ports';
import { columnCount } from './preprocess/patchify';
import type { RgbImage } from './preprocess/resample';
import { Sampler } from './sampling';
import { preparePrompt, type PreparedPrompt } from './text/prompt';
import { ThinkingSplitter } from './text/thinkingSplitter';
import { Utf8Stream } from './text/utf8Stream';

export interface GenerateHooks {
  signal: AbortSignal;
  clock: Clock;
  onProgress?: (stage: Stage, done: number, total: number) => void;
  onText?: (text: string, phase: Phase, index: number) => void;
}

/** Decoded images in the order in which the messages name them, and the time that decoding took. */
export interface DecodedImages {
  images: RgbImage[];
  decodeMs: number;
  startedMs: number;
}

interface DecodeOutcome {
  newIds: number[];
  text: string;
  finishReason: FinishReason;
  logits: Float32Array[];
  decodeMs: number;
  firstTokenMs: number;
}

/**
 * Stopping is not an error once there is a prompt in the cache: the result then says `abort` and holds what
 * was written so far.
 *
 * @throws RoundsError request_invalid, image_invalid, context_overflow, aborted (before the first token),
 *   device_lost, out_of_memory, internal
 */
export async function generate(
  model: EngineModel,
  params: GenerateParams,
  decoded: DecodedImages,
  hooks: GenerateHooks,
): Promise<GenerateResult> {
  const { clock, onProgress, signal } = hooks;
  const imageStart = clock();
  const images = await prepareImages(model, decoded.images, params.imageLimits);
  const prompt = preparePrompt(params.messages, images.grids, images.keys, model.tokenizer, model.config);
  const visionStart = clock();
  const features = await encodeImages(
    model,
    images,
    (done, total) => onProgress?.('vision', done, total),
    signal,
  );
  const prefillStart = clock();
  const first = await model.timeline.prefill(
    { ...prompt, features },
    { signal, onPrefill: (done, total) => onProgress?.('prefill', done, total) },
  );
  const decodeStart = clock();
  const splitter = new ThinkingSplitter(params.tags);
  const outcome = await decodeTokens(model, params, prompt, first, splitter, hooks);
  const timing: GenerateTiming = {
    imageMs: decoded.decodeMs + visionStart - imageStart,
    visionMs: prefillStart - visionStart,
    prefillMs: decodeStart - prefillStart,
    ttftMs: outcome.firstTokenMs - decoded.startedMs,
    decodeMs: outcome.decodeMs,
    decodeTokensPerSecond: tokensPerSecond(outcome.newIds.length - 1, outcome.decodeMs),
  };
  const result = assembleResult(model, images, prompt, outcome, splitter, timing);
  return params.trace ? { ...result, trace: traceOf(model, images, features) } : result;
}

function traceOf(model: EngineModel, images: PreparedImages, features: TensorData): GenerateTrace {
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
function tokensPerSecond(steps: number, milliseconds: number): number {
  return steps > 0 && milliseconds > 0 ? (1000 * steps) / milliseconds : 0;
}

async function decodeTokens(
  model: EngineModel,
  params: GenerateParams,
  prompt: PreparedPrompt,
  first: Float32Array,
  splitter: ThinkingSplitter,
  hooks: GenerateHooks,
): Promise<DecodeOutcome> {
  const { settings, forceIds, logits: wanted = 'none' } = params;
  const sampler = new Sampler(settings, prompt.ids);
  const stream = new Utf8Stream(model.tokenizer);
  const limit = Math.min(settings.maxNewTokens, forceIds?.length ?? Infinity);
  const start = hooks.clock();
  const outcome: DecodeOutcome = {
    newIds: [],
    text: '',
    finishReason: 'length',
    logits: wanted === 'none' ? [] : [first],
    decodeMs: 0,
    firstTokenMs: start,
  };
  const show = (text: string): void => {
    outcome.text += text;
    for (const piece of splitter.push(text)) hooks.onText?.(piece.text, piece.phase, outcome.newIds.length);
  };
  let logits = first;
  for (let step = 0; step < limit; step++) {
    const { id } = sampler.next(logits, forceIds === undefined);
    outcome.newIds.push(id);
    const fed = forceIds?.[step] ?? id;
    if (forceIds) sampler.accept(fed);
    if (step === 0) outcome.firstTokenMs = hooks.clock();
    if (!settings.ignoreEos && !forceIds && model.config.tokenIds.eos.includes(id)) {
      outcome.finishReason = 'stop';
      break;
    }
    show(stream.push(id));
    hooks.onProgress?.('decode', step + 1, limit);
    if (step + 1 === limit) break;
    if (hooks.signal.aborted) {
      outcome.finishReason = 'abort';
      break;
    }
    logits = await model.timeline.decode(fed);
    if (wanted === 'all') outcome.logits.push(logits);
  }
  show(stream.finish());
  for (const piece of splitter.finish()) hooks.onText?.(piece.text, piece.phase, outcome.newIds.length);
  outcome.decodeMs = hooks.clock() - start;
  return outcome;
}

function assembleResult(
  model: EngineModel,
  images: PreparedImages,
  prompt: PreparedPrompt,
  outcome: DecodeOutcome,
  splitter: ThinkingSplitter,
  timing: GenerateTiming,
): GenerateResult {
  const [t, h, w] = prompt.positionIds;
  return {
    prompt: prompt.text,
    promptIds: prompt.ids,
    imageGridThw: images.grids,
    positionIds: [[...t], [...h], [...w]],
    ropeDelta: prompt.ropeDelta,
    newIds: outcome.newIds,
    text: outcome.text,
    ...splitter.result(),
    finishReason: outcome.finishReason,
    logits: outcome.logits,
    images: images.reports,
    timing,
    contextUsed: prompt.ids.length + outcome.newIds.length,
    contextAvailable: model.timeline.capacity,
  };
}
