import { describe, expect, it } from 'vitest';
import type { RoundsError } from './errors';
import { SHARD_BYTES } from './pack';
import { parseManifest, tensorBytes } from './packManifest';

type Json = Record<string, unknown>;

const HASH = 'a'.repeat(64);

function modelConfig(): Json {
  return {
    family: 'qwen2_vl',
    text: {
      hiddenSize: 64,
      numHiddenLayers: 2,
      numAttentionHeads: 2,
      numKeyValueHeads: 1,
      headDim: 32,
      intermediateSize: 80,
      vocabSize: 96,
      rmsNormEps: 1e-6,
      ropeTheta: 1e6,
      mropeSection: [4, 6, 6],
      tieWordEmbeddings: true,
      maxPositionEmbeddings: 4096,
    },
    vision: {
      depth: 2,
      hiddenSize: 32,
      numHeads: 2,
      intermediateSize: 128,
      outHiddenSize: 64,
      patchSize: 14,
      temporalPatchSize: 2,
      spatialMergeSize: 2,
      inChannels: 3,
      windowSize: null,
      fullAttentionBlockIndexes: [],
      mlp: 'quick_gelu',
      norm: 'layer',
      normEps: 1e-6,
    },
    tokenIds: { imagePad: 91, videoPad: 92, visionStart: 93, visionEnd: 94, eos: [90] },
  };
}

/** A small valid manifest: one q4 matrix [2, 32] at 0 and 64, one norm [4] at 128; 144 bytes. */
function manifest(): Json {
  return {
    format: 'rounds-pack',
    version: 1,
    name: 'tiny',
    model: modelConfig(),
    imageProcessor: {
      minPixels: 3136,
      maxPixels: 50176,
      imageMean: [0.5, 0.5, 0.5],
      imageStd: [0.3, 0.3, 0.3],
    },
    source: {
      repo: 'org/tiny',
      revision: null,
      license: null,
      files: [{ name: 'model.safetensors', size: 9 }],
    },
    recipe: { weights: 'q4', recipe: 'best', blockSize: 32, detail: 'made for a test' },
    parameters: 68,
    totalBytes: 144,
    files: { 'config.json': { offset: 0, length: 2 } },
    tensors: [
      {
        name: 'a.weight',
        dtype: 'q4',
        shape: [2, 32],
        data: { offset: 0, length: 32 },
        scales: { offset: 64, length: 4 },
      },
      { name: 'norm.weight', dtype: 'f32', shape: [4], data: { offset: 128, length: 16 } },
    ],
    shards: [
      { file: 'shard-00000.bin', size: 100, sha256: HASH },
      { file: 'shard-00001.bin', size: 44, sha256: HASH },
    ],
  };
}

/** Sets a value at a path such as `tensors.0.data.length`; undefined removes it. */
function changed(path: string, value: unknown): Json {
  const json = manifest();
  const keys = path.split('.');
  const last = keys.pop() as string;
  const holder = keys.reduce((at: Json, key) => at[key] as Json, json);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return json;
}

function refusal(json: unknown): string {
  try {
    parseManifest(json);
  } catch (thrown) {
    return `${(thrown as RoundsError).code}: ${(thrown as RoundsError).message}`;
  }
  return 'no error';
}

