/** Plans a conversion: everything that can be determined and checked before any weights are read. */
import { RoundsError } from '../shared/errors';
import type { ImageProcessorConfig, ModelConfig } from '../shared/modelConfig';
import type { PackManifest, PackSource, PackTensor, Span, TensorDtype } from '../shared/pack';
import { BLOCK_SIZE } from '../shared/pack';
import { tensorBytes } from '../shared/packManifest';
import { checkCalibration } from './calibration';
import type { Calibration, ConversionChoice } from './choice';
import { readAuxiliary, readLicense, type AuxiliaryFile } from './auxiliary';
import { parseConfig } from './config';
import { parsePreprocessor } from './imageProcessor';
import { describeRecipe, tensorDtypes } from './policy';
import { readWeights, type StoredTensor } from './safetensors';
import { alignUp } from './shards';
import type { CheckpointSource } from './source';
import { resolveTie } from './tiedHead';
import { packWeights, resolveParts, type PackWeight } from './weightMap';

export interface PlannedTensor {
  tensor: PackTensor;
  weight: PackWeight;
  parts: StoredTensor[];
}

export interface ConversionPlan {
  name: string;
  model: ModelConfig;
  imageProcessor: ImageProcessorConfig;
  /** The checkpoint does not state how many pixels an image may have: the defaults of transformers hold. */
  usesDefaultLimits: boolean;
  source: PackSource;
  /** `CheckpointSource.stamp`, or empty. */
  stamp: string;
  recipe: PackManifest['recipe'];
  calibration: Calibration | null;
  parameters: number;
  files: (AuxiliaryFile & { span: Span })[];
  tensors: PlannedTensor[];
  totalBytes: number;
}

/**
 * Reads only configuration files, headers, and parts of a stored head that config.json ties to the embedding, then assigns every span of the pack: auxiliary files first, then
 * tensors, each aligned.
 * @throws RoundsError checkpoint_invalid, model_unsupported, download_failed; file_invalid for a calibration that
 *   does not fit
 */
export async function planConversion(
  source: CheckpointSource,
  choice: ConversionChoice,
): Promise<ConversionPlan> {
  try {
    return await plan(source, choice);
  } catch (thrown) {
    // Whatever a stranger's files make the parsers throw, it is about the files.
    throw RoundsError.from(thrown, 'checkpoint_invalid');
  }
}

async function plan(source: CheckpointSource, choice: ConversionChoice): Promise<ConversionPlan> {
  const auxiliary = await readAuxiliary(source);
  const stated = parseConfig(auxiliary.config, auxiliary.generationConfig);
  const images = parsePreprocessor(auxiliary.preprocessorConfig, stated.vision);
  const stored = await readWeights(source);
  const { model, tensors: known } = await resolveTie(stated, stored);
  const weights = packWeights(model);
  const parts = resolveParts(weights, known, stored.missingFiles);
  const layout = new Layout();
  const files = auxiliary.files.map((file) => ({ ...file, span: layout.allocate(file.bytes.length) }));
  const dtypes = tensorDtypes(weights, choice.weights, choice.recipe);
  const calibration = choice.calibration ?? null;
  if (calibration) checkCalibration(calibration, weights, choice);
  const tensors = weights.map((weight, i) => planTensor(weight, dtypes[i] ?? 'f32', parts, layout));
  return {
    name: packName(source.name),
    model,
    imageProcessor: images.config,
    usesDefaultLimits: images.usesDefaultLimits,
    source: {
      repo: source.name,
      revision: source.revision,
      license: await readLicense(source),
      files: stored.files,
    },
    stamp: source.stamp ?? '',
    recipe: describeChoice(choice, weights),
    calibration,
    parameters: countElements([...parts.values()]),
    files,
    tensors,
    totalBytes: layout.end,
  };
}

/** The key order is fixed, as in makeManifest. */
function describeChoice(
  { weights, recipe, calibration }: ConversionChoice,
  tensors: readonly PackWeight[],
): PackManifest['recipe'] {
  const detail = describeRecipe(weights, recipe, tensors);
  if (!calibration) return { weights, recipe, blockSize: BLOCK_SIZE, detail };
  const { sha256 } = calibration;
  return { weights, recipe, blockSize: BLOCK_SIZE, detail: `${detail} ${CALIBRATED}`, calibration: sha256 };
}

const CALIBRATED = 'In the search each input counts as much as it was measured to on calibration data.';

/** Assigns consecutive, aligned spans. */
class Layout {
  end = 0;

  allocate(length: number): Span {
    const offset = alignUp(this.end);
    this.end = offset + length;
    return { offset, length };
  }
}

function planTensor(
  weight: PackWeight,
  dtype: TensorDtype,
  parts: ReadonlyMap<string, StoredTensor>,
  layout: Layout,
): PlannedTensor {
  const bytes = tensorBytes(dtype, weight.shape);
  const data = layout.allocate(bytes.data);
  const tensor: PackTensor = { name: weight.name, dtype, shape: weight.shape, data };
  if (bytes.scales > 0) tensor.scales = layout.allocate(bytes.scales);
  return { tensor, weight, parts: weight.parts.map((part) => mustGet(parts, part.name)) };
}

function mustGet(parts: ReadonlyMap<string, StoredTensor>, name: string): StoredTensor {
  const tensor = parts.get(name);
  if (!tensor) throw new RoundsError('internal', `${name} was not resolved.`);
  return tensor;
}

function countElements(tensors: readonly StoredTensor[]): number {
  return tensors.reduce((sum, { shape }) => sum + shape.reduce((product, dim) => product * dim, 1), 0);
}

/** The last part of `org/name`. */
function packName(repo: string): string {
  return (repo.split('/').at(-1) ?? repo).slice(0, 200) || 'model';
}

/** All spans of the pack's byte stream. Bytes between them are zero. */
export function planSpans({ files, tensors }: ConversionPlan): Span[] {
  return [
    ...files.map(({ span }) => span),
    ...tensors.flatMap(({ tensor: { data, scales } }) => (scales ? [data, scales] : [data])),
  ];
}

/** The manifest of a plan whose shards are known. The key order is fixed, so the same input gives the same bytes. */
export function makeManifest(plan: ConversionPlan, shards: PackManifest['shards']): PackManifest {
  return {
    format: 'rounds-pack',
    version: 1,
    name: plan.name,
    model: plan.model,
    imageProcessor: plan.imageProcessor,
    source: plan.source,
    recipe: plan.recipe,
    parameters: plan.parameters,
    totalBytes: plan.totalBytes,
    files: Object.fromEntries(plan.files.map(({ name, span }) => [name, span])),
    tensors: plan.tensors.map(({ tensor }) => tensor),
    shards,
  };
}
