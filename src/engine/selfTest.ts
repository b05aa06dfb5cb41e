/**
 * Known answers stored in a pack: a short prompt with a generated image and one without, with the greedy ids and the
 * largest logits computed in float32 when the pack was made. A device whose results differ by more than its activation
 * type explains must not be used: its output would be gibberish or, worse, plausible but wrong.
 */
import type { SelfTest, SelfTestCase } from '../shared/pack';
import type { GenerateParams, GenerateResult, GenerationSettings } from '../shared/generation';
import type { ActivationType, SelfTestDetail } from '../shared/device';
import { generate } from './generate';
import type { EngineModel } from './model';
import type { Clock } from './ports';
import type { RgbImage } from './preprocess/resample';

const TOP = 8;
const PROMPT = 'What kind of image is this?';
/** In pixels. Wider than one attention window and not a multiple of 28, to test resize, windows and full attention. */
const IMAGE = { width: 173, height: 121 };
/**
 * Largest allowed difference of a top logit, in standard deviations of the logits. On the reference checkpoints,
 * reordered float32 sums stay below 1e-4 and float16 below 0.02; the faulty prefill kernel of software adapters gives
 * about 1.
 */
const LIMITS: Record<ActivationType, number> = { f32: 0.005, f16: 0.1 };

export interface SelfTestVerdict {
  ok: boolean;
  /** What was compared, or what differs. */
  detail: SelfTestDetail;
  milliseconds: number;
}

/** Runs the cases and records the answers, when a pack is made. The model must use float32. */
export async function recordSelfTest(model: EngineModel, clock: Clock): Promise<SelfTest> {
  const cases: SelfTestCase[] = [];
  for (const image of [IMAGE, null]) {
    const result = await runCase(model, { prompt: PROMPT, image }, null, clock);
    const first = result.logits[0] ?? new Float32Array();
    cases.push({
      prompt: PROMPT,
      image,
      promptTokens: result.promptIds.length,
      ids: result.newIds,
      margins: result.logits.map((logits) => round(marginOf(logits))),
      top: largest(first).map((id) => ({ id, logit: round(first[id] ?? 0) })),
      std: round(standardDeviation(first)),
    });
  }
  return { version: 1, cases };
}

/** Runs the cases of `selfTest` on the loaded model and compares. Differences are in the verdict, not thrown. */
export async function runSelfTest(
  model: EngineModel,
  selfTest: SelfTest,
  clock: Clock,
): Promise<SelfTestVerdict> {
  const start = clock();
  const limit = LIMITS[model.backend.activations];
  let worst = 0;
  for (const known of selfTest.cases) {
    const result = await runCase(model, known, known.ids, clock);
    const difference = compareCase(result, known, limit);
    worst = Math.max(worst, difference.worst);
    if (difference.problem) {
      return { ok: false, detail: difference.problem, milliseconds: clock() - start };
    }
  }
  const detail: SelfTestDetail = { code: 'reproduced', params: { worst, limit } };
  return { ok: true, detail, milliseconds: clock() - start };
}

/** In English, for errors and reports. */
export function describeSelfTest(detail: SelfTestDetail): string {
  const what =
    'withImage' in detail.params && detail.params.withImage ? 'about a test image' : 'without an image';
  switch (detail.code) {
    case 'reproduced': {
      const { worst, limit } = detail.params;
      return `Known answers reproduced; largest difference ${worst.toExponential(1)} of ${limit} allowed.`;
    }
    case 'prompt_length': {
      const { tokens, expected } = detail.params;
      return `The prompt ${what} has ${tokens} tokens instead of ${expected}.`;
    }
    case 'prediction_off': {
      const off = detail.params.deviations?.toPrecision(2) ?? 'infinitely many';
      return `The first prediction ${what} is off by ${off} standard deviations.`;
    }
    case 'token_differs':
      return `Token ${detail.params.token} ${what} differs.`;
  }
}

function compareCase(
  result: GenerateResult,
  known: SelfTestCase,
  limit: number,
): { worst: number; problem: SelfTestDetail | null } {
  const logits = result.logits[0] ?? new Float32Array();
  const withImage = known.image !== null;
  const { length: tokens } = result.promptIds;
  if (tokens !== known.promptTokens) {
    const params = { withImage, tokens, expected: known.promptTokens };
    return { worst: Infinity, problem: { code: 'prompt_length', params } };
  }
  const offsets = known.top.map(({ id, logit }) => Math.abs((logits[id] ?? NaN) - logit) / known.std);
  const worst = offsets.some(Number.isNaN) ? Infinity : Math.max(...offsets);
  if (worst > limit) {
    const deviations = Number.isFinite(worst) ? worst : null;
    return { worst, problem: { code: 'prediction_off', params: { withImage, deviations } } };
  }
  // If two tokens are nearly equal, rounding may choose either.
  const wrong = known.ids.findIndex(
    (id, step) => result.newIds[step] !== id && (known.margins[step] ?? 0) > 2 * limit * known.std,
  );
  const problem: SelfTestDetail | null =
    wrong < 0 ? null : { code: 'token_differs', params: { withImage, token: wrong + 1 } };
  return { worst, problem };
}

function runCase(
  model: EngineModel,
  { prompt, image }: Pick<SelfTestCase, 'prompt' | 'image'>,
  forceIds: number[] | null,
  clock: Clock,
): Promise<GenerateResult> {
  const settings: GenerationSettings = {
    maxNewTokens: forceIds?.length ?? (image ? 4 : 2),
    temperature: 0,
    topP: 1,
    topK: 0,
    repetitionPenalty: 1,
    seed: 1,
    ignoreEos: true,
  };
  const picture = { type: 'image' as const, image: { blob: new Blob(), name: 'test pattern' } };
  const params: GenerateParams = {
    messages: [{ role: 'user', content: [...(image ? [picture] : []), { type: 'text', text: prompt }] }],
    settings,
    logits: 'all',
    ...(forceIds ? { forceIds } : {}),
  };
  const images = image ? [testPattern(image.width, image.height)] : [];
  const signal = new AbortController().signal;
  return generate(model, params, { images, decodeMs: 0, startedMs: clock() }, { signal, clock });
}

/** Colour gradients with a disc: smooth and sharp parts, and no two equal patches. */
function testPattern(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  const radius = Math.min(width, height) / 3;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < radius ** 2;
      const at = (y * width + x) * 3;
      data[at] = inside ? 230 : Math.floor((255 * x) / width);
      data[at + 1] = Math.floor((255 * y) / height);
      data[at + 2] = inside ? 40 : (x * 7 + y * 3) % 256;
    }
  }
  return { width, height, data };
}

function largest(logits: Float32Array): number[] {
  const ids = Array.from(logits, (_, id) => id);
  return ids.sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0)).slice(0, TOP);
}

function marginOf(logits: Float32Array): number {
  const [first = 0, second = 0] = largest(logits);
  return (logits[first] ?? 0) - (logits[second] ?? 0);
}

function standardDeviation(values: Float32Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** Rounds to four decimals: far more precise than any limit, and short in the manifest. */
function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
