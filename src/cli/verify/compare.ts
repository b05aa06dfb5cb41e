/** How far a result is from its reference, stage by stage, against the limits of the reference's README. */
import type { GenerateResult } from '../../shared/generation';
import type { GoldenCase, GoldenFolder, GoldenTensor } from '../../../models/goldens/goldenFolder';

export type Activations = 'f32' | 'f16';

/** relRmse: rms(a − b) / std(reference). margin: greedy ids must agree wherever the reference's margin is larger. */
export const LIMITS: Record<
  Activations,
  { features: number; logits: number; logitsAbs: number; margin: number }
> = {
  f32: { features: 1e-4, logits: 1e-4, logitsAbs: 1e-3, margin: 0.002 },
  f16: { features: 0.005, logits: 0.01, logitsAbs: 0.1, margin: 0.05 },
};
/** Pixel values of the same resized bytes. */
const PIXEL_LIMIT = 1e-5;

export interface StageResult {
  stage: string;
  ok: boolean;
  detail: string;
}

export interface Differences {
  maxAbs: number;
  relRmse: number;
}

/** @param values compared at `indices` of the whole, or everywhere when there are none */
export function differences(
  values: Float32Array,
  reference: ArrayLike<number>,
  indices?: number[],
): Differences {
  let maxAbs = 0;
  let squares = 0;
  let mean = 0;
  for (let i = 0; i < reference.length; i++) mean += (reference[i] ?? 0) / reference.length;
  let variance = 0;
  for (let i = 0; i < reference.length; i++) {
    const expected = reference[i] ?? 0;
    const difference = Math.abs((values[indices ? (indices[i] ?? -1) : i] ?? NaN) - expected);
    // NaN compares as false with everything: it must not pass as "no difference".
    if (!(difference <= maxAbs)) maxAbs = Number.isNaN(difference) ? Infinity : difference;
    squares += difference ** 2;
    variance += (expected - mean) ** 2;
  }
  const relRmse = Math.sqrt(squares / variance);
  return { maxAbs, relRmse: Number.isNaN(relRmse) ? Infinity : relRmse };
}

/** Prompt text, ids, grids, positions and rope delta must be identical. */
export function comparePrompt(result: GenerateResult, golden: GoldenCase): StageResult {
  const pairs: [string, unknown, unknown][] = [
    ['prompt', result.prompt, golden.prompt],
    ['ids', result.promptIds, golden.input_ids],
    ['grids', result.imageGridThw, golden.image_grid_thw],
    ['positions', result.positionIds, golden.position_ids],
    ['rope delta', result.ropeDelta, golden.rope_delta],
  ];
  const wrong = pairs.filter(([, a, b]) => JSON.stringify(a) !== JSON.stringify(b)).map(([name]) => name);
  const detail =
    wrong.length === 0
      ? `${golden.input_ids.length} ids, grids, positions and rope delta identical`
      : `differ: ${wrong.join(', ')}`;
  return { stage: 'prompt', ok: wrong.length === 0, detail };
}

/** SHA-256 of the resized bytes, image by image. */
export function compareResized(
  result: GenerateResult,
  golden: GoldenCase,
  folder: GoldenFolder,
): StageResult {
  const expected = golden.images.map(
    (path) => folder.manifest.images[path.split('/').pop() ?? '']?.resized_sha256,
  );
  const equal = result.images.filter((image, i) => image.resizedSha256 === expected[i]).length;
  return {
    stage: 'resize',
    ok: equal === expected.length && result.images.length === expected.length,
    detail: `${equal} of ${expected.length} images equal to the byte`,
  };
}

export function comparePixels(values: Float32Array, tensor: GoldenTensor, folder: GoldenFolder): StageResult {
  const { maxAbs, count } = compareTensor(values, tensor, folder);
  return {
    stage: 'pixels',
    ok: maxAbs <= PIXEL_LIMIT,
    detail: `max ${maxAbs.toExponential(2)} over ${count} values`,
  };
}

export function compareFeatures(
  values: Float32Array,
  tensor: GoldenTensor,
  folder: GoldenFolder,
  activations: Activations,
): StageResult {
  const { maxAbs, relRmse, count } = compareTensor(values, tensor, folder);
  const detail = `rel RMSE ${relRmse.toExponential(2)}, max ${maxAbs.toExponential(2)} over ${count} values`;
  return { stage: 'vision', ok: relRmse <= LIMITS[activations].features, detail };
}

function compareTensor(
  values: Float32Array,
  { shape, file, samples }: GoldenTensor,
  folder: GoldenFolder,
): Differences & { count: number } {
  const size = shape.reduce((a, b) => a * b, 1);
  if (values.length !== size) return { maxAbs: Infinity, relRmse: Infinity, count: values.length };
  if (file) return { ...differences(values, folder.npy(file)), count: size };
  return { ...differences(values, samples.value, samples.index), count: samples.index.length };
}

export function compareLogits(
  result: GenerateResult,
  golden: GoldenCase,
  folder: GoldenFolder,
  activations: Activations,
): StageResult {
  const limits = LIMITS[activations];
  const { maxAbs, relRmse } = differences(
    Float32Array.from(result.logits[0] ?? []),
    folder.npy(golden.logits.file),
  );
  return {
    stage: 'logits',
    ok: relRmse <= limits.logits && maxAbs <= limits.logitsAbs,
    detail: `rel RMSE ${relRmse.toExponential(2)}, max ${maxAbs.toExponential(2)}`,
  };
}

/** The case was run with the reference's ids fed back; each step's own choice must agree where the margin counts. */
export function compareGreedy(
  result: GenerateResult,
  golden: GoldenCase,
  activations: Activations,
): StageResult {
  const { token_ids: ids, margin } = golden.greedy;
  const differing = ids.flatMap((id, step) => (result.newIds[step] === id ? [] : [margin[step] ?? Infinity]));
  const agree = ids.length - differing.length;
  const ok = differing.every((value) => value <= LIMITS[activations].margin);
  const note =
    differing.length > 0 ? `, largest margin that differs ${Math.max(...differing).toFixed(4)}` : '';
  return { stage: 'greedy', ok, detail: `${agree} of ${ids.length} ids agree${note}` };
}
