/** What is asked of a model and what comes back: messages, settings, answers, and what was measured on the way. */
import type { Plane } from './imageFacts';

/** An image as the visitor gave it. Decoded in the worker, never anywhere else. */
export interface ImageInput {
  blob: Blob;
  name: string;
  /** Zero-based: frame of a DICOM file, page of a TIFF, slice of a NIfTI volume. */
  frame?: number;
  /** [center, width] in the unit of the image, instead of its own; for images with more than 8 bits of grey. */
  window?: [number, number];
  /** Of a NIfTI volume; axial if it is not said. */
  plane?: Plane;
  /** Of a NIfTI series, from 0. */
  volume?: number;
}

export type ContentPart = { type: 'text'; text: string } | { type: 'image'; image: ImageInput };

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string | ContentPart[];
}

export interface GenerationSettings {
  maxNewTokens: number;
  temperature: number;
  topP: number;
  /** 0: off. */
  topK: number;
  /** 1: off. */
  repetitionPenalty: number;
  seed: number;
  ignoreEos: boolean;
}

/** One resize step: both limits count width × height of the result, in pixels. */
export interface PixelLimits {
  minPixels: number;
  maxPixels: number;
  /**
   * `processor` (default): transformers' Qwen2VLImageProcessor. `vision_utils`: qwen_vl_utils, which differs
   * only for a side that rounds to 0 (it becomes one factor before the limits are looked at).
   */
  rule?: 'processor' | 'vision_utils';
}

export interface GenerateParams {
  messages: ChatMessage[];
  settings: GenerationSettings;
  /** String tags that part thinking from answer; see engine/text/thinkingSplitter.ts. */
  tags?: { think: [string, string]; answer: [string, string] };
  /** Resizes before the image processor's own, in order (MedVLM-R1 resizes large images twice). */
  imageLimits?: PixelLimits[];
  /**
   * Ids that the answer begins with: it goes on behind them, and the result is that of one uncut run (the same seed
   * draws on where it would have drawn). `maxNewTokens` counts what is added.
   */
  continueFrom?: number[];
  /** So many of the most probable tokens (at most 10) are told for each new one. */
  alternatives?: number;
  /** Letters of the choices: their probabilities are told wherever the answer writes one of them. */
  optionLetters?: string[];
  /** Fed instead of the chosen ids (teacher forcing). */
  forceIds?: number[];
  logits?: 'none' | 'last' | 'all';
  /** Return intermediate values as well, for checks against reference vectors. */
  trace?: boolean;
}

export interface TokenAlternative {
  id: number;
  /** What the token writes; bytes that are no whole character stand as \\xE2. */
  text: string;
  /** By the model's own distribution: over the whole vocabulary, temperature 1, no truncation, no repetition penalty. */
  probability: number;
}

/** How sure the model was at one token. */
export interface TokenProbabilities {
  /** Place in the answer's tokens, from 0. */
  index: number;
  chosen: TokenAlternative;
  /** Most probable first. The chosen token may be missing: it was drawn, or forced. */
  top: TokenAlternative[];
}

/** The choices where the answer wrote the letter of one. */
export interface OptionProbabilities {
  /** Place in the answer's tokens, from 0. */
  index: number;
  /** The letter that was written. */
  letter: string;
  options: {
    letter: string;
    /** Of all tokens that write this letter and no other letter or digit, over the whole vocabulary. */
    probability: number;
    /** The same among the letters alone: these add up to 1. */
    share: number;
  }[];
}

export interface ProcessedImage {
  width: number;
  height: number;
  rgbSha256: string;
  resizedWidth: number;
  resizedHeight: number;
  resizedSha256: string;
}

export interface GenerateTiming {
  imageMs: number;
  visionMs: number;
  prefillMs: number;
  /** From the request to the first token. */
  ttftMs: number;
  decodeMs: number;
  decodeTokensPerSecond: number;
}

/** Intermediate values of one run. */
export interface GenerateTrace {
  /** [patches, columns] of all images, padding columns left out. */
  pixelValues: Float32Array;
  /** [merged tokens, hidden] of all images, raster order. */
  imageFeatures: Float32Array;
}

/** What a model takes of its device's memory, in bytes; an estimate, because nobody tells what a GPU holds. */
export interface MemoryUse {
  /** Exact: the weights as the graphs hold them. */
  weightBytes: number;
  /** Exact: allocated so far. It grows with the conversation. */
  kvCacheBytes: number;
  /** Tokens that this has room for, and what each costs. */
  kvTokens: number;
  kvBytesPerToken: number;
  /** Worked out from the widest layer of the last run; 0 before the first. */
  activationBytes: number;
}

export type FinishReason = 'stop' | 'length' | 'abort';

export interface GenerateResult {
  prompt: string;
  promptIds: number[];
  imageGridThw: [number, number, number][];
  positionIds: [number[], number[], number[]];
  ropeDelta: number;
  newIds: number[];
  text: string;
  thinking: string;
  answer: string;
  finishReason: FinishReason;
  logits: Float32Array[];
  images: ProcessedImage[];
  timing: GenerateTiming;
  /** Prompt and new tokens of this turn, and what the KV cache can hold. */
  contextUsed: number;
  contextAvailable: number;
  /** Tokens of the prompt that the KV cache held already: an earlier turn's, or another rollout's. */
  cachedTokens: number;
  memory: MemoryUse;
  /** With `alternatives`; of the tokens that this call added. */
  probabilities?: TokenProbabilities[];
  /** With `optionLetters`; of the tokens that this call added. */
  optionProbabilities?: OptionProbabilities[];
  trace?: GenerateTrace;
}

/** One question asked several times; each rollout is drawn with a seed of its own. */
export interface RolloutsParams {
  /** `settings.seed` is that of the first rollout; each later one adds 1. */
  request: Omit<GenerateParams, 'continueFrom' | 'alternatives' | 'forceIds' | 'logits' | 'trace'>;
  /** 2 to 16. */
  count: number;
}

export interface Rollout {
  /** From 0. */
  index: number;
  seed: number;
  newIds: number[];
  text: string;
  thinking: string;
  answer: string;
  finishReason: FinishReason;
  optionProbabilities: OptionProbabilities[];
  decodeMs: number;
}

export interface RolloutsResult {
  /** Those that were begun; the last one may have been stopped. */
  rollouts: Rollout[];
  promptTokens: number;
  /** Tokens of the prompt that the KV cache held already. The rest was computed once, for all rollouts together. */
  cachedTokens: number;
  timing: Pick<GenerateTiming, 'imageMs' | 'visionMs' | 'prefillMs' | 'decodeMs' | 'decodeTokensPerSecond'>;
  contextAvailable: number;
  memory: MemoryUse;
}
