/** Compares each stage of a result with its reference, within the limits of models/goldens/README.md. */
import type { GenerateResult } from '../../shared/generation';
import { differences, LIMITS, type Activations, type Differences } from './differences';
import type { GoldenCase, GoldenFolder, GoldenTensor } from './goldenFolder';

/** Largest absolute difference of pixel values, given the same resized bytes. */
const PIXEL_LIMIT = 1e-5;

export interface StageResult {
  stage: string;
  ok: boolean;
  detail: string;
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

/** The resized bytes of each image must have the reference's SHA-256. */
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

/** `result` was made with the reference's ids as `forceIds`: each step's own choice must agree unless the margin is small. */
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
