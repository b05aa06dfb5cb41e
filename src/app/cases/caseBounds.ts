/** Validates every field of a case from storage or a file: a case that passes can be shown and asked about. */
import { ERROR_CODES, RoundsError } from '../../shared/errors';
import { Fields } from '../../shared/fields';
import { MAX_OPTIONS } from '../../shared/options';
import { PRESET_IDS } from '../../shared/presets';
import { MAX_ROLLOUTS, MIN_ROLLOUTS } from '../../shared/rolloutGroup';
import {
  CASE_VERSION,
  type CaseAsked,
  type CaseEntry,
  type CaseImage,
  type CaseModel,
  type CaseRecord,
} from './caseFormat';
import {
  parseOptionProbabilities,
  parseResult,
  parseRollout,
  parseTiming,
  parseTokens,
} from './resultBounds';

// Far above what a visit produces, and below what would overload the page.
const MAX_IMAGES = 200;
const MAX_ENTRIES = 1_000;
const MAX_TEXT = 2_000_000;
const MAX_QUESTION = 100_000;
const MAX_IMAGE_BYTES = 100_000_000;
const MAX_PIXELS_A_SIDE = 100_000;
const MAX_MS = 1e10;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SHA256_HEX = /^[0-9a-f]{64}$/;
const MIME = /^[a-z]{1,20}\/[a-z0-9.+-]{1,60}$/;
const FORMATS = ['PNG', 'JPEG', 'WebP', 'GIF', 'BMP', 'AVIF', 'TIFF', 'DICOM', 'NIfTI'] as const;

/**
 * @param json a parsed case
 * @param where names the case in error messages
 * @throws RoundsError case_invalid, naming the field and the reason
 */
export function parseCase(json: unknown, where = 'the case'): CaseRecord {
  const root = new Fields(json, where, failCase);
  checkVersion(root, CASE_VERSION);
  const images = root.objects('images', MAX_IMAGES).map(parseImage);
  const known = new Set<string>();
  return {
    version: CASE_VERSION,
    id: uuid(root, 'id'),
    title: root.string('title', MAX_QUESTION),
    notes: root.string('notes', MAX_TEXT),
    createdAt: time(root, 'createdAt'),
    changedAt: time(root, 'changedAt'),
    images,
    entries: root.objects('entries', MAX_ENTRIES).map((fields) => {
      const entry = parseEntry(fields, images.length);
      if (known.has(entry.uid)) fields.reject(`uid ${entry.uid} occurs twice.`);
      if (entry.parent !== null && !known.has(entry.parent))
        fields.reject('parent must be an earlier answer.');
      // Rollouts are not part of a conversation: nothing can follow them.
      if (entry.kind === 'answer') known.add(entry.uid);
      return entry;
    }),
  };
}

/** Rejects data written by a newer version of the page, with a message that says so. */
export function checkVersion(root: Fields, newest: number): void {
  const version = root.integer('version', 1, Number.MAX_SAFE_INTEGER);
  if (version > newest) {
    root.reject(
      `version ${version} was written by a newer version of this page; this one reads versions up to ${newest}.`,
    );
  }
}

export function failCase(message: string): never {
  throw new RoundsError('case_invalid', message);
}

function parseImage(image: Fields): CaseImage {
  const sha256 = image.string('sha256', 64);
  if (!SHA256_HEX.test(sha256)) image.reject('sha256 must be 64 lower-case hexadecimal digits.');
  const type = image.string('type', 100);
  if (!MIME.test(type)) image.reject('type must be a MIME type.');
  return {
    sha256,
    type,
    bytes: image.integer('bytes', 1, MAX_IMAGE_BYTES),
    name: image.string('name', 300),
    format: image.choice('format', FORMATS),
    width: image.integer('width', 1, MAX_PIXELS_A_SIDE),
    height: image.integer('height', 1, MAX_PIXELS_A_SIDE),
    isRendered: image.boolean('isRendered'),
    identifying: strings(image, 'identifying', 500, 300),
    ...(image.has('frame') ? { frame: image.integer('frame', 0, 1_000_000) } : {}),
    ...(image.has('window') ? { window: windowOf(image) } : {}),
    ...(image.has('plane')
      ? { plane: image.choice('plane', ['axial', 'coronal', 'sagittal'] as const) }
      : {}),
    ...(image.has('volume') ? { volume: image.integer('volume', 0, 1_000_000) } : {}),
  };
}

function windowOf(image: Fields): [number, number] {
  const [center, width, ...more] = image.numbers('window', 2, -1e12, 1e12);
  if (center === undefined || width === undefined || more.length > 0 || width <= 0) {
    return image.reject('window must be a center and a positive width.');
  }
  return [center, width];
}

function parseEntry(entry: Fields, images: number): CaseEntry {
  const common = {
    uid: uuid(entry, 'uid'),
    parent: entry.has('parent') ? uuid(entry, 'parent') : null,
    askedAt: time(entry, 'askedAt'),
    asked: parseAsked(entry.object('asked'), images),
    status: entry.choice('status', ['done', 'stopped', 'failed'] as const),
    error: entry.has('error') ? parseError(entry.object('error')) : null,
    elapsedMs: entry.number('elapsedMs', 0, MAX_MS),
    model: entry.has('model') ? parseModel(entry.object('model')) : null,
  };
  if (entry.choice('kind', ['answer', 'rollouts'] as const) === 'rollouts') {
    return { ...common, kind: 'rollouts', ...parseRollouts(entry) };
  }
  return {
    ...common,
    kind: 'answer',
    thinking: entry.string('thinking', MAX_TEXT),
    answer: entry.string('answer', MAX_TEXT),
    tokens: entry.integer('tokens', 0, 1e9),
    firstTokenMs: numberOrNull(entry, 'firstTokenMs', 0, MAX_MS),
    thinkingMs: numberOrNull(entry, 'thinkingMs', 0, MAX_MS),
    result: entry.has('result') ? parseResult(entry.object('result')) : null,
    probabilities: parseTokens(entry, 'probabilities'),
    optionProbabilities: parseOptionProbabilities(entry, 'optionProbabilities'),
    verdict: entry.has('verdict') ? parseVerdict(entry.object('verdict')) : null,
  };
}

