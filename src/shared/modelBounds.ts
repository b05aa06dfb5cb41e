/**
 * Rules for every ModelConfig, whether it comes from a checkpoint's config.json or from a pack's manifest. The
 * converter, the graphs and the engine rely on them and do not check again.
 */
import { Fields, type Fail } from './fields';
import type { ImageProcessorConfig, ModelConfig, TextConfig, TokenIds, VisionConfig } from './modelConfig';
import { BLOCK_SIZE } from './pack';

// About ten times the largest published model of the family (72B: hidden 8192, 80 layers, vocabulary 152064,
// MLP 29568). Leaves room for larger models, but keeps a corrupt file from allocating terabytes.
const MAX_WIDTH = 65_536;
const MAX_MLP_WIDTH = 524_288;
const MAX_LAYERS = 512;
const MAX_HEADS = 1_024;
export const MAX_VOCAB = 2_000_000;
const MAX_POSITIONS = 100_000_000;
const MAX_EOS_TOKENS = 64;
/** 2^30 pixels, above any image that can be decoded. Presets use lower limits. */
const MAX_PIXEL_LIMIT = 1 << 30;

/**
 * Parses a normalised config, as stored in pack.json.
 * @param where how error messages refer to it
 * @param fail throws the caller's error
 */
export function parseModelConfig(value: unknown, where: string, fail: Fail): ModelConfig {
  const root = new Fields(value, where, fail);
  const model: ModelConfig = {
    family: root.choice('family', ['qwen2_5_vl', 'qwen2_vl'] as const),
    text: parseText(root.object('text')),
    vision: parseVision(root.object('vision')),
    tokenIds: parseTokenIds(root.object('tokenIds')),
  };
  checkModelConfig(model, (message) => fail(`${where}: ${message}`));
  return model;
}

/** Parses the image processor's settings; the parameters are those of parseModelConfig. */
export function parseImageProcessor(value: unknown, where: string, fail: Fail): ImageProcessorConfig {
  const fields = new Fields(value, where, fail);
  const config: ImageProcessorConfig = {
    minPixels: fields.integer('minPixels', 1, MAX_PIXEL_LIMIT),
    maxPixels: fields.integer('maxPixels', 1, MAX_PIXEL_LIMIT),
    imageMean: fields.triple('imageMean', -10, 10),
    imageStd: fields.triple('imageStd', 1e-6, 10),
  };
  if (config.minPixels > config.maxPixels) fields.reject('minPixels must not exceed maxPixels.');
  return config;
}

function parseText(text: Fields): TextConfig {
  return {
    hiddenSize: text.integer('hiddenSize', 1, MAX_WIDTH),
    numHiddenLayers: text.integer('numHiddenLayers', 1, MAX_LAYERS),
    numAttentionHeads: text.integer('numAttentionHeads', 1, MAX_HEADS),
    numKeyValueHeads: text.integer('numKeyValueHeads', 1, MAX_HEADS),
    headDim: text.integer('headDim', 1, MAX_WIDTH),
    intermediateSize: text.integer('intermediateSize', 1, MAX_MLP_WIDTH),
    vocabSize: text.integer('vocabSize', 1, MAX_VOCAB),
    rmsNormEps: text.number('rmsNormEps', 0, 0.1),
    ropeTheta: text.number('ropeTheta', 1, 1e12),
    mropeSection: text.triple('mropeSection', 0, MAX_WIDTH),
    tieWordEmbeddings: text.boolean('tieWordEmbeddings'),
    maxPositionEmbeddings: text.integer('maxPositionEmbeddings', 1, MAX_POSITIONS),
  };
}

function parseVision(vision: Fields): VisionConfig {
  return {
    depth: vision.integer('depth', 1, MAX_LAYERS),
    hiddenSize: vision.integer('hiddenSize', 1, MAX_WIDTH),
    numHeads: vision.integer('numHeads', 1, MAX_HEADS),
    intermediateSize: vision.integer('intermediateSize', 1, MAX_MLP_WIDTH),
    outHiddenSize: vision.integer('outHiddenSize', 1, MAX_WIDTH),
    patchSize: vision.integer('patchSize', 1, 256),
    temporalPatchSize: vision.integer('temporalPatchSize', 1, 16),
    spatialMergeSize: vision.integer('spatialMergeSize', 1, 16),
    inChannels: vision.integer('inChannels', 1, 16),
    windowSize: vision.has('windowSize') ? vision.integer('windowSize', 1, MAX_WIDTH) : null,
    fullAttentionBlockIndexes: vision.integers('fullAttentionBlockIndexes', MAX_LAYERS, 0, MAX_LAYERS),
    mlp: vision.choice('mlp', ['swiglu', 'quick_gelu'] as const),
    norm: vision.choice('norm', ['rms', 'layer'] as const),
    normEps: vision.number('normEps', 0, 0.1),
  };
}

