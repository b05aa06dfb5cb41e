import { describe, expect, it } from 'vitest';
import type { RoundsError } from '../shared/errors';
import type { ModelConfig } from '../shared/modelConfig';
import { parseConfig } from './config';
import { tinyConfig, type JsonObject } from './testing/testCheckpoint';

const TEXT_KEYS = [
  'hidden_act',
  'hidden_size',
  'intermediate_size',
  'max_position_embeddings',
  'num_attention_heads',
  'num_hidden_layers',
  'num_key_value_heads',
  'rms_norm_eps',
  'vocab_size',
  'eos_token_id',
];

const flat = (change: JsonObject = {}): JsonObject => ({ ...tinyConfig('qwen2_5_vl'), ...change });
const pick = (from: JsonObject, keys: string[]): JsonObject =>
  Object.fromEntries(keys.map((key) => [key, from[key]]));

/** text_config next to repeated root fields. */
function nested(): JsonObject {
  const root = flat();
  return {
    ...root,
    text_config: pick(root, [...TEXT_KEYS, 'rope_theta', 'rope_scaling', 'tie_word_embeddings']),
  };
}

/** Text fields in text_config only, with rope_parameters. */
function v5(): JsonObject {
  const root = flat();
  const others = Object.keys(root).filter(
    (key) => ![...TEXT_KEYS, 'rope_theta', 'rope_scaling'].includes(key),
  );
  const rope = { mrope_section: [4, 6, 6], rope_theta: 1_000_000, rope_type: 'default', type: 'mrope' };
  return { ...pick(root, others), text_config: { ...pick(root, TEXT_KEYS), rope_parameters: rope } };
}

function refusal(config: unknown, generation: unknown = null): string {
  try {
    parseConfig(config, generation);
  } catch (thrown) {
    return `${(thrown as RoundsError).code}: ${(thrown as RoundsError).message}`;
  }
  return 'no error';
}

const vision = (change: JsonObject): JsonObject =>
  flat({ vision_config: { ...(flat()['vision_config'] as JsonObject), ...change } });