function parseRollouts(entry: Fields) {
  const count = entry.integer('count', MIN_ROLLOUTS, MAX_ROLLOUTS);
  const rollouts = entry.objects('rollouts', count).map(parseRollout);
  const places = new Set(rollouts.map(({ index }) => index));
  if (places.size < rollouts.length || rollouts.some(({ index }) => index >= count)) {
    entry.reject('every rollout needs a unique index below count.');
  }
  const result = entry.has('result') ? entry.object('result') : null;
  return {
    count,
    rollouts,
    temperature: entry.number('temperature', 0, 100),
    result: result && {
      promptTokens: result.integer('promptTokens', 0, 1e9),
      cachedTokens: result.integer('cachedTokens', 0, 1e9),
      contextAvailable: result.integer('contextAvailable', 0, 1e9),
      timing: parseTiming(result.object('timing')),
    },
  };
}

function parseAsked(asked: Fields, imageCount: number): CaseAsked {
  const options = strings(asked, 'options', MAX_OPTIONS, MAX_QUESTION);
  const sampling = asked.object('sampling');
  return {
    question: asked.string('question', MAX_QUESTION),
    options,
    key: asked.has('key') ? asked.integer('key', 0, options.length - 1) : null,
    presetId: asked.choice('presetId', PRESET_IDS),
    ...(asked.has('maxPixels') ? { maxPixels: asked.integer('maxPixels', 1, 1 << 30) } : {}),
    sampling: {
      maxNewTokens: sampling.has('maxNewTokens') ? sampling.integer('maxNewTokens', 1, 1_000_000) : null,
      temperature: numberOrNull(sampling, 'temperature', 0, 100),
      topP: numberOrNull(sampling, 'topP', 0, 1),
      topK: sampling.has('topK') ? sampling.integer('topK', 0, 10_000_000) : null,
      repetitionPenalty: numberOrNull(sampling, 'repetitionPenalty', 0, 100),
      seed: sampling.integer('seed', 0, Number.MAX_SAFE_INTEGER),
    },
    images: asked.integers('images', MAX_IMAGES, 0, imageCount - 1),
  };
}

function parseError(error: Fields): CaseEntry['error'] {
  return { code: error.choice('code', ERROR_CODES), message: error.string('message', 10_000) };
}

function parseModel(model: Fields): CaseModel {
  const source = model.object('source');
  const device = model.object('device');
  const selfTest = device.object('selfTest');
  return {
    name: model.string('name', 300),
    packHash: model.string('packHash', 64),
    parameters: model.integer('parameters', 0, Number.MAX_SAFE_INTEGER),
    weights: model.string('weights', 300),
    source: {
      repo: source.string('repo', 300),
      revision: source.stringOrNull('revision', 200),
      license: source.stringOrNull('license', 200),
    },
    device: {
      backend: device.choice('backend', ['webgpu', 'wasm'] as const),
      adapter: device.string('adapter', 1_000),
      ...(device.has('threads') ? { threads: device.integer('threads', 1, 10_000) } : {}),
      features: strings(device, 'features', 200, 200),
      activations: device.choice('activations', ['f16', 'f32'] as const),
      software: device.boolean('software'),
      selfTest: {
        status: selfTest.choice('status', ['passed', 'kept', 'none'] as const),
        milliseconds: selfTest.number('milliseconds', 0, MAX_MS),
      },
    },
  };
}

function parseVerdict(verdict: Fields) {
  return {
    chosen: verdict.has('chosen') ? verdict.integer('chosen', 0, MAX_OPTIONS) : null,
    correct: verdict.has('correct') ? verdict.boolean('correct') : null,
    format: verdict.number('format', 0, 10),
    accuracy: verdict.number('accuracy', 0, 10),
    reward: verdict.number('reward', 0, 10),
  };
}

function strings(fields: Fields, name: string, most: number, maxLength: number): string[] {
  return fields.array(name, most).map((value) => {
    if (typeof value === 'string' && value.length <= maxLength) return value;
    return fields.reject(`${name} must be strings of at most ${maxLength} characters.`);
  });
}

function numberOrNull(fields: Fields, name: string, min: number, max: number): number | null {
  return fields.has(name) ? fields.number(name, min, max) : null;
}

function uuid(fields: Fields, name: string): string {
  const value = fields.string(name, 36);
  return UUID.test(value) ? value : fields.reject(`${name} must be a UUID in lower case.`);
}

function time(fields: Fields, name: string): string {
  const value = fields.string(name, 40);
  const parsed = new Date(value);
  // Times are compared as strings, so they must have one form.
  if (!Number.isNaN(parsed.getTime()) && parsed.toISOString() === value) return value;
  return fields.reject(`${name} must be a time in UTC, like 2026-01-31T12:00:00.000Z.`);
}
