/**
 * Reads a ModelConfig from a checkpoint's config.json and generation_config.json. Published repositories use three
 * layouts: flat (text fields at the root), nested (text_config next to repeated root fields) and v5 (text_config with
 * rope_parameters). Defaults and precedence are those of the transformers classes (5.23: configuration_qwen2_vl.py,
 * configuration_qwen2_5_vl.py). If there is a text_config, text fields are read from it only.
 */
import { RoundsError } from '../shared/errors';
import { Fields } from '../shared/fields';
import { MAX_VOCAB, parseModelConfig } from '../shared/modelBounds';
import type { ModelConfig, ModelFamily, TextConfig, TokenIds, VisionConfig } from '../shared/modelConfig';

const FAMILIES: readonly ModelFamily[] = ['qwen2_5_vl', 'qwen2_vl'];
const BIG = Number.MAX_SAFE_INTEGER;

/**
 * @param config parsed config.json
 * @param generation parsed generation_config.json, or null
 * @throws RoundsError model_unsupported, naming the setting that the engine cannot run; checkpoint_invalid for fields
 *   of the wrong type
 */
export function parseConfig(config: unknown, generation: unknown): ModelConfig {
  const root = new Fields(config, 'config.json', invalid);
  const family = root.get('model_type');
  if (!FAMILIES.includes(family as ModelFamily)) {
    unsupported(
      `model_type ${JSON.stringify(family ?? null)} is not supported; only ${FAMILIES.join(' and ')} are.`,
    );
  }
  refuseQuantized(root);
  const text = root.has('text_config') ? root.object('text_config') : root;
  refuseQuantized(text);
  const model: ModelConfig = {
    family: family as ModelFamily,
    text: readText(root, text),
    vision: readVision(root.object('vision_config'), family as ModelFamily),
    tokenIds: readTokenIds(root, text, generation),
  };
  // The bounds are those of the manifest, so that every pack we write can be read back.
  return parseModelConfig(model, 'config.json', unsupported);
}

function refuseQuantized(fields: Fields): void {
  if (!fields.has('quantization_config')) return;
  const method = fields.object('quantization_config').get('quant_method');
  unsupported(
    `config.json has a quantization_config (${typeof method === 'string' ? method : 'unnamed method'}). Convert the unquantized model instead.`,
  );
}

function readText(root: Fields, text: Fields): TextConfig {
  const act = text.get('hidden_act') ?? 'silu';
  if (act !== 'silu')
    unsupported(`config.json: hidden_act ${JSON.stringify(act)} is not supported; only "silu" is.`);
  refuseSlidingWindow(text);
  const hiddenSize = text.integer('hidden_size', 1, BIG);
  const numAttentionHeads = text.integer('num_attention_heads', 1, BIG);
  const numKeyValueHeads = text.integer('num_key_value_heads', 1, BIG, numAttentionHeads);
  return {
    hiddenSize,
    numHiddenLayers: text.integer('num_hidden_layers', 1, BIG),
    numAttentionHeads,
    numKeyValueHeads,
    headDim: readHeadDim(text, hiddenSize, numAttentionHeads),
    intermediateSize: text.integer('intermediate_size', 1, BIG),
    vocabSize: text.integer('vocab_size', 1, BIG),
    rmsNormEps: text.number('rms_norm_eps', 0, BIG, 1e-5),
    ...readRope(text),
    tieWordEmbeddings:
      root.boolean('tie_word_embeddings', false) || text.boolean('tie_word_embeddings', false),
    maxPositionEmbeddings: text.integer('max_position_embeddings', 1, BIG, 32_768),
  };
}

/** transformers computes hidden_size / num_attention_heads and supports no other head size. */
function readHeadDim(text: Fields, hiddenSize: number, heads: number): number {
  const headDim = hiddenSize / heads;
  if (!Number.isInteger(headDim))
    unsupported(`config.json: hidden_size ${hiddenSize} is not divisible by ${heads} heads.`);
  return text.integer('head_dim', 1, BIG, headDim);
}

/**
 * As in transformers: a layer uses a sliding window if layer_types says so; without layer_types, if
 * use_sliding_window is set and the layer's index is max_window_layers or higher.
 */
function refuseSlidingWindow(text: Fields): void {
  const types = text.has('layer_types') ? text.array('layer_types', 10_000) : null;
  const slides = types
    ? types.some((type) => type !== 'full_attention')
    : text.boolean('use_sliding_window', false) &&
      text.integer('sliding_window', 0, BIG, 4_096) > 0 &&
      text.integer('max_window_layers', 0, BIG, 80) < text.integer('num_hidden_layers', 1, BIG);
  if (slides)
    unsupported(
      'config.json: this model uses sliding-window attention in its text layers, which is not supported.',
    );
}

