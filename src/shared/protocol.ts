/**
 * What the page can ask for (`Calls`), and the messages between the page and the engine's worker (`EngineCalls`). One row of a
 * table is one call, so a kind and its payload can't disagree. Every request gets exactly one reply; updates may come before it.
 * Images are decoded by a worker of their own (imageProtocol.ts): the engine gets their pixels.
 */
import type { ActivationType, BackendName, DeviceReport } from './device';
import type { WireError } from './errors';
import type {
  GenerateParams,
  GenerateResult,
  ImageInput,
  MemoryUse,
  PixelLimits,
  Rollout,
  RolloutsParams,
  RolloutsResult,
  TokenProbabilities,
} from './generation';
import type { ImageFacts, RawValues, SourceImage } from './imageFacts';
import type { SessionPack } from './library';
import type { ImageProcessorConfig, ModelConfig } from './modelConfig';
import type { PackSource } from './pack';
import type { SurveyedFile } from './series';
import type { ShapeReport } from './shapeReport';
import type { ShapeName } from './shapes';

export type {
  ActivationType,
  BackendName,
  DeviceReason,
  DeviceReport,
  ModeName,
  SelfTestDetail,
  SelfTestReport,
} from './device';

export interface ModelInfo {
  name: string;
  /** SHA-256 of pack.json: names the exact weights. */
  packHash: string;
  model: ModelConfig;
  /** How an image becomes the model's input. */
  imageProcessor: ImageProcessorConfig;
  parameters: number;
  packBytes: number;
  weights: string;
  source: PackSource;
  device: DeviceReport;
  memory: MemoryUse;
  loadMs: number;
  fromCache: boolean;
}

/** Where the engine reads a pack from. */
export type PackLocation =
  /**
   * Folder of pack.json, an absolute address (a relative one would count from the worker's script). `cache` keeps the
   * shards in IndexedDB.
   */
  | { kind: 'url'; url: string; cache: boolean }
  /** A complete model of the library (StoredModel.id). */
  | { kind: 'stored'; id: string }
  /** Blobs that live as long as the page. */
  | { kind: 'session'; pack: SessionPack };

export interface LoadParams {
  pack: PackLocation;
  backend: BackendName | 'auto';
  activations: ActivationType | 'auto';
  /** Run the self-test again, whatever earlier visits found. */
  recheck?: boolean;
}

export interface MeasureParams extends Pick<LoadParams, 'backend' | 'activations'> {
  shape: ShapeName;
  /** Milliseconds for all of it, with loading. What doesn't fit is left out. */
  limitMs: number;
}

/** Pixels for the page to draw: the file as decoded, and exactly what the model is given; and the file's facts. */
export interface ImagePreview extends ImageFacts {
  width: number;
  height: number;
  rgba: Uint8ClampedArray<ArrayBuffer>;
  /** 0 and null before a model is loaded: its image processor decides. */
  resizedWidth: number;
  resizedHeight: number;
  resizedRgba: Uint8ClampedArray<ArrayBuffer> | null;
  /** Language-model tokens that the image takes. */
  tokens: number;
  /** Where `raw` was requested and the image has grey values of more than 8 bits. */
  raw?: RawValues;
}

export interface PreviewParams {
  image: ImageInput;
  /** As for generate, so that the preview shows what the question will. */
  imageLimits?: PixelLimits[];
  /** Names the file among those of the page: the worker remembers what it read of the last one, for its next frame. */
  file?: number;
  /** Return the grey values as well, for a viewer that applies windows itself. */
  raw?: boolean;
  /** Return the values of the fields that identify the patient, not only their names. */
  identity?: boolean;
}

/** What this device could run, found out before a model is fetched. */
export interface DeviceProbe {
  /** Null: the browser offers no WebGPU adapter. */
  gpu: {
    description: string;
    /** True for software adapters (SwiftShader, lavapipe, WARP). */
    software: boolean;
    shaderF16: boolean;
    /** maxBufferSize and maxStorageBufferBindingSize. */
    maxBufferBytes: number;
    maxBindingBytes: number;
  } | null;
  /** Bytes that a trial requested and got; null without a trial. */
  allocation: { askedBytes: number; gotBytes: number } | null;
}

