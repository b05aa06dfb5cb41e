/** Measures what quantization costs, teacher-forced over each prompt and the float32 model's greedy answer. */
import type { Calibration } from '../../convert/choice';
import { generate } from '../../engine/generate';
import { encodeImages, prepareImages } from '../../engine/images';
import type { EngineModel } from '../../engine/model';
import type { Prompt } from '../../engine/promptRows';
import { preparePrompt } from '../../engine/text/prompt';
import { loadOnCpu } from '../../runtime/cpuModel';
import type { RecipeOption, WeightsOption } from '../../shared/pack';
import { packInMemory } from '../convert/packInMemory';
import type { EvaluationCase } from './evaluationCases';

export interface Variant {
  weights: WeightsOption;
  recipe: RecipeOption;
  calibration?: Calibration;
}

export const VARIANTS: readonly Variant[] = [
  { weights: 'q4', recipe: 'plain' },
  { weights: 'q4', recipe: 'best' },
  { weights: 'q8', recipe: 'plain' },
  { weights: 'f16', recipe: 'plain' },
];

export interface QualityFigures {
  weights: WeightsOption;
  recipe: RecipeOption;
  isCalibrated: boolean;
  /** KL(float32 || variant) in nats, mean over all positions. */
  meanKl: number;
  /** Share of positions with the same most probable token, 0 to 1. */
  top1: number;
  positions: number;
  /** Size of the pack. */
  bytes: number;
}

/** A case with the float32 model's answer. */
interface Reference {
  evaluation: EvaluationCase;
  /** Token ids. */
  answer: number[];
  /** Log-probabilities [positions × vocabulary]. */
  logProbabilities: Float32Array;
}

/** Sums over positions. */
export interface Divergence {
  kl: number;
  agreeing: number;
  positions: number;
}

export interface QualityOptions {
  /** Greedy tokens after each prompt. */
  tokens: number;
  variants: readonly Variant[];
  signal: AbortSignal;
}

/**
 * Compares each variant with float32. `onFigures` is called after each one.
 * @param checkpoint a checkpoint folder, small enough for float32 in onnxruntime's CPU build
 */
export async function measureQuality(
  checkpoint: string,
  cases: readonly EvaluationCase[],
  { tokens, variants, signal }: QualityOptions,
  onFigures: (figures: QualityFigures) => void,
): Promise<void> {
  const exact = await open(checkpoint, { weights: 'f32', recipe: 'plain' });
  const references: Reference[] = [];
  for (const evaluation of cases) {
    signal.throwIfAborted();
    references.push(await referenceOf(exact, evaluation, tokens, signal));
  }
  await exact.dispose();
  for (const variant of variants) {
    const model = await open(checkpoint, variant);
    const { kl, agreeing, positions } = await compareAll(model, references, signal);
    const bytes = model.pack.manifest.totalBytes;
    await model.dispose();
    const { weights, recipe, calibration } = variant;
    const figures = { meanKl: kl / positions, top1: agreeing / positions, positions, bytes };
    onFigures({ weights, recipe, isCalibrated: calibration !== undefined, ...figures });
  }
}

async function open(checkpoint: string, { weights, recipe, calibration }: Variant): Promise<EngineModel> {
  return loadOnCpu(await packInMemory(checkpoint, weights, recipe, calibration));
}

async function compareAll(
  model: EngineModel,
  references: readonly Reference[],
  signal: AbortSignal,
): Promise<Divergence> {
  const sums = { kl: 0, agreeing: 0, positions: 0 };
  const width = model.config.text.vocabSize;
  for (const { evaluation, answer, logProbabilities } of references) {
    signal.throwIfAborted();
    const scores = await model.timeline.score(await promptWith(model, evaluation, answer));
    const part = divergence(logProbabilities, logSoftmaxRows(scores, width), width);
    sums.kl += part.kl;
    sums.agreeing += part.agreeing;
    sums.positions += part.positions;
  }
  return sums;
}

async function referenceOf(
  model: EngineModel,
  evaluation: EvaluationCase,
  tokens: number,
  signal: AbortSignal,
): Promise<Reference> {
  const settings = { maxNewTokens: tokens, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1 };
  const { newIds } = await generate(
    model,
    { messages: evaluation.messages, settings: { ...settings, ignoreEos: false } },
    { images: evaluation.images, decodeMs: 0, startedMs: 0 },
    { signal, clock: () => 0 },
  );
  const scores = await model.timeline.score(await promptWith(model, evaluation, newIds));
  return {
    evaluation,
    answer: newIds,
    logProbabilities: logSoftmaxRows(scores, model.config.text.vocabSize),
  };
}

/** The prompt with `answer` appended as text. */
async function promptWith(
  model: EngineModel,
  { messages, images }: EvaluationCase,
  answer: number[],
): Promise<Prompt> {
  const prepared = await prepareImages(model, images);
  const prompt = preparePrompt(messages, prepared.grids, prepared.keys, model.tokenizer, model.config);
  const start = prompt.ids.length;
  const extend = (axis: Int32Array): Int32Array =>
    Int32Array.from({ length: start + answer.length }, (_, i) => axis[i] ?? i + prompt.ropeDelta);
  const [t, h, w] = prompt.positionIds;
  return {
    ids: [...prompt.ids, ...answer],
    keys: [...prompt.keys, ...answer.map(String)],
    positionIds: [extend(t), extend(h), extend(w)],
    ropeDelta: prompt.ropeDelta,
    featureRows: Int32Array.from({ length: start + answer.length }, (_, i) => prompt.featureRows[i] ?? -1),
    features: await encodeImages(model, prepared),
  };
}

/** Log-probabilities of logits [positions × width]. */
function logSoftmaxRows(scores: Float32Array, width: number): Float32Array {
  const result = new Float32Array(scores.length);
  for (let start = 0; start < scores.length; start += width) {
    let max = -Infinity;
    for (let i = start; i < start + width; i++) max = Math.max(max, scores[i] ?? 0);
    let sum = 0;
    for (let i = start; i < start + width; i++) sum += Math.exp((scores[i] ?? 0) - max);
    const normalizer = max + Math.log(sum);
    for (let i = start; i < start + width; i++) result[i] = (scores[i] ?? 0) - normalizer;
  }
  return result;
}

/** Compares log-probabilities [positions × width] row by row: KL(reference || other) and equal argmax. */
export function divergence(reference: Float32Array, other: Float32Array, width: number): Divergence {
  let kl = 0;
  let agreeing = 0;
  for (let start = 0; start < reference.length; start += width) {
    let [bestReference, bestOther] = [start, start];
    for (let i = start; i < start + width; i++) {
      const log = reference[i] ?? 0;
      kl += Math.exp(log) * (log - (other[i] ?? 0));
      if (log > (reference[bestReference] ?? 0)) bestReference = i;
      if ((other[i] ?? 0) > (other[bestOther] ?? 0)) bestOther = i;
    }
    if (bestReference === bestOther) agreeing++;
  }
  // Rounding of float32 log-probabilities can take the sum below 0 where both are nearly equal.
  return { kl: Math.max(kl, 0), agreeing, positions: reference.length / width };
}