describe('parseConfig', () => {
  const expected: ModelConfig = {
    family: 'qwen2_5_vl',
    text: {
      hiddenSize: 64,
      numHiddenLayers: 2,
      numAttentionHeads: 2,
      numKeyValueHeads: 1,
      headDim: 32,
      intermediateSize: 80,
      vocabSize: 96,
      rmsNormEps: 1e-6,
      ropeTheta: 1_000_000,
      mropeSection: [4, 6, 6],
      tieWordEmbeddings: true,
      maxPositionEmbeddings: 4096,
    },
    vision: {
      depth: 2,
      hiddenSize: 32,
      numHeads: 2,
      intermediateSize: 44,
      outHiddenSize: 64,
      patchSize: 14,
      temporalPatchSize: 2,
      spatialMergeSize: 2,
      inChannels: 3,
      windowSize: 112,
      fullAttentionBlockIndexes: [1],
      mlp: 'swiglu',
      norm: 'rms',
      normEps: 1e-6,
    },
    tokenIds: { imagePad: 91, videoPad: 92, visionStart: 93, visionEnd: 94, eos: [90] },
  };

  it('reads the flat, nested and v5 layouts to the same result', () => {
    expect(parseConfig(flat(), null)).toEqual(expected);
    expect(parseConfig(nested(), null)).toEqual(expected);
    expect(parseConfig(v5(), null)).toEqual(expected);
  });

  it('reads Qwen2-VL, whose tower has width embed_dim and output width hidden_size', () => {
    const { vision: tower } = parseConfig(tinyConfig('qwen2_vl'), null);
    expect(tower).toMatchObject({
      hiddenSize: 32,
      intermediateSize: 128,
      outHiddenSize: 64,
      windowSize: null,
      fullAttentionBlockIndexes: [],
      mlp: 'quick_gelu',
      norm: 'layer',
    });
  });

  it('prefers text fields in text_config to those in the root', () => {
    const config = nested();
    config['rms_norm_eps'] = 1e-3;
    expect(parseConfig(config, null).text.rmsNormEps).toBe(1e-6);
  });

  it('takes end tokens from generation_config.json first', () => {
    expect(parseConfig(flat(), { eos_token_id: [88, 89] }).tokenIds.eos).toEqual([88, 89]);
    expect(parseConfig(flat(), { eos_token_id: 88 }).tokenIds.eos).toEqual([88]);
    expect(parseConfig(flat(), {}).tokenIds.eos).toEqual([90]);
    expect(refusal(flat({ eos_token_id: undefined }))).toMatch(/no end-of-sequence token/);
  });

  it('has the defaults of transformers: sections 16, 24, 24, theta 10^6, untied head', () => {
    const { rope_scaling: _scaling, rope_theta: _theta, tie_word_embeddings: _tie, ...rest } = flat();
    const { text } = parseConfig(
      {
        ...rest,
        num_attention_heads: 1,
        hidden_size: 128,
        vision_config: { ...(rest['vision_config'] as JsonObject), out_hidden_size: 128 },
      },
      null,
    );
    expect(text).toMatchObject({
      mropeSection: [16, 24, 24],
      ropeTheta: 1_000_000,
      tieWordEmbeddings: false,
    });
  });

  it('treats rope types default and mrope alike, and ties the head if text_config says so', () => {
    expect(parseConfig(flat({ rope_scaling: { type: 'default', mrope_section: [4, 6, 6] } }), null)).toEqual(
      expected,
    );
    const config = { ...nested(), tie_word_embeddings: false };
    expect(parseConfig(config, null).text.tieWordEmbeddings).toBe(true);
  });

  it('drops block indexes beyond the depth and sorts the rest', () => {
    const { vision: tower } = parseConfig(vision({ depth: 4, fullatt_block_indexes: [7, 3, 1, 15] }), null);
    expect(tower.fullAttentionBlockIndexes).toEqual([1, 3]);
  });

  it.each<[string, JsonObject, RegExp]>([
    [
      'another architecture',
      { model_type: 'llava' },
      /model_type "llava" is not supported; only qwen2_5_vl and qwen2_vl/,
    ],
    ['the next generation', { model_type: 'qwen3_vl' }, /"qwen3_vl"/],
    ['no architecture', { model_type: undefined }, /model_type null/],
    ['quantized weights', { quantization_config: { quant_method: 'awq' } }, /quantization_config \(awq\)/],
    ['another activation', { hidden_act: 'gelu' }, /hidden_act "gelu"/],
    [
      'another rope',
      { rope_scaling: { type: 'yarn', mrope_section: [4, 6, 6] } },
      /rope_scaling\.type "yarn"/,
    ],
    [
      'partial rope',
      { rope_scaling: { partial_rotary_factor: 0.5, mrope_section: [4, 6, 6] } },
      /partial_rotary_factor/,
    ],
    [
      'sections that do not fit',
      { rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] } },
      /mrope_section \[16, 24, 24\] must sum to half the head size, 16/,
    ],
    [
      'a sliding window in use',
      { use_sliding_window: true, sliding_window: 32, max_window_layers: 1 },
      /sliding-window/,
    ],
    ['sliding layers by type', { layer_types: ['full_attention', 'sliding_attention'] }, /sliding-window/],
    [
      'a width that is not a multiple of 32',
      { hidden_size: 48, num_attention_heads: 1 },
      /hidden_size 48 is not a multiple of 32/,
    ],
    [
      'a head size that the kernel does not support',
      { num_attention_heads: 8, num_key_value_heads: 8, rope_scaling: { mrope_section: [1, 1, 2] } },
      /head size of 8/,
    ],
    ['another head size', { head_dim: 16 }, /hidden_size 64 is not 2 heads of 16/],
    ['heads that do not group', { num_key_value_heads: 3 }, /2 attention heads cannot share 3/],
    ['a token beyond the vocabulary', { image_token_id: 96 }, /token id 96 is outside the vocabulary of 96/],
    ['an absurd width', { hidden_size: 2 ** 40 }, /hiddenSize must be a whole number from 1 to 65536/],
    [
      'absurdly many layers',
      { num_hidden_layers: 1e9 },
      /numHiddenLayers must be a whole number from 1 to 512/,
    ],
    ['an absurd vocabulary', { vocab_size: 1e12 }, /vocabSize must be/],
  ])('refuses %s as unsupported', (_what, change, message) => {
    const error = refusal(flat(change));
    expect(error).toMatch(/^model_unsupported: /);
    expect(error).toMatch(message);
  });

  it.each<[string, JsonObject, RegExp]>([
    ['another vision activation', { hidden_act: 'gelu' }, /vision hidden_act "gelu"/],
    [
      'an output width that differs from the text model',
      { out_hidden_size: 128 },
      /outputs 128 values per token, but the text model takes 64/,
    ],
    ['vision heads without 2-D rotary', { num_heads: 16 }, /vision heads of 2/],
    ['a window that splits tokens', { window_size: 100 }, /window_size 100 is not a multiple of 28/],
    ['another rope base', { rope_parameters: { rope_theta: 5000 } }, /vision rope_theta/],
    ['grey images', { in_channels: 1 }, /1 channels/],
  ])('refuses %s', (_what, change, message) => {
    expect(refusal(vision(change))).toMatch(message);
  });

  it.each<[string, unknown]>([
    ['a list', []],
    ['null', null],
    ['a string instead of a number', flat({ hidden_size: '64' })],
    ['a negative number', flat({ num_hidden_layers: -1 })],
    ['a fraction', flat({ vocab_size: 95.5 })],
    ['no vision_config', flat({ vision_config: undefined })],
    ['a missing width', flat({ hidden_size: undefined })],
    ['a list instead of an object', flat({ rope_scaling: [1] })],
  ])('refuses %s as invalid, naming the file', (_what, config) => {
    expect(refusal(config)).toMatch(/^checkpoint_invalid: config\.json/);
  });
});
