/**
 * Reads the case file of `infer` and `quality`: one JSON object, a JSON array, or JSON lines. Image paths become URLs
 * under `/case/`, which the command's server maps to the files.
 */
import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { RoundsError } from '../shared/errors';
import { Fields } from '../shared/fields';
import type { HarnessCase, HarnessImage, HarnessMessage, HarnessPart } from '../shared/harness';
import { buildMessages, findPreset, type Options, type Preset } from '../shared/presets';
import type { GenerationSettings } from '../shared/generation';

/** A case, or why it can't be run. */
export type ReadCase = { ok: true; job: HarnessCase } | { ok: false; error: RoundsError };

export interface ReadCases {
  cases: ReadCase[];
  /** URL path → image file. */
  files: Record<string, string>;
}

/** Limits that catch mistakes in the file; the model has its own. */
const MAX_MESSAGES = 1000;
const MAX_PARTS = 1000;
const MAX_TEXT = 1_000_000;
const MAX_TOKENS = 1_000_000;
const MAX_SEED = Number.MAX_SAFE_INTEGER;

const PLANES = ['axial', 'coronal', 'sagittal'] as const;

const GREEDY = { maxNewTokens: 256, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1 };

const refuse = (message: string): never => {
  throw new RoundsError('request_invalid', message);
};

/**
 * An invalid case becomes an error in its place.
 * @param folder image paths are relative to it
 * @throws RoundsError request_invalid if the file has no cases or is not JSON
 */
export function readCases(text: string, folder: string): ReadCases {
  const files: Record<string, string> = {};
  const cases = splitCases(text).map((read, index): ReadCase => {
    try {
      return { ok: true, job: new CaseReader(index, folder, files).read(read()) };
    } catch (thrown) {
      return { ok: false, error: RoundsError.from(thrown, 'request_invalid') };
    }
  });
  if (cases.length === 0) refuse('The case file has no cases.');
  return { cases, files };
}

/** The raw cases. Each JSON line is parsed on its own, so that an invalid one doesn't hide the others. */
function splitCases(text: string): (() => unknown)[] {
  const whole = tryParse(text);
  if (Array.isArray(whole)) return whole.map((value: unknown) => () => value);
  if (whole !== undefined) return [() => whole];
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length < 2 || lines.every((line) => tryParse(line) === undefined)) {
    refuse('The case file is neither JSON nor JSON lines.');
  }
  return lines.map((line, i) => () => tryParse(line) ?? refuse(`Line ${i + 1} is not JSON.`));
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

class CaseReader {
  readonly #index: number;
  readonly #folder: string;
  readonly #files: Record<string, string>;
  #images = 0;

  constructor(index: number, folder: string, files: Record<string, string>) {
    this.#index = index;
    this.#folder = folder;
    this.#files = files;
  }

  read(value: unknown): HarnessCase {
    const fields = new Fields(value, `case ${this.#index + 1}`, refuse);
    const preset = fields.has('preset') ? findPreset(fields.string('preset')) : null;
    if (preset && fields.has('messages')) fields.reject('give messages or a preset, not both.');
    return {
      prompt: { messages: preset ? this.#ask(preset, fields) : this.#messages(fields) },
      settings: readSettings(fields, preset),
      logits: fields.has('logits') ? fields.choice('logits', ['none', 'last', 'all'] as const) : 'none',
      ...(fields.has('forceIds') ? { forceIds: fields.integers('forceIds', MAX_TOKENS, 0, 2 ** 31) } : {}),
      ...(preset ? { preset: { tags: preset.tags, imageLimits: preset.imageLimits } } : {}),
      ...(fields.has('key') ? { grading: readGrading(fields, preset) } : {}),
    };
  }

  #ask(preset: Preset, fields: Fields): HarnessMessage[] {
    const images = fields.has('images') ? fields.array('images', MAX_PARTS) : [];
    return buildMessages(preset, {
      question: fields.string('question', MAX_TEXT),
      options: readOptions(fields),
      images: images.map((entry) => this.#image(...this.#imageEntry(entry))),
    });
  }

  /** `"a.png"`, or an object as in messages: `{ "path": "a.dcm", "frame": 2 }`. */
  #imageEntry(entry: unknown): [Fields, string] {
    const part = new Fields(
      typeof entry === 'string' ? { path: entry } : entry,
      this.#where('images'),
      refuse,
    );
    return [part, imagePath(part)];
  }

