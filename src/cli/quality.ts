/**
 * `npm run -s quality -- SRC --case FILE`: what quantization costs. Teacher-forced over the prompt and the float32
 * model's own greedy answer, every position: KL divergence to float32, top-1 agreement, and bytes, for each recipe.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseCalibration } from '../convert/calibration';
import type { Calibration } from '../convert/choice';
import { packInMemory } from './convert/packInMemory';
import { generate } from '../engine/generate';
import { encodeImages, prepareImages } from '../engine/images';
import { loadModel, type EngineModel } from '../engine/model';
import { preparePrompt } from '../engine/text/prompt';
import type { Prompt } from '../engine/promptRows';
import { decodeImage } from '../image/decode';
import type { RgbImage } from '../engine/preprocess/resample';
import { loadOrt } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';
import { loadTokenizer } from '../runtime/tokenizer';
import type { RecipeOption, WeightsOption } from '../shared/pack';
import type { ChatMessage } from '../shared/generation';
import { readCases } from './caseFile';
import { runInProcess, UsageError, type Command } from './command';

const HELP = `Measures what quantization costs, against float32 on the same weights.

  npm run -s quality -- SRC --case FILE [options]

  SRC             a checkpoint folder, small enough for float32 on the processor
  --case FILE     cases as for infer; images must be PNG or DICOM
  --tokens N      greedy tokens after each prompt (default 24)
  --calibration FILE  q4 best with it as well (npm run -s convert -- --help)
  --json          one JSON object a recipe instead of a table
  --help

For each recipe: mean KL(float32 || recipe) in nats over all positions of prompts and answers, share of positions
with the same most probable token, and bytes of the pack.
`;

type Variant = [weights: WeightsOption, recipe: RecipeOption, calibration?: Calibration];

const VARIANTS: readonly Variant[] = [
  ['q4', 'plain'],
  ['q4', 'best'],
  ['q8', 'plain'],
  ['f16', 'plain'],
];

interface EvaluationCase {
  messages: ChatMessage[];
  images: RgbImage[];
}

interface Reference {
  answer: number[];
  /** Log-probabilities [positions × V]. */
  logProbabilities: Float32Array;
}

export interface QualityFigures {
  weights: WeightsOption;
  recipe: RecipeOption;
  isCalibrated: boolean;
  meanKl: number;
  top1: number;
  positions: number;
  bytes: number;
}

async function open(checkpoint: string, variant: Variant): Promise<EngineModel> {
  const pack = await packInMemory(checkpoint, ...variant);
  return loadModel(pack, new OrtBackend(await loadOrt('wasm'), null, 'f32'), await loadTokenizer(pack));
}

async function readEvaluationCases(file: string): Promise<EvaluationCase[]> {
  const { cases, files } = readCases(readFileSync(file, 'utf8'), dirname(file));
  return Promise.all(
    cases.map(async (read) => {
      if (!read.ok) throw read.error;
      const images: RgbImage[] = [];
      const messages: ChatMessage[] = [];
      for (const { role, content } of read.job.prompt.messages) {
        if (typeof content === 'string') {
          messages.push({ role, content });
          continue;
        }
        const parts = [];
        for (const part of content) {
          if (part.type === 'text') {
            parts.push(part);
            continue;
          }
          const path = files[`/${part.image.url}`] ?? '';
          images.push(await decodeImage(new Blob([readFileSync(path)]), { name: part.image.name }));
          parts.push({ type: 'image' as const, image: { blob: new Blob(), name: part.image.name } });
        }
        messages.push({ role, content: parts });
      }
      return { messages, images };
    }),
  );
}

/** The prompt with `answer` appended as text positions. */
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

async function referenceOf(
  model: EngineModel,
  evaluation: EvaluationCase,
  tokens: number,
): Promise<Reference> {
  const settings = { maxNewTokens: tokens, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1 };
  const { newIds } = await generate(
    model,
    { messages: evaluation.messages, settings: { ...settings, ignoreEos: false } },
    { images: evaluation.images, decodeMs: 0, startedMs: 0 },
    { signal: new AbortController().signal, clock: () => 0 },
  );
  const scores = await model.timeline.score(await promptWith(model, evaluation, newIds));
  return { answer: newIds, logProbabilities: logSoftmaxRows(scores, model.config.text.vocabSize) };
}

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

/** Sums over the rows of [positions × width]: KL(reference || other) and equal argmax. */
export function divergence(
  reference: Float32Array,
  other: Float32Array,
  width: number,
): { kl: number; agreeing: number; positions: number } {
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
  return { kl, agreeing, positions: reference.length / width };
}

export async function measureQuality(
  checkpoint: string,
  cases: EvaluationCase[],
  options: { tokens: number; variants: readonly Variant[]; signal: AbortSignal },
  onFigures: (figures: QualityFigures) => void,
): Promise<void> {
  const { tokens, variants, signal } = options;
  const exact = await open(checkpoint, ['f32', 'plain']);
  const references: Reference[] = [];
  for (const evaluation of cases) references.push(await referenceOf(exact, evaluation, tokens));
  await exact.dispose();
  for (const variant of variants) {
    const model = await open(checkpoint, variant);
    const width = model.config.text.vocabSize;
    let sums = { kl: 0, agreeing: 0, positions: 0 };
    for (const [i, evaluation] of cases.entries()) {
      signal.throwIfAborted();
      const { answer, logProbabilities } = references[i] ?? {
        answer: [],
        logProbabilities: new Float32Array(),
      };
      const scores = await model.timeline.score(await promptWith(model, evaluation, answer));
      const part = divergence(logProbabilities, logSoftmaxRows(scores, width), width);
      sums = {
        kl: sums.kl + part.kl,
        agreeing: sums.agreeing + part.agreeing,
        positions: sums.positions + part.positions,
      };
    }
    const { positions } = sums;
    const bytes = model.pack.manifest.totalBytes;
    await model.dispose();
    onFigures({
      weights: variant[0],
      recipe: variant[1],
      isCalibrated: variant[2] !== undefined,
      meanKl: sums.kl / positions,
      top1: sums.agreeing / positions,
      positions,
      bytes,
    });
  }
}

const quality: Command = async ({ argv, out, signal }) => {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      case: { type: 'string' },
      calibration: { type: 'string' },
      tokens: { type: 'string', default: '24' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    out(HELP);
    return;
  }
  const [checkpoint] = positionals;
  const tokens = Number(values.tokens);
  if (!checkpoint || !values.case || !(tokens >= 1)) throw new UsageError('Give SRC and --case FILE.');
  const cases = await readEvaluationCases(resolve(values.case));
  const variants = values.calibration ? [...VARIANTS, await calibrated(values.calibration)] : VARIANTS;
  await measureQuality(resolve(checkpoint), cases, { tokens, variants, signal }, (figures) => {
    out(values.json ? `${JSON.stringify(figures)}\n` : describeFigures(figures));
  });
};

async function calibrated(path: string): Promise<Variant> {
  return ['q4', 'best', await parseCalibration(new Uint8Array(readFileSync(path)), path)];
}

function describeFigures(figures: QualityFigures): string {
  const { weights, recipe, isCalibrated, meanKl, top1, positions, bytes } = figures;
  const name = `${weights} ${isCalibrated ? 'calibrated' : recipe}`;
  const share = (100 * top1).toFixed(2);
  return `${name.padEnd(13)} KL ${meanKl.toFixed(5)}  top-1 ${share} %  ${bytes} bytes  (${positions} positions)\n`;
}

await runInProcess(quality);
