/**
 * The catalogue: models that the page offers by itself (public/models/catalogue.json). Every field is bounded, so that
 * a damaged file is told from a good one. Fields that are not known here are passed over: a newer catalogue may have
 * more to say, and what it says about the fields below still holds. Another `version` is refused.
 */
import { RoundsError } from './errors';
import { Fields } from './fields';
import type { RecipeOption, WeightsOption } from './pack';
import { PRESET_IDS, type PresetId } from './presets';

export const CATALOGUE_FILE = 'catalogue.json';

export interface CatalogueScore {
  set: string;
  /** Per cent of right answers. */
  value: number;
}

/** Results are comparable within one harness only: prompts, parsers and subsets differ between them. */
export interface CatalogueScores {
  harness: string;
  values: CatalogueScore[];
}

/** What a conversion takes and gives, as the converter plans it for `weights` and `recipe` (4-bit, best). */
export interface CatalogueSizes {
  /** Of the weights; tokenizer and settings add about 10 MB. */
  downloadBytes: number;
  /** Of the weights in the pack; tokenizer and settings add about 10 MB. */
  packBytes: number;
  /** What maxBufferSize and maxStorageBufferBindingSize of the GPU have to allow. */
  largestTensorBytes: number;
}

/** A published checkpoint. `revision` is a commit where one is pinned; else a branch, resolved when it is planned. */
export interface CatalogueCheckpoint {
  repo: string;
  revision: string;
  /** What it was trained for, in a sentence or two. */
  trainedFor: string;
  scores: CatalogueScores[];
  /** Tells variants of one model apart: "RL on m23k". */
  variant: string;
  /** How much each input counts in the search of scales (docs/quantization.md); `url` counts from the catalogue. */
  calibration?: { url: string; sha256: string };
}

export interface CatalogueModel {
  id: string;
  title: string;
  summary: string;
  parameters: number;
  preset: PresetId;
  licence: { name: string; limits: string };
  /** `embedded`: published with the page. `hub`: converted here. `none`: not published; `instead` says what can be done. */
  kind: 'embedded' | 'hub' | 'none';
  weights: WeightsOption;
  recipe: RecipeOption;
  sizes: CatalogueSizes | null;
  /** First: the one to take. One at least for `hub`, none otherwise. */
  checkpoints: CatalogueCheckpoint[];
  instead: string;
}

export interface Catalogue {
  /** What a harness is, by its name in `scores`. */
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
 * @throws RoundsError internal, naming the field and what was expected: the file is published with the page
 */
export function parseCatalogue(json: unknown): Catalogue {
  const root = new Fields(json, CATALOGUE_FILE, fail);
  if (root.get('format') !== 'rounds-catalogue') root.reject('format must be "rounds-catalogue".');
  if (root.get('version') !== 1) root.reject(`version ${String(root.get('version'))} is not known here.`);
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
    model.reject('checkpoints belong to kind "hub" and to it only.');
  const id = model.string('id', 64);
  if (!ID.test(id))
    model.reject(`id ${JSON.stringify(id)} must be lower-case letters, digits, dots and dashes.`);
  const sizes = model.has('sizes') ? parseSizes(model.object('sizes')) : null;
  if (kind === 'hub' && !sizes) model.reject('a model that can be downloaded needs sizes.');
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
  if (!REPO.test(repo)) fields.reject(`repo ${JSON.stringify(repo)} is no org/name.`);
  const revision = fields.string('revision', 200);
  if (!REVISION.test(revision)) fields.reject(`revision ${JSON.stringify(revision)} is no commit or branch.`);
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
    fields.reject(`harness ${JSON.stringify(harness)} is not described.`);
  const values = fields.objects('values', 20).map((value) => ({
    set: value.string('set', 60),
    value: value.number('value', 0, 100),
  }));
  return { harness, values };
}

function fail(message: string): never {
  throw new RoundsError('internal', message);
}