describe('parseManifest', () => {
  it('returns a valid manifest', () => {
    expect(parseManifest(manifest())).toEqual(manifest());
  });

  it.each<[string, unknown, RegExp]>([
    ['format', 'gguf', /this is not a model pack/],
    ['version', 2, /version 2 is not supported/],
    ['name', 5, /name must be a text/],
    ['totalBytes', 145, /the shards have 144 bytes, but totalBytes is 145/],
    ['totalBytes', 1e300, /totalBytes must be a whole number/],
    ['parameters', -1, /parameters/],
    ['model.family', 'llava', /family must be qwen2_5_vl or qwen2_vl/],
    ['model.text.hiddenSize', 1e9, /hiddenSize must be a whole number from 1 to 65536, but is 1000000000/],
    ['model.text.numHiddenLayers', 0, /numHiddenLayers/],
    ['model.text.numHiddenLayers', 1.5, /numHiddenLayers/],
    ['model.text.mropeSection', [4, 6, 7], /must sum to half the head size/],
    ['model.text.mropeSection', [4, 12], /three numbers/],
    ['model.vision.windowSize', 112, /do not belong to a qwen2_vl model/],
    ['model.vision.mlp', 'swiglu', /do not belong to a qwen2_vl model/],
    ['model.tokenIds.eos', [], /no end-of-sequence token/],
    ['model.tokenIds.imagePad', 96, /outside the vocabulary/],
    ['imageProcessor.maxPixels', 100, /minPixels must not exceed maxPixels/],
    ['imageProcessor.imageStd', [0, 1, 1], /imageStd/],
    ['recipe.weights', 'q3', /weights must be q4 or q8 or f16 or f32/],
    ['recipe.blockSize', 64, /blockSize must be 32/],
    ['source.files', {}, /files must be a list/],
    ['files', { '../evil': { offset: 0, length: 1 } }, /"\.\.\/evil" is not a plain file name/],
    ['files', { a: { offset: 140, length: 5 } }, /ends at byte 145, but the pack has only 144/],
    ['tensors.0.data.offset', -1, /offset must be a whole number/],
    ['tensors.0.data.length', 33, /a\.weight: data has 33 bytes, but its shape and dtype require 32/],
    ['tensors.0.scales', undefined, /scales must be a JSON object/],
    ['tensors.0.scales.length', 8, /a\.weight: scales has 8 bytes/],
    ['tensors.0.shape', [64], /must be \[N, K\] with K a multiple of 32/],
    ['tensors.0.shape', [4, 16], /K a multiple of 32/],
    ['tensors.1.shape', [-4], /shape must be a list of whole numbers/],
    ['tensors.1.dtype', 'q2', /dtype must be/],
    ['tensors.1.name', 'a.weight', /a\.weight is listed twice/],
    ['tensors', 'none', /tensors must be a list/],
    ['shards.1.file', 'a/b.bin', /is not a plain file name/],
    ['shards.1.file', '..', /is not a plain file name/],
    ['shards.1.file', 'shard-00000.bin', /listed twice/],
    ['shards.0.sha256', 'A'.repeat(64), /64 lower-case hexadecimal digits/],
    ['shards.0.sha256', 'abc', /64 lower-case hexadecimal digits/],
    ['shards.0.size', SHARD_BYTES + 1, /size must be a whole number from 1 to 16777216/],
    ['shards', [], /the shards have 0 bytes/],
  ])('refuses %s = %j', (path, value, message) => {
    const error = refusal(changed(path, value));
    expect(error).toMatch(/^pack_invalid: pack\.json/);
    expect(error).toMatch(message);
  });

  it('refuses shards of uneven size, except a shorter last one', () => {
    const sizes = (values: number[]): unknown =>
      values.map((size, i) => ({ file: `s${i}.bin`, size, sha256: HASH }));
    expect(refusal(changed('shards', sizes([60, 60, 24])))).toBe('no error');
    expect(refusal(changed('shards', sizes([60, 24, 60])))).toMatch(/same size/);
    expect(refusal(changed('shards', sizes([44, 100])))).toMatch(/same size/);
  });

  it.each([null, [], 'x', 5, {}])('refuses %j', (json) => {
    expect(refusal(json)).toMatch(/^pack_invalid/);
  });
});

describe('tensorBytes', () => {
  it('counts the bytes of every type', () => {
    expect(tensorBytes('f32', [3, 5])).toEqual({ data: 60, scales: 0 });
    expect(tensorBytes('f16', [7])).toEqual({ data: 14, scales: 0 });
    expect(tensorBytes('q8', [2, 64])).toEqual({ data: 128, scales: 8 });
    expect(tensorBytes('q4', [2, 64])).toEqual({ data: 64, scales: 8 });
  });
});
