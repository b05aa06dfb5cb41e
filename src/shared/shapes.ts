/** Shapes whose speed can be measured without a download: the weights are made up on the device. */
import type { ModelConfig } from './modelConfig';

export const SHAPES = ['3b', 'mini'] as const;
export type ShapeName = (typeof SHAPES)[number];

/** What is measured. */
export interface ShapePlan {
  /** Rows of the KV cache that a decode step attends to. */
  contexts: number[];
  /** Answers that are decoded at once. */
  lanes: number[];
  /** Tokens of a prompt that are computed at once. */
  prefills: number[];
  /** Sides of square images in pixels. */
  images: number[];
  /** Larger KV caches are left out: they could take the memory that the system needs. */
  maxCacheBytes: number;
  /** Bytes of the buffer whose copy gives the memory bandwidth. */
  copyBytes: number;
  /** Milliseconds for which a step is repeated. */
  repeatMs: number;
}

const TOKEN_IDS = { imagePad: 3, videoPad: 4, visionStart: 1, visionEnd: 2, eos: [0] };
const PATCHES = {
  patchSize: 14,
  temporalPatchSize: 2,
  spatialMergeSize: 2,
  inChannels: 3,
  windowSize: 112,
} as const;

/** Qwen2.5-VL-3B, and a model with the shapes of the embedded one. */
export const SHAPE_CONFIGS: Record<ShapeName, ModelConfig> = {
  '3b': {
    family: 'qwen2_5_vl',
    text: {
      hiddenSize: 2048,
      numHiddenLayers: 36,
      numAttentionHeads: 16,
      numKeyValueHeads: 2,
      headDim: 128,
      intermediateSize: 11_008,
      vocabSize: 151_936,
      rmsNormEps: 1e-6,
      ropeTheta: 1_000_000,
      mropeSection: [16, 24, 24],
      tieWordEmbeddings: true,
      maxPositionEmbeddings: 128_000,
    },
    vision: {
      ...PATCHES,
      depth: 32,
      hiddenSize: 1280,
      numHeads: 16,
      intermediateSize: 3420,
      outHiddenSize: 2048,
      fullAttentionBlockIndexes: [7, 15, 23, 31],
      mlp: 'swiglu',
      norm: 'rms',
      normEps: 1e-6,
    },
    tokenIds: TOKEN_IDS,
  },
  mini: {
    family: 'qwen2_5_vl',
    text: {
      hiddenSize: 256,
      numHiddenLayers: 4,
      numAttentionHeads: 4,
      numKeyValueHeads: 2,
      headDim: 64,
      intermediateSize: 704,
      vocabSize: 1568,
      rmsNormEps: 1e-6,
      ropeTheta: 10_000,
      mropeSection: [8, 12, 12],
      tieWordEmbeddings: true,
      maxPositionEmbeddings: 8192,
    },
    vision: {
      ...PATCHES,
      depth: 4,
      hiddenSize: 160,
      numHeads: 2,
      intermediateSize: 448,
      outHiddenSize: 256,
      fullAttentionBlockIndexes: [1, 3],
      mlp: 'swiglu',
      norm: 'rms',
      normEps: 1e-6,
    },
    tokenIds: TOKEN_IDS,
  },
};

export const SHAPE_PLANS: Record<ShapeName, ShapePlan> = {
  '3b': {
    contexts: [128, 2048, 4096],
    lanes: [1, 2, 4, 8, 16],
    prefills: [64, 316, 512],
    images: [448, 1344],
    maxCacheBytes: 1.3e9,
    copyBytes: 128 * 2 ** 20,
    repeatMs: 1_000,
  },
  mini: {
    contexts: [128, 512],
    lanes: [1, 2],
    prefills: [64],
    images: [112],
    maxCacheBytes: 64e6,
    copyBytes: 4 * 2 ** 20,
    repeatMs: 100,
  },
};