/** A request whose last message ends where the question will begin. */
export type PrepareParams = Pick<GenerateParams, 'messages' | 'imageLimits'>;

export interface PrepareResult {
  /** Prompt tokens that the question will find in the KV cache, and how many of them were there before. */
  tokens: number;
  cachedTokens: number;
  /** Images that were encoded; the others were known. */
  encodedImages: number;
}

/** One row is one call: [parameters, result]. */
export interface Calls {
  load: [LoadParams, ModelInfo];
  preview: [PreviewParams, ImagePreview];
  /** What files are, from their first bytes, in the order of the files. */
  survey: [{ files: File[] }, SurveyedFile[]];
  generate: [GenerateParams, GenerateResult];
  /** Works ahead of a question; any other call ends it after its current step, and continues from what is finished. */
  prepare: [PrepareParams, PrepareResult];
  /** Once the prompt is in the cache, stopping isn't an error: the result then holds the rollouts so far. */
  rollouts: [RolloutsParams, RolloutsResult];
  unload: [Record<string, never>, null];
  /** Loads a model of made-up weights in place of the present one, measures its steps and unloads it. */
  measure: [MeasureParams, ShapeReport];
  /** `allocateBytes` above 0 allocates that much GPU memory and frees it; 0 only reads the adapter's facts. */
  probe: [{ allocateBytes: number }, DeviceProbe];
}

export type CallName = keyof Calls;

/** The images of a call's messages, in their order; and how long decoding took. */
export interface DecodedPixels {
  /** Without pixels where the engine should have them: otherwise it replies `needed`. */
  images: SourceImage[];
  decodeMs: number;
}

/** The calls that reach the engine's worker. */
export interface EngineCalls extends Pick<Calls, 'load' | 'unload' | 'probe' | 'measure'> {
  prepare: [PrepareParams & { decoded: DecodedPixels }, PrepareResult];
  generate: [GenerateParams & { decoded: DecodedPixels }, GenerateResult];
  rollouts: [RolloutsParams & { decoded: DecodedPixels }, RolloutsResult];
}

export type EngineCallName = keyof EngineCalls;

export type Stage =
  'manifest' | 'download' | 'verify' | 'compile' | 'check' | 'image' | 'vision' | 'prefill' | 'decode';

export type Phase = 'thinking' | 'answering';

export type Update =
  | { kind: 'progress'; stage: Stage; done: number; total: number }
  /**
   * Text that is ready to show; append the pieces of one phase. `ids` are those drawn since the last such update
   * (a piece may need several, and two pieces may share one): an answer can be continued from them if its device is lost.
   */
  | { kind: 'token'; text: string; phase: Phase; index: number; ids: number[]; rollout?: number }
  | { kind: 'probabilities'; token: TokenProbabilities }
  /** One rollout is finished; those of a batch may finish in any order. */
  | { kind: 'rollout'; rollout: Rollout };

export type Request =
  | { [K in EngineCallName]: { id: number; call: K; params: EngineCalls[K][0] } }[EngineCallName]
  | { id: number; call: 'cancel' };

export type FromWorker =
  | { type: 'update'; id: number; update: Update }
  | { type: 'result'; id: number; result: EngineCalls[EngineCallName][1] }
  | { type: 'error'; id: number; error: WireError }
  /** The reply to a call with images whose pixels are gone, by their SHA-256: call again with them. */
  | { type: 'needed'; id: number; images: string[] }
  /** At the start, and every second while a call runs: the worker isn't blocked. */
  | { type: 'alive' }
  /** Not an answer to a request: the GPU was lost, and loaded models with it. */
  | { type: 'lost'; error: WireError };