/** Reads rope_scaling, else rope_parameters. The types `mrope` and `default` mean the same, as in transformers. */
function readRope(text: Fields): Pick<TextConfig, 'ropeTheta' | 'mropeSection'> {
  const key = text.has('rope_scaling') ? 'rope_scaling' : 'rope_parameters';
  const rope = text.has(key) ? text.object(key) : new Fields({}, `config.json: ${key}`, invalid);
  for (const field of ['rope_type', 'type']) {
    const type = rope.get(field) ?? 'default';
    if (type !== 'default' && type !== 'mrope') {
      unsupported(
        `config.json: ${key}.${field} ${JSON.stringify(type)} is not supported; only "mrope" and "default" are.`,
      );
    }
  }
  if (rope.number('partial_rotary_factor', 0, 1, 1) !== 1) {
    unsupported(`config.json: ${key}.partial_rotary_factor other than 1 is not supported.`);
  }
  return {
    ropeTheta: rope.number('rope_theta', 1, BIG, text.number('rope_theta', 1, BIG, 1_000_000)),
    mropeSection: rope.has('mrope_section') ? rope.triple('mrope_section', 0, BIG) : [16, 24, 24],
  };
}

function readVision(vision: Fields, family: ModelFamily): VisionConfig {
  const isWindowed = family === 'qwen2_5_vl';
  const act = isWindowed ? 'silu' : 'quick_gelu';
  const stated = vision.get('hidden_act') ?? act;
  if (stated !== act) {
    unsupported(
      `config.json: vision hidden_act ${JSON.stringify(stated)} is not supported; ${family} uses "${act}".`,
    );
  }
  refuseVisionRope(vision);
  const depth = vision.integer('depth', 1, BIG, 32);
  // Old files have in_chans, which transformers ignores in favour of in_channels. Both are 3 in every known file.
  const inChannels = vision.integer('in_channels', 1, BIG, vision.integer('in_chans', 1, BIG, 3));
  const shared = {
    depth,
    numHeads: vision.integer('num_heads', 1, BIG, 16),
    patchSize: vision.integer('patch_size', 1, BIG, 14),
    temporalPatchSize: vision.integer('temporal_patch_size', 1, BIG, 2),
    spatialMergeSize: vision.integer('spatial_merge_size', 1, BIG, 2),
    inChannels,
    normEps: 1e-6,
  };
  return isWindowed ? { ...shared, ...readWindowed(vision, depth) } : { ...shared, ...readGlobal(vision) };
}

type FamilyVision = Omit<
  VisionConfig,
  'depth' | 'numHeads' | 'patchSize' | 'temporalPatchSize' | 'spatialMergeSize' | 'inChannels' | 'normEps'
>;

function readWindowed(vision: Fields, depth: number): FamilyVision {
  const indexes = vision.has('fullatt_block_indexes')
    ? vision.integers('fullatt_block_indexes', 10_000, 0, 10_000)
    : [7, 15, 23, 31];
  return {
    hiddenSize: vision.integer('hidden_size', 1, BIG, 3_584),
    intermediateSize: vision.integer('intermediate_size', 1, BIG, 3_420),
    outHiddenSize: vision.integer('out_hidden_size', 1, BIG, 3_584),
    windowSize: vision.integer('window_size', 1, BIG, 112),
    // An index beyond the depth has no effect in transformers.
    fullAttentionBlockIndexes: [...new Set(indexes)].filter((index) => index < depth).sort((a, b) => a - b),
    mlp: 'swiglu',
    norm: 'rms',
  };
}

/** In Qwen2-VL, embed_dim is the width of the tower and hidden_size the width of the merger's output. */
function readGlobal(vision: Fields): FamilyVision {
  const width = vision.integer('embed_dim', 1, BIG, 1_280);
  return {
    hiddenSize: width,
    intermediateSize: Math.trunc(width * vision.number('mlp_ratio', 0, BIG, 4)),
    outHiddenSize: vision.integer('hidden_size', 1, BIG, 3_584),
    windowSize: null,
    fullAttentionBlockIndexes: [],
    mlp: 'quick_gelu',
    norm: 'layer',
  };
}

/** The graphs support only what the family uses: 2-D patch positions with base 10000. */
function refuseVisionRope(vision: Fields): void {
  if (!vision.has('rope_parameters')) return;
  const rope = vision.object('rope_parameters');
  const type = rope.get('rope_type') ?? 'axial';
  if (type !== 'axial' && type !== 'default') {
    unsupported(`config.json: vision rope_type ${JSON.stringify(type)} is not supported.`);
  }
  if (rope.number('rope_theta', 1, BIG, 10_000) !== 10_000) {
    unsupported('config.json: a vision rope_theta other than 10000 is not supported.');
  }
}

function readTokenIds(root: Fields, text: Fields, generation: unknown): TokenIds {
  const generationFields =
    generation === null || generation === undefined
      ? null
      : new Fields(generation, 'generation_config.json', invalid);
  const place = [generationFields, text, root].find((fields) => fields?.has('eos_token_id')) ?? null;
  return {
    imagePad: root.integer('image_token_id', 0, MAX_VOCAB, 151_655),
    videoPad: root.integer('video_token_id', 0, MAX_VOCAB, 151_656),
    visionStart: root.integer('vision_start_token_id', 0, MAX_VOCAB, 151_652),
    visionEnd: root.integer('vision_end_token_id', 0, MAX_VOCAB, 151_653),
    eos: place === null ? [] : readEos(place),
  };
}

function readEos(place: Fields): number[] {
  return Array.isArray(place.get('eos_token_id'))
    ? place.integers('eos_token_id', 64, 0, MAX_VOCAB)
    : [place.integer('eos_token_id', 0, MAX_VOCAB)];
}

function invalid(message: string): never {
  throw new RoundsError('checkpoint_invalid', message);
}

function unsupported(message: string): never {
  throw new RoundsError('model_unsupported', message);
}