  #where(field: string): string {
    return `case ${this.#index + 1}: ${field}`;
  }

  #messages(fields: Fields): HarnessMessage[] {
    return fields.objects('messages', MAX_MESSAGES).map((message) => ({
      role: message.choice('role', ['system', 'user', 'assistant'] as const),
      content:
        typeof message.get('content') === 'string'
          ? message.string('content', MAX_TEXT)
          : message.objects('content', MAX_PARTS).map((part) => this.#part(part)),
    }));
  }

  #part(part: Fields): HarnessPart {
    const type = part.choice('type', ['text', 'image'] as const);
    if (type === 'text') return { type, text: part.string('text', MAX_TEXT) };
    return { type, image: this.#image(part, imagePath(part)) };
  }

  /** Adds the file to `files`; the number tells apart images with the same name. */
  #image(fields: Fields, path: string): HarnessImage {
    const file = resolve(this.#folder, path);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      throw new RoundsError('image_invalid', this.#where(`there is no file ${path}.`));
    }
    const url = `/case/${this.#index}/${this.#images++}`;
    this.#files[url] = file;
    return {
      url: url.slice(1),
      name: basename(file),
      ...(fields.has('frame') ? { frame: fields.integer('frame', 0, 2 ** 31) } : {}),
      ...(fields.has('window') ? { window: readWindow(fields) } : {}),
      ...(fields.has('plane') ? { plane: fields.choice('plane', PLANES) } : {}),
      ...(fields.has('volume') ? { volume: fields.integer('volume', 0, 2 ** 31) } : {}),
    };
  }
}

function imagePath(part: Fields): string {
  return part.string(part.has('path') ? 'path' : 'image');
}

function readWindow(fields: Fields): [number, number] {
  const [center, width, ...rest] = fields.array('window', 2);
  if (typeof center !== 'number' || typeof width !== 'number' || !(width > 0) || rest.length > 0) {
    return fields.reject('window must be [center, width] with a width above 0.');
  }
  return [center, width];
}

function readOptions(fields: Fields): Options {
  if (!fields.has('options')) return {};
  const given = fields.object('options');
  return Object.fromEntries(given.keys().map((letter) => [letter, given.string(letter, MAX_TEXT)]));
}

/** Without a preset, a case is graded like in MedVLThinker's evaluation. */
function readGrading(fields: Fields, preset: Preset | null): HarnessCase['grading'] {
  const options = readOptions(fields);
  const key = fields.string('key');
  if (!Object.hasOwn(options, key)) fields.reject(`the key ${key} is not among the options.`);
  return { preset: preset?.id ?? 'medvlthinker', options, key };
}

/** Defaults are the preset's settings, or greedy decoding. */
function readSettings(fields: Fields, preset: Preset | null): GenerationSettings {
  const usual = preset?.settings ?? GREEDY;
  return {
    maxNewTokens: fields.integer('maxNewTokens', 1, MAX_TOKENS, usual.maxNewTokens),
    temperature: fields.number('temperature', 0, 100, usual.temperature),
    topP: fields.number('topP', 0, 1, usual.topP),
    topK: fields.integer('topK', 0, MAX_TOKENS, usual.topK),
    repetitionPenalty: fields.number('repetitionPenalty', 0.01, 100, usual.repetitionPenalty),
    seed: fields.integer('seed', 0, MAX_SEED, 0),
    ignoreEos: fields.boolean('ignoreEos', false),
  };
}
