/** Parses and checks pack.json, before anything else in a pack is used (docs/pack-format.md). */
import { RoundsError } from './errors';
import { Fields } from './fields';
import { parseImageProcessor, parseModelConfig } from './modelBounds';
import {
  BLOCK_SIZE,
  SHARD_BYTES,
  type PackManifest,
  type PackShard,
  type PackSource,
  type PackTensor,
  type SelfTest,
  type Span,
  type TensorDtype,
} from './pack';

// A 72B model has fewer than 2,000 tensors; 4096 shards are 64 GiB. Anything larger is not a valid pack.
const MAX_TENSORS = 20_000;
const MAX_SHARDS = 4_096;
const MAX_DIM = 100_000_000;
const MAX_SELF_TEST = 64;
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const SHA256_HEX = /^[0-9a-f]{64}$/;

/**
 * @param json the parsed content of pack.json
 * @throws RoundsError pack_invalid, naming the field and the reason
 */
export function parseManifest(json: unknown): PackManifest {
  const root = new Fields(json, 'pack.json', fail);
  if (root.get('format') !== 'rounds-pack')
    root.reject('format must be "rounds-pack"; this is not a model pack.');
  if (root.get('version') !== 1) {
    root.reject(
      `version ${JSON.stringify(root.get('version')) ?? ''} is not supported. Update the app, or convert the model again.`,
    );
  }
  const totalBytes = root.integer('totalBytes', 1, MAX_SHARDS * SHARD_BYTES);
  return {
    format: 'rounds-pack',
    version: 1,
    name: root.string('name', 200),
    model: parseModelConfig(root.get('model'), 'pack.json: model', fail),
    imageProcessor: parseImageProcessor(root.get('imageProcessor'), 'pack.json: imageProcessor', fail),
    source: parseSource(root.object('source')),
    recipe: parseRecipe(root.object('recipe')),
    parameters: root.integer('parameters', 1, Number.MAX_SAFE_INTEGER),
    totalBytes,
    files: parseFiles(root.object('files'), totalBytes),
    tensors: parseTensors(root, totalBytes),
    shards: parseShards(root, totalBytes),
    ...(root.has('selfTest') ? { selfTest: parseSelfTest(root.object('selfTest')) } : {}),
  };
}

/**
 * Bytes of a tensor's `data` and `scales` spans; `scales` is 0 for f16 and f32.
 * @param shape any for f16 and f32; [N, K] with K a multiple of 32 for q4 and q8
 */
export function tensorBytes(dtype: TensorDtype, shape: readonly number[]): { data: number; scales: number } {
  const elements = shape.reduce((product, dim) => product * dim, 1);
  switch (dtype) {
    case 'f32':
      return { data: elements * 4, scales: 0 };
    case 'f16':
      return { data: elements * 2, scales: 0 };
    case 'q8':
      return { data: elements, scales: (elements / BLOCK_SIZE) * 2 };
    case 'q4':
      return { data: elements / 2, scales: (elements / BLOCK_SIZE) * 2 };
  }
}

function parseSelfTest(selfTest: Fields): SelfTest {
  selfTest.integer('version', 1, 1);
  const cases = selfTest.objects('cases', MAX_SELF_TEST).map((known) => ({
    prompt: known.string('prompt', 1000),
    image: known.get('image') === undefined ? null : parseSize(known.object('image')),
    promptTokens: known.integer('promptTokens', 1, 100_000),
    ids: known.integers('ids', MAX_SELF_TEST, 0, MAX_DIM),
    margins: known.numbers('margins', MAX_SELF_TEST, 0, 1e6),
    top: known.objects('top', MAX_SELF_TEST).map((entry) => ({
      id: entry.integer('id', 0, MAX_DIM),
      logit: entry.number('logit', -1e6, 1e6),
    })),
    std: known.number('std', 0, 1e6),
  }));
  if (!selfTest.has('layers')) return { version: 1, cases };
  const layers = selfTest.object('layers');
  const counts = { text: layers.integer('text', 1, 1000), vision: layers.integer('vision', 1, 1000) };
  return { version: 1, layers: counts, cases };
}

function parseSize(size: Fields): { width: number; height: number } {
  return { width: size.integer('width', 1, 2000), height: size.integer('height', 1, 2000) };
}

function fail(message: string): never {
  throw new RoundsError('pack_invalid', message);
}

