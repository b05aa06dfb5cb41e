/**
 * The engine's interfaces to the outside. src/runtime implements them with onnxruntime-web, IndexedDB and the
 * browser's decoders; tests implement them with plain arrays.
 */
import type { ActivationType, BackendName } from '../shared/protocol';
import type { RoundsError } from '../shared/errors';
import type { GenerationSettings } from '../shared/generation';
import type { PackManifest, Span } from '../shared/pack';

export type ElementType = 'float32' | 'float16' | 'int32' | 'int64' | 'uint8';
/** float16 values are stored as raw bits in a Uint16Array. */
export type TensorData = Float32Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array;

/** A tensor, stored wherever the backend computes. */
export interface DeviceTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  dispose(): void;
}

/** int4: two elements in a byte, the first in the low bits. */
export type InitializerType = ElementType | 'int8' | 'int4';

/** An initializer of a graph: the pack tensor that it is read from, and its declaration in the graph. */
export interface InitializerSource {
  name: string;
  tensor: string;
  /**
   * data, scales: as the pack stores them, or converted to another float type. Of quantized tensors also values: the
   * weights themselves as float32; integers: without their scales, as int8 or int4.
   */
  part: 'data' | 'scales' | 'values' | 'integers';
  type: InitializerType;
  dims: number[];
  /** The pack stores [N, K]; the graph needs [K, N]. */
  transpose: boolean;
  /** Only these rows of the pack's matrix; absent: all. */
  rows?: RowRange;
}

/** `start` inclusive, `end` exclusive. */
export interface RowRange {
  start: number;
  end: number;
}

/** An initializer and its byte range in an external file. */
export interface ExternalEntry extends InitializerSource {
  offset: number;
  length: number;
}

/** Weights that the ONNX model refers to by path instead of containing them. */
export interface ExternalFile {
  path: string;
  size: number;
  entries: ExternalEntry[];
}

/** A graph built by engine/graphs. */
export interface GraphModel {
  name: string;
  bytes: Uint8Array;
  externalFiles: ExternalFile[];
  /** `host`: read by the engine after each run. `device`: stays on the device. */
  outputs: { name: string; location: 'host' | 'device' }[];
  /** Whether runs are to be captured and replayed, if the device can. */
  capture?: boolean;
  /** Whether all commands of a run may be submitted at once, because it takes a GPU far less than a second. */
  isLight?: boolean;
}

export interface GraphSession {
  /** Whether runs can be captured. All inputs must be on the device then. */
  readonly captures?: boolean;
  /**
   * Runs the graph. An output named in `into` is written to that tensor (the KV cache is updated in place); every
   * other output is a new tensor that the caller must dispose.
   * @param capture number of a captured run (≥ 1). The first call with a number captures the GPU's commands, later ones
   *   replay them, whatever is passed; so all tensors must be the same, and each output must be named in `into`.
   * @throws RoundsError device_lost, out_of_memory, internal
   */
  run(
    feeds: Record<string, DeviceTensor>,
    into?: Record<string, DeviceTensor>,
    capture?: number,
  ): Promise<Record<string, DeviceTensor>>;
  dispose(): Promise<void>;
}

/** Reads spans of a pack whose shards are verified. */
export interface PackReader {
  readonly manifest: PackManifest;
  /** Bytes of a span, as a copy that the caller owns. */
  read(span: Span): Promise<Uint8Array<ArrayBuffer>>;
}

/** The token embedding of a pack. */
export interface TableSource {
  /** [rows, columns]: vocabulary and hidden size. */
  rows: number;
  columns: number;
  /** Bits per weight; null for a table that is not quantized. */
  bits: 4 | 8 | null;
  /** Of looked-up rows, of the scales, and of the data if they are not quantized. */
  type: 'float32' | 'float16';
  data: InitializerSource;
  scales: InitializerSource | null;
  /** Whether the head of the decoder graph reads this table. */
  isHead: boolean;
}

