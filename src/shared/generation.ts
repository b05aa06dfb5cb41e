/** Requests to a model and their results: messages, settings, answers and measurements. */
import type { Plane } from './imageFacts';

/** An image file as provided by the visitor. It is decoded only in the worker. */
export interface ImageInput {
  blob: Blob;
  name: string;
  /** Zero-based: frame of a DICOM file, page of a TIFF, slice of a NIfTI volume. */
  frame?: number;
  /** [center, width] in the unit of the image, replacing its own; for grey images with more than 8 bits. */
  window?: [number, number];
  /** Plane of a NIfTI volume; axial by default. */
  plane?: Plane;
  /** Volume of a NIfTI series, from 0. */
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

/** Limits of one resize step: width × height of the result, in pixels. */
export interface PixelLimits {
  minPixels: number;
  maxPixels: number;
  /**
   * `processor` (default): transformers' Qwen2VLImageProcessor. `vision_utils`: qwen_vl_utils, which differs only for
   * a side that rounds to 0 (it is raised to one factor before the limits are checked).
   */
  rule?: 'processor' | 'vision_utils';
}

export interface GenerateParams {
  messages: ChatMessage[];
  settings: GenerationSettings;
  /** Tags that separate thinking from answer; see engine/text/thinkingSplitter.ts. */
  tags?: { think: [string, string]; answer: [string, string] };
  /** Resize steps before the image processor's own, in order (MedVLM-R1 resizes large images twice). */
  imageLimits?: PixelLimits[];
  /**
   * Ids that the answer starts with. Generation continues after them, and the result equals that of one uninterrupted
   * run (the random numbers continue as well). `maxNewTokens` counts only added tokens.
   */
  continueFrom?: number[];
  /** Number of most probable tokens to report for each new token, at most 10. */
  alternatives?: number;
  /** Option letters. Their probabilities are reported wherever the answer contains one of them. */
  optionLetters?: string[];
  /** Ids to feed instead of the chosen ones (teacher forcing). */
  forceIds?: number[];
  logits?: 'none' | 'last' | 'all';
  /** Also return intermediate values, for comparison with reference vectors. */
  trace?: boolean;
}

export interface TokenAlternative {
  id: number;
  /** Text of the token. Bytes that do not form a whole character are shown as \\xE2. */
  text: string;
  /** In the model's own distribution: whole vocabulary, temperature 1, no truncation, no repetition penalty. */
  probability: number;
}

/** Probabilities at one token of the answer. */
export interface TokenProbabilities {
  /** Index in the answer's tokens, from 0. */
  index: number;
  chosen: TokenAlternative;
  /** Most probable first. May lack the chosen token, if it was sampled or forced. */
  top: TokenAlternative[];
}

/** Probabilities of the options at a token that writes the letter of one of them. */
export interface OptionProbabilities {
  /** Index in the answer's tokens, from 0. */
  index: number;
  /** The letter in the answer. */
  letter: string;
  options: {
    letter: string;
    /** Over the whole vocabulary: of all tokens that write this letter and no other letter or digit. */
    probability: number;
    /** Normalised over the option letters: these add up to 1. */
    share: number;
  }[];
}

/** Sizes in pixels and SHA-256 of the RGB bytes, before and after the resize for the model. */
export interface ProcessedImage {
  width: number;
  height: number;
  rgbSha256: string;
  resizedWidth: number;
  resizedHeight: number;
  resizedSha256: string;
}

/** Times in milliseconds. */
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

/** Device memory used by a model, in bytes. The total is an estimate: browsers do not report GPU memory. */
export interface MemoryUse {
  /** Exact: size of the weights in the graphs. */
  weightBytes: number;
  /** Exact: bytes allocated so far. Grows with the conversation. */
  kvCacheBytes: number;
  /** Capacity of the allocated KV cache in tokens. */
  kvTokens: number;
  kvBytesPerToken: number;
  /** Estimated from the widest layer in the last run; 0 before the first run. */
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
  /** Tokens of the prompt and the answer. */
  contextUsed: number;
  /** Maximum number of tokens in the model's context. */
  contextAvailable: number;
  /** Prompt tokens that were already in the KV cache, from an earlier turn or rollout, or prepared ahead. */
  cachedTokens: number;
  /** Images that this call had to encode; the others were known. */
  encodedImages: number;
  memory: MemoryUse;
  /** With `alternatives`: for the tokens added by this call. */
  probabilities?: TokenProbabilities[];
  /** With `optionLetters`: for the tokens added by this call. */
  optionProbabilities?: OptionProbabilities[];
  trace?: GenerateTrace;
}

/** Several rollouts of one question, each sampled with its own seed. */
export interface RolloutsParams {
  /** `settings.seed` is the seed of the first rollout; each further one adds 1. */
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
  /** All rollouts that were started; the last one may have been stopped. */
  rollouts: Rollout[];
  promptTokens: number;
  /** Prompt tokens that were already in the KV cache. The rest was computed once for all rollouts. */
  cachedTokens: number;
  /** As in GenerateResult. */
  encodedImages: number;
  timing: Pick<GenerateTiming, 'imageMs' | 'visionMs' | 'prefillMs' | 'decodeMs' | 'decodeTokensPerSecond'>;
  contextAvailable: number;
  memory: MemoryUse;
}
