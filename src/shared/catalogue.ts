/**
 * The catalogue of models that the page offers (public/models/catalogue.json). Every field is bounded, so that a
 * damaged file is detected. Unknown fields are ignored, so a newer catalogue with additional fields still works.
 * Another `version` is refused.
 */
import { RoundsError } from './errors';
import { Fields } from './fields';
import type { RecipeOption, WeightsOption } from './pack';
import { PRESET_IDS, type PresetId } from './presets';

export const CATALOGUE_FILE = 'catalogue.json';

export interface CatalogueScore {
  set: string;
  /** Percentage of right answers. */
  value: number;
}

/** Scores are comparable within one harness only: prompts, parsers and subsets differ between harnesses. */
export interface CatalogueScores {
  harness: string;
  values: CatalogueScore[];
}

/** Sizes in bytes, as planned by the converter for the model's `weights` and `recipe`. */
export interface CatalogueSizes {
  /** Weights in the checkpoint; tokenizer and settings add about 10 MB. */
  downloadBytes: number;
  /** Weights in the pack; tokenizer and settings add about 10 MB. */
  packBytes: number;
  /** The GPU's maxBufferSize and maxStorageBufferBindingSize must be at least this. */
  largestTensorBytes: number;
}

/** A published checkpoint. `revision` is a pinned commit, or a branch that is resolved when the download is planned. */
export interface CatalogueCheckpoint {
  repo: string;
  revision: string;
  /** What it was trained for, in one or two sentences. */
  trainedFor: string;
  scores: CatalogueScores[];
  /** Distinguishes the variants of one model: "RL on m23k". */
  variant: string;
  /** The importance of inputs in the scale search (docs/quantization.md). `url` is relative to the catalogue. */
  calibration?: { url: string; sha256: string };
}

export interface CatalogueModel {
  id: string;
  title: string;
  summary: string;
  parameters: number;
  preset: PresetId;
  licence: { name: string; limits: string };
  /** `embedded`: part of the page. `hub`: converted in the browser. `none`: not published; see `instead`. */
  kind: 'embedded' | 'hub' | 'none';
  weights: WeightsOption;
  recipe: RecipeOption;
  sizes: CatalogueSizes | null;
  /** The recommended one first. At least one for `hub`, otherwise none. */
  checkpoints: CatalogueCheckpoint[];
  /** What to use instead of a model that is not published; else empty. */
  instead: string;
}

export interface Catalogue {
  /** Description of each harness, by its name in `scores`. */
  harnesses: Record<string, string>;
  models: CatalogueModel[];
}

const MAX_MODELS = 200;
const MAX_CHECKPOINTS = 50;
const MAX_BYTES = 2 ** 40;
const ID = /^[a-z0-9][a-z0-9.-]{0,63}$/;
const REPO = /^[\w][\w.-]{0,95}\/[\w][\w.-]{0,95}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const REVISION = /^[\w][\w./-]{0,199}$/;

/**
 * @param json the parsed content of catalogue.json
 * @throws RoundsError internal, naming the field and what was expected: the file is part of the page
 */
export function parseCatalogue(json: unknown): Catalogue {
  const root = new Fields(json, CATALOGUE_FILE, fail);
  if (root.get('format') !== 'rounds-catalogue') root.reject('format must be "rounds-catalogue".');
  if (root.get('version') !== 1)
    root.reject(`version ${String(root.get('version'))} is not supported; update the page.`);
  const names = root.object('harnesses');
  const harnesses = Object.fromEntries(names.keys().map((name) => [name, names.string(name, 1000)]));
  const models = root.objects('models', MAX_MODELS).map((model) => parseModel(model, harnesses));
  const ids = new Set(models.map(({ id }) => id));
  if (ids.size !== models.length) root.reject('two models have the same id.');
  return { harnesses, models };
}

function parseModel(model: Fields, harnesses: Record<string, string>): CatalogueModel {
  const kind = model.choice('kind', ['embedded', 'hub', 'none'] as const);
  const checkpoints = model
    .objects('checkpoints', MAX_CHECKPOINTS)
    .map((checkpoint) => parseCheckpoint(checkpoint, harnesses));
  if ((kind === 'hub') !== checkpoints.length > 0)
    model.reject('kind "hub" requires checkpoints; other kinds must not have any.');
  const id = model.string('id', 64);
  if (!ID.test(id))
    model.reject(`id ${JSON.stringify(id)} must be lower-case letters, digits, dots and dashes.`);
  const sizes = model.has('sizes') ? parseSizes(model.object('sizes')) : null;
  if (kind === 'hub' && !sizes) model.reject('a model of kind "hub" needs sizes.');
  const licence = model.object('licence');
  return {
    id,
    title: model.string('title', 100),
    summary: model.string('summary', 1000),
    parameters: model.integer('parameters', 0, 1e13),
    preset: model.choice('preset', PRESET_IDS),
    licence: { name: licence.string('name', 100), limits: licence.string('limits', 1000) },
    kind,
    weights: model.choice('weights', ['q4', 'q8', 'f16', 'f32'] as const),
    recipe: model.choice('recipe', ['plain', 'best'] as const),
    sizes,
    checkpoints,
    instead: model.stringOrNull('instead', 1000) ?? '',
  };
}

function parseSizes(sizes: Fields): CatalogueSizes {
  return {
    downloadBytes: sizes.integer('downloadBytes', 0, MAX_BYTES),
    packBytes: sizes.integer('packBytes', 1, MAX_BYTES),
    largestTensorBytes: sizes.integer('largestTensorBytes', 1, MAX_BYTES),
  };
}

function parseCheckpoint(fields: Fields, harnesses: Record<string, string>): CatalogueCheckpoint {
  const repo = fields.string('repo', 200);
  if (!REPO.test(repo)) fields.reject(`repo ${JSON.stringify(repo)} must have the form org/name.`);
  const revision = fields.string('revision', 200);
  if (!REVISION.test(revision))
    fields.reject(`revision ${JSON.stringify(revision)} must be a commit or branch.`);
  return {
    repo,
    revision,
    variant: fields.string('variant', 60),
    trainedFor: fields.string('trainedFor', 1000),
    scores: fields.objects('scores', 10).map((scores) => parseScores(scores, harnesses)),
    ...(fields.has('calibration') ? { calibration: parseCalibration(fields.object('calibration')) } : {}),
  };
}

function parseCalibration(fields: Fields): { url: string; sha256: string } {
  const sha256 = fields.string('sha256', 64);
  if (!SHA256.test(sha256)) fields.reject('sha256 must be 64 hexadecimal digits.');
  return { url: fields.string('url', 2000), sha256 };
}

function parseScores(fields: Fields, harnesses: Record<string, string>): CatalogueScores {
  const harness = fields.string('harness', 100);
  if (!Object.hasOwn(harnesses, harness))
    fields.reject(`harness ${JSON.stringify(harness)} is missing from harnesses.`);
  const values = fields.objects('values', 20).map((value) => ({
    set: value.string('set', 60),
    value: value.number('value', 0, 100),
  }));
  return { harness, values };
}

function fail(message: string): never {
  throw new RoundsError('internal', message);
}