/** The token embedding on the device, where the output head may read the same memory. */
export interface EmbeddingTable {
  readonly data: DeviceTensor;
  readonly scales: DeviceTensor | null;
  readonly isHead: boolean;
  /** Writes the embeddings of `ids` to the first rows of `target` [1, S, columns], S ≥ ids.length. */
  lookUp(ids: readonly number[], target: DeviceTensor): void;
  /** Chooses tokens where the logits are; null if this device cannot bind all that it needs. */
  sampler?(step: StepTensors): DeviceSampler | null;
  dispose(): void;
}

/** Tensors of a decode step that a sampler reads and writes. */
export interface StepTensors {
  /** [1, 1, vocab] */
  logits: DeviceTensor;
  embeddings: DeviceTensor;
  seqlensK: DeviceTensor;
  totalLength: DeviceTensor;
}

export interface SampleStart {
  /** Of a new answer; absent to continue with those of the last start. */
  settings?: Pick<GenerationSettings, 'temperature' | 'topK' | 'topP' | 'repetitionPenalty'>;
  /** Ids that the repetition penalty applies to; absent to continue. */
  seen?: Iterable<number>;
  /** A random number for each choice, as a fraction of 2^32; none without a draw. */
  fractions: Uint32Array<ArrayBuffer>;
}

/** Chooses tokens on the device as engine/sampling.ts does on the host. */
export interface DeviceSampler {
  begin(start: SampleStart): void;
  /**
   * Chooses a token from the step's logits, after what has been submitted; makes it the input of the next step.
   * @param read how many choices `ids` is going to read; 0 or absent if it is not the last one
   */
  choose(read?: number): void;
  /** The choices since `begin`; −1 where no logit was finite. */
  ids(count: number): Promise<number[]>;
  dispose(): void;
}

export interface Backend {
  readonly name: BackendName;
  readonly activations: ActivationType;
  /** Why this backend can't compute any more, whatever is asked of it; null while it can. */
  readonly failure?: RoundsError | null;
  createSession(
    graph: GraphModel,
    pack: PackReader,
    onProgress?: (doneBytes: number) => void,
  ): Promise<GraphSession>;
  /** A tensor with data from the host, copied to the device when a graph runs. */
  upload(type: ElementType, data: TensorData, dims: readonly number[]): DeviceTensor;
  /** A zero-filled tensor on the device that graphs can write in place. */
  allocate(type: ElementType, dims: readonly number[]): DeviceTensor;
  /** Overwrites values of an allocated tensor, from its start or from element `at`. */
  write(tensor: DeviceTensor, data: TensorData, at?: number): void;
  /** The first values of an allocated tensor, as another shape. It shares the memory, which stays with `tensor`. */
  view?(tensor: DeviceTensor, dims: readonly number[]): DeviceTensor;
  /**
   * Loads a table onto the device. Only on WebGPU; elsewhere the decoder graph looks tokens up.
   * @param onProgress bytes of the table so far
   */
  loadTable?(
    source: TableSource,
    pack: PackReader,
    onProgress?: (doneBytes: number) => void,
  ): Promise<EmbeddingTable>;
  /**
   * Copies the rows of one lane of [lanes, heads, rows, width] into the first rows of one of [lanes, heads, moreRows,
   * width]; both are the first lane unless given.
   */
  copyRows(source: DeviceTensor, target: DeviceTensor, fromLane?: number, toLane?: number): void;
  read(tensor: DeviceTensor): Promise<TensorData>;
  /** Resolves when the device has done all that it was given. */
  finished?(): Promise<void>;
  dispose(): Promise<void>;
}

export interface Tokenizer {
  /** Ids of a rendered prompt. Special tokens in the text become their ids; none are added. */
  encode(text: string): number[];
  /** Text of ids, without special tokens. */
  decode(ids: readonly number[]): string;
  /** The bytes of one token; the name of a special token; empty for ids without a token. */
  bytes(id: number): Uint8Array;
  /**
   * Renders the checkpoint's own chat template, with the generation prompt.
   * @throws RoundsError request_invalid if the template rejects the messages
   */
  render(messages: TemplateMessage[]): string;
}

/** A message as chat templates expect it. */
export interface TemplateMessage {
  role: 'system' | 'user' | 'assistant';
  content: string | ({ type: 'text'; text: string } | { type: 'image' })[];
}

/** Milliseconds of a monotonic clock. */
export type Clock = () => number;
