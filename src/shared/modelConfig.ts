/** A checkpoint's config.json, normalised: one format for the flat, nested and v5 layouts and for both families. */
export type ModelFamily = 'qwen2_5_vl' | 'qwen2_vl';

export interface TextConfig {
  hiddenSize: number;
  numHiddenLayers: number;
  numAttentionHeads: number;
  numKeyValueHeads: number;
  headDim: number;
  intermediateSize: number;
  vocabSize: number;
  rmsNormEps: number;
  ropeTheta: number;
  /** Rotary pairs for the temporal, height and width axis; they sum to headDim / 2. */
  mropeSection: [number, number, number];
  tieWordEmbeddings: boolean;
  maxPositionEmbeddings: number;
}

export interface VisionConfig {
  depth: number;
  hiddenSize: number;
  numHeads: number;
  /** As in the checkpoint. A pack pads the weights with zeros to a multiple of 32. */
  intermediateSize: number;
  /** Width of the merger's output, equal to the text model's hidden size. */
  outHiddenSize: number;
  patchSize: number;
  temporalPatchSize: number;
  spatialMergeSize: number;
  inChannels: number;
  /** Side of an attention window in pixels; null if every block attends to the whole image (Qwen2-VL). */
  windowSize: number | null;
  /** Blocks that attend to the whole image; empty when windowSize is null. */
  fullAttentionBlockIndexes: number[];
  /** qwen2_5_vl: SwiGLU and RMSNorm. qwen2_vl: fc1, quick_gelu, fc2 and LayerNorm. */
  mlp: 'swiglu' | 'quick_gelu';
  norm: 'rms' | 'layer';
  normEps: number;
}

export interface TokenIds {
  imagePad: number;
  videoPad: number;
  visionStart: number;
  visionEnd: number;
  /** Any of these ends an answer (generation_config.json, else config.json). */
  eos: number[];
}

export interface ModelConfig {
  family: ModelFamily;
  text: TextConfig;
  vision: VisionConfig;
  tokenIds: TokenIds;
}

/** Settings of the image processor (preprocessor_config.json). Pixel limits refer to width × height. */
export interface ImageProcessorConfig {
  minPixels: number;
  maxPixels: number;
  imageMean: [number, number, number];
  imageStd: [number, number, number];
}