function parseTokenIds(ids: Fields): TokenIds {
  return {
    imagePad: ids.integer('imagePad', 0, MAX_VOCAB),
    videoPad: ids.integer('videoPad', 0, MAX_VOCAB),
    visionStart: ids.integer('visionStart', 0, MAX_VOCAB),
    visionEnd: ids.integer('visionEnd', 0, MAX_VOCAB),
    eos: ids.integers('eos', MAX_EOS_TOKENS, 0, MAX_VOCAB),
  };
}

/** Checks rules between fields. `fail` receives a sentence that says what the engine cannot run, and why. */
function checkModelConfig(model: ModelConfig, fail: Fail): void {
  checkText(model.text, fail);
  checkVision(model, fail);
  const { imagePad, videoPad, visionStart, visionEnd, eos } = model.tokenIds;
  if (eos.length === 0) fail('there is no end-of-sequence token (eos_token_id), so answers would never end.');
  for (const id of [imagePad, videoPad, visionStart, visionEnd, ...eos]) {
    if (id >= model.text.vocabSize) {
      fail(`token id ${id} is outside the vocabulary of ${model.text.vocabSize}.`);
    }
  }
}

function checkText(text: TextConfig, fail: Fail): void {
  const { hiddenSize, numAttentionHeads, numKeyValueHeads, headDim, mropeSection } = text;
  if (hiddenSize % BLOCK_SIZE !== 0) {
    fail(`hidden_size ${hiddenSize} is not a multiple of ${BLOCK_SIZE}, the quantization block size.`);
  }
  if (headDim * numAttentionHeads !== hiddenSize) {
    fail(`hidden_size ${hiddenSize} is not ${numAttentionHeads} heads of ${headDim}.`);
  }
  if (headDim % 16 !== 0) {
    fail(`a head size of ${headDim} is not a multiple of 16, which the rotary attention kernel requires.`);
  }
  if (numAttentionHeads % numKeyValueHeads !== 0) {
    fail(`${numAttentionHeads} attention heads cannot share ${numKeyValueHeads} key-value heads evenly.`);
  }
  const pairs = mropeSection.reduce((sum, section) => sum + section, 0);
  if (mropeSection.some((section) => !Number.isInteger(section)) || pairs !== headDim / 2) {
    fail(`mrope_section [${mropeSection.join(', ')}] must sum to half the head size, ${headDim / 2}.`);
  }
}

function checkVision({ family, text, vision }: ModelConfig, fail: Fail): void {
  const headDim = vision.hiddenSize / vision.numHeads;
  if (!Number.isInteger(headDim) || headDim % 4 !== 0) {
    fail(`vision heads of ${headDim} are not supported: 2-D rotary positions require a multiple of 4.`);
  }
  if (vision.outHiddenSize !== text.hiddenSize) {
    fail(
      `the vision tower outputs ${vision.outHiddenSize} values per token, but the text model takes ${text.hiddenSize}.`,
    );
  }
  if (vision.inChannels !== 3)
    fail(`images with ${vision.inChannels} channels are not supported; only RGB is.`);
  const windowUnit = vision.patchSize * vision.spatialMergeSize;
  if (vision.windowSize !== null && vision.windowSize % windowUnit !== 0) {
    fail(`window_size ${vision.windowSize} is not a multiple of ${windowUnit}, the side of a merged token.`);
  }
  if (vision.fullAttentionBlockIndexes.some((index) => index >= vision.depth)) {
    fail(`fullatt_block_indexes contains a block beyond the depth of ${vision.depth}.`);
  }
  const isWindowed = family === 'qwen2_5_vl';
  if ((vision.windowSize !== null) !== isWindowed || (vision.mlp === 'swiglu') !== isWindowed) {
    fail(`the vision settings do not belong to a ${family} model.`);
  }
  if ((vision.norm === 'rms') !== isWindowed) fail(`the vision norm does not belong to a ${family} model.`);
}