function parseSource(source: Fields): PackSource {
  return {
    repo: source.string('repo', 300),
    revision: source.stringOrNull('revision', 200),
    license: source.stringOrNull('license', 200),
    files: source.objects('files', MAX_SHARDS).map((file) => ({
      name: file.string('name', 300),
      size: file.integer('size', 0, Number.MAX_SAFE_INTEGER),
    })),
  };
}

function parseRecipe(recipe: Fields): PackManifest['recipe'] {
  return {
    weights: recipe.choice('weights', ['q4', 'q8', 'f16', 'f32'] as const),
    recipe: recipe.choice('recipe', ['plain', 'best'] as const),
    blockSize: recipe.choice('blockSize', [BLOCK_SIZE] as const),
    detail: recipe.string('detail', 2_000),
    ...(recipe.has('calibration') ? { calibration: recipe.string('calibration', 64) } : {}),
  };
}

function parseSpan(span: Fields, totalBytes: number): Span {
  const offset = span.integer('offset', 0, totalBytes);
  const length = span.integer('length', 0, totalBytes);
  if (offset + length > totalBytes) {
    span.reject(`the span ends at byte ${offset + length}, but the pack has only ${totalBytes}.`);
  }
  return { offset, length };
}

function parseFiles(files: Fields, totalBytes: number): Record<string, Span> {
  const result: Record<string, Span> = {};
  for (const name of files.keys()) {
    if (!FILE_NAME.test(name)) files.reject(`${JSON.stringify(name)} is not a plain file name.`);
    result[name] = parseSpan(files.object(name), totalBytes);
  }
  return result;
}

function parseTensors(root: Fields, totalBytes: number): PackTensor[] {
  const names = new Set<string>();
  return root.objects('tensors', MAX_TENSORS).map((fields) => {
    const tensor = parseTensor(fields, totalBytes);
    if (names.has(tensor.name)) fields.reject(`${tensor.name} is listed twice.`);
    names.add(tensor.name);
    return tensor;
  });
}

function parseTensor(fields: Fields, totalBytes: number): PackTensor {
  const name = fields.string('name', 200);
  const dtype = fields.choice('dtype', ['q4', 'q8', 'f16', 'f32'] as const);
  const shape = fields.integers('shape', 8, 1, MAX_DIM);
  const isQuantized = dtype === 'q4' || dtype === 'q8';
  if (isQuantized && (shape.length !== 2 || (shape[1] ?? 0) % BLOCK_SIZE !== 0)) {
    fields.reject(`${name} is ${dtype}, so its shape must be [N, K] with K a multiple of ${BLOCK_SIZE}.`);
  }
  const expected = tensorBytes(dtype, shape);
  const data = parseSpan(fields.object('data'), totalBytes);
  checkLength(fields, name, 'data', data, expected.data);
  if (!isQuantized) return { name, dtype, shape, data };
  const scales = parseSpan(fields.object('scales'), totalBytes);
  checkLength(fields, name, 'scales', scales, expected.scales);
  return { name, dtype, shape, data, scales };
}

function checkLength(fields: Fields, name: string, part: string, span: Span, expected: number): void {
  if (span.length !== expected) {
    fields.reject(`${name}: ${part} has ${span.length} bytes, but its shape and dtype require ${expected}.`);
  }
}

function parseShards(root: Fields, totalBytes: number): PackShard[] {
  const names = new Set<string>();
  const shards = root.objects('shards', MAX_SHARDS).map((fields) => {
    const file = fields.string('file', 100);
    if (!FILE_NAME.test(file)) fields.reject(`${JSON.stringify(file)} is not a plain file name.`);
    if (names.has(file)) fields.reject(`${file} is listed twice.`);
    names.add(file);
    const sha256 = fields.string('sha256', 64);
    if (!SHA256_HEX.test(sha256))
      fields.reject(`sha256 of ${file} must be 64 lower-case hexadecimal digits.`);
    return { file, size: fields.integer('size', 1, SHARD_BYTES), sha256 };
  });
  const sum = shards.reduce((total, shard) => total + shard.size, 0);
  if (sum !== totalBytes) root.reject(`the shards have ${sum} bytes, but totalBytes is ${totalBytes}.`);
  // The shard of a byte is found by division, so only the last shard may be shorter.
  const isUneven = shards.slice(0, -1).some((shard) => shard.size !== shards[0]?.size);
  const last = shards.at(-1);
  if (isUneven || (last && last.size > (shards[0]?.size ?? 0))) {
    root.reject('all shards but the last must have the same size.');
  }
  return shards;
}
