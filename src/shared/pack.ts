/**
 * Types of pack.json, the manifest of a model pack (docs/pack-format.md).
 *
 * A pack is one logical byte stream, divided into shards of 16 MiB. Each shard is a file whose SHA-256 is in the
 * manifest. Auxiliary files (tokenizer.json, …) and tensors are spans of the stream and may cross shard boundaries.
 */
import type { ImageProcessorConfig, ModelConfig } from './modelConfig';

/** 16 MiB: suitable as one IndexedDB record, and accepted by every static host (docs/pack-format.md). */
export const SHARD_BYTES = 16 * 1024 * 1024;
/** Elements of a weight row that share one scale, as in MatMulNBits and GatherBlockQuantized. */
export const BLOCK_SIZE = 32;
export const MANIFEST_FILE = 'pack.json';

/** A range of the pack's byte stream. */
export interface Span {
  offset: number;
  length: number;
}

/**
 * q4: uint8 [N, K/32, 16], element 2j in the low nibble of byte j, value = (nibble − 8) × scale.
 * q8: uint8 [N, K/32, 32], value = (byte − 128) × scale.
 * f16, f32: little-endian, row-major, torch layout ([out, in] for linear weights).
 */
export type TensorDtype = 'q4' | 'q8' | 'f16' | 'f32';

export interface PackTensor {
  name: string;
  dtype: TensorDtype;
  /** Shape of the values, after zero padding; [N, K] for linear weights. */
  shape: number[];
  data: Span;
  /** float16 [N, K/32]; present for q4 and q8. */
  scales?: Span;
}

export interface PackShard {
  file: string;
  size: number;
  sha256: string;
}

export type WeightsOption = 'q4' | 'q8' | 'f16' | 'f32';
export type RecipeOption = 'plain' | 'best';

export interface PackSource {
  /** `org/name` on the hub, or the name of the local folder. */
  repo: string;
  revision: string | null;
  license: string | null;
  /** The safetensors files and their sizes in bytes. */
  files: { name: string; size: number }[];
}

/** A known answer (src/engine/selfTest.ts), computed in float32 with the pack's own weights. */
export interface SelfTestCase {
  prompt: string;
  /** Size of the generated test pattern in pixels; null: no image. */
  image: { width: number; height: number } | null;
  promptTokens: number;
  /** Greedy ids. */
  ids: number[];
  /** Largest minus second largest logit at each step. */
  margins: number[];
  /** The largest logits after the prompt. */
  top: { id: number; logit: number }[];
  /** Standard deviation of the logits after the prompt. */
  std: number;
}

/** Numbers of decoder layers and vision blocks. */
export interface LayerCounts {
  text: number;
  vision: number;
}

/**
 * Packs of models up to this size contain known answers of the whole model: 240 MB of float32 weights, and a few
 * seconds of the conversion.
 */
export const MAX_WHOLE_PARAMETERS = 60e6;

export interface SelfTest {
  version: 1;
  /** The answers are from the first layers only (src/engine/truncatedModel.ts); absent: from the whole model. */
  layers?: LayerCounts;
  cases: SelfTestCase[];
}

export interface PackManifest {
  format: 'rounds-pack';
  version: 1;
  name: string;
  model: ModelConfig;
  imageProcessor: ImageProcessorConfig;
  source: PackSource;
  recipe: {
    weights: WeightsOption;
    recipe: RecipeOption;
    blockSize: number;
    detail: string;
    /** SHA-256 of the calibration file; absent if none was used. */
    calibration?: string;
  };
  /** Number of parameters in the checkpoint. */
  parameters: number;
  totalBytes: number;
  /** config.json, generation_config.json, preprocessor_config.json, tokenizer.json, tokenizer_config.json, chat_template.jinja. */
  files: Record<string, Span>;
  tensors: PackTensor[];
  shards: PackShard[];
  /** Absent if even the first layers were too large for the machine that made the pack. */
  selfTest?: SelfTest;
}
