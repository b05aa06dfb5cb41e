/**
 * Types of pack.json, the manifest of a model pack (docs/pack-format.md).
 *
 * A pack is one logical byte stream, cut into shards of 16 MiB that are each a file with a SHA-256 in the
 * manifest. Auxiliary files (tokenizer.json, …) and tensors are spans of that stream and may cross shards.
 */
import type { ImageProcessorConfig, ModelConfig } from './modelConfig';

/** 16 MiB: one IndexedDB record, one file that every static host accepts (docs/pack-format.md). */
export const SHARD_BYTES = 16 * 1024 * 1024;
/** Elements of a weight row that share one scale; what MatMulNBits and GatherBlockQuantized read. */
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
  /** Float16 [N, K/32]; present for q4 and q8. */
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
  /** Safetensors files that were read. */
  files: { name: string; size: number }[];
}

/** A known answer (src/engine/selfTest.ts), computed in float32 on the pack's own weights. */
export interface SelfTestCase {
  prompt: string;
  /** Size of the drawn test pattern; null: no image. */
  image: { width: number; height: number } | null;
  promptTokens: number;
  /** Greedy ids. */
  ids: number[];
  /** Best minus second logit at each step. */
  margins: number[];
  /** The largest logits after the prompt. */
  top: { id: number; logit: number }[];
  /** Standard deviation of the logits after the prompt. */
  std: number;
}

/** How many decoder layers and vision blocks take part. */
export interface LayerCounts {
  text: number;
  vision: number;
}

/** Up to here packs carry answers of the whole model: 240 MB of float32 weights, some seconds of a conversion. */
export const MAX_WHOLE_PARAMETERS = 60e6;

export interface SelfTest {
  version: 1;
  /** The answers are those of the model's first layers only (src/engine/truncatedModel.ts); absent: of the whole model. */
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
    /** SHA-256 of the file that told how much each input counts; absent where none was used. */
    calibration?: string;
  };
  /** Number of weights in the checkpoint. */
  parameters: number;
  totalBytes: number;
  /** config.json, generation_config.json, preprocessor_config.json, tokenizer.json, tokenizer_config.json, chat_template.jinja. */
  files: Record<string, Span>;
  tensors: PackTensor[];
  shards: PackShard[];
  /** Absent where even the first layers are too large for the machine that made the pack to run them. */
  selfTest?: SelfTest;
}
