/** Shapes of models with seeded weights: Qwen2.5-VL-3B, a model with about 1/50 of its weights, and one of 150 million. */
import { RoundsError } from '../../shared/errors';

/** Those of `rehearse`. */
export type Scale = '3b' | '1/50';
/** `150m` is for `bench:peer`. Its vocabulary is that of the base checkpoint, so that every id has a text. */
export type SeededShape = Scale | '150m';

export const SCALES: readonly Scale[] = ['3b', '1/50'];

type Json = Record<string, unknown>;

interface Shapes {
  text: Json & { num_hidden_layers: number };
  vision: Json & { depth: number; fullatt_block_indexes: number[] };
}

const SHAPES: Record<SeededShape, Shapes> = {
  '3b': {
    text: {
      hidden_size: 2048,
      intermediate_size: 11_008,
      num_hidden_layers: 36,
      num_attention_heads: 16,
      num_key_value_heads: 2,
      vocab_size: 151_936,
      max_position_embeddings: 128_000,
    },
    vision: {
      depth: 32,
      hidden_size: 1280,
      intermediate_size: 3420,
      num_heads: 16,
      out_hidden_size: 2048,
      window_size: 112,
      fullatt_block_indexes: [7, 15, 23, 31],
    },
  },
  '1/50': {
    text: {
      hidden_size: 512,
      intermediate_size: 1408,
      num_hidden_layers: 9,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      vocab_size: 40_000,
      max_position_embeddings: 32_768,
    },
    vision: {
      depth: 8,
      hidden_size: 480,
      intermediate_size: 1300,
      num_heads: 6,
      out_hidden_size: 512,
      window_size: 112,
      fullatt_block_indexes: [3, 7],
    },
  },
  '150m': {
    text: {
      hidden_size: 1024,
      intermediate_size: 2816,
      num_hidden_layers: 12,
      num_attention_heads: 8,
      num_key_value_heads: 2,
      max_position_embeddings: 32_768,
    },
    vision: {
      depth: 8,
      hidden_size: 320,
      intermediate_size: 860,
      num_heads: 4,
      out_hidden_size: 1024,
      window_size: 112,
      fullatt_block_indexes: [3, 7],
    },
  },
};

/** config.json of a small checkpoint of the same family: gives the special token ids. */
export interface BaseConfig extends Json {
  vision_config: Json;
}

/**
 * config.json of the rehearsal's checkpoint.
 * @param base config.json of the checkpoint whose tokenizer is used
 * @param layers maximum number of decoder layers and vision blocks; null for all
 */
export function rehearsalConfig(base: BaseConfig, scale: SeededShape, layers: number | null): Json {
  const { text, vision } = SHAPES[scale];
  const textLayers = Math.min(layers ?? Infinity, text.num_hidden_layers);
  const depth = Math.min(layers ?? Infinity, vision.depth);
  if (textLayers < 1) throw new RoundsError('setting_invalid', '--layers must be at least 1.');
  const fullAttention = vision.fullatt_block_indexes.filter((index) => index < depth);
  return {
    ...base,
    ...text,
    num_hidden_layers: textLayers,
    tie_word_embeddings: true,
    rope_theta: 1_000_000,
    rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] },
    vision_config: {
      ...base.vision_config,
      ...vision,
      depth,
      fullatt_block_indexes: fullAttention.length > 0 ? fullAttention : [depth - 1],
    },
  };
}
