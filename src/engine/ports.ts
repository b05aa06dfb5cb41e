/**
 * What the engine needs from the outside. src/runtime implements these on onnxruntime-web, IndexedDB and the
 * browser's decoders; tests implement them with plain arrays.
 */
import type { ActivationType, BackendName } from '../shared/protocol';
import type { PackManifest, Span } from '../shared/pack';

export type ElementType = 'float32' | 'float16' | 'int32' | 'int64' | 'uint8';
/** float16 values are carried as raw Uint16 bits. */
export type TensorData = Float32Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array;

/** A tensor wherever the backend keeps it. */
export interface DeviceTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  dispose(): void;
}

/** An initializer of a graph: which part of which pack tensor, and how the graph declares it. */
export interface InitializerSource {
  name: string;
  tensor: string;
  part: 'data' | 'scales';
  type: ElementType;
  dims: number[];
  /** The pack holds [N, K]; the graph wants [K, N]. */
  transpose: boolean;
}

export interface ExternalEntry extends InitializerSource {
  offset: number;
  length: number;
}

/** Bytes that the ONNX model refers to by path instead of holding them. */
export interface ExternalFile {
  path: string;
  size: number;
  entries: ExternalEntry[];
}

/** A graph made by engine/graphs. */
export interface GraphModel {
  name: string;
  bytes: Uint8Array;
  externalFiles: ExternalFile[];
  /** `host`: read by the engine after each run. `device`: stays where the backend computes. */
  outputs: { name: string; location: 'host' | 'device' }[];
}

export interface GraphSession {
  /**
   * Runs the graph. An output named in `into` is written into that tensor (KV cache in place); every other
   * output comes back as a new tensor that the caller disposes.
   * @throws RoundsError device_lost, out_of_memory, internal
   */
  run(
    feeds: Record<string, DeviceTensor>,
    into?: Record<string, DeviceTensor>,
  ): Promise<Record<string, DeviceTensor>>;
  dispose(): Promise<void>;
}

/** Reads spans of a pack whose shards have been verified. */
export interface PackReader {
  readonly manifest: PackManifest;
  /** Bytes of a span; a fresh copy that the caller owns. */
  read(span: Span): Promise<Uint8Array<ArrayBuffer>>;
}

export interface Backend {
  readonly name: BackendName;
  readonly activations: ActivationType;
  createSession(
    graph: GraphModel,
    pack: PackReader,
    onProgress?: (doneBytes: number) => void,
  ): Promise<GraphSession>;
  /** A tensor from host data, copied to the device when a graph runs. */
  upload(type: ElementType, data: TensorData, dims: readonly number[]): DeviceTensor;
  /** A zeroed tensor that lives where graphs run and can be written in place. */
  allocate(type: ElementType, dims: readonly number[]): DeviceTensor;
  /** Replaces the values of an allocated tensor from its start. */
  write(tensor: DeviceTensor, data: TensorData): void;
  /** Copies [1, heads, rows, width] into the first rows of [1, heads, moreRows, width]. */
  copyRows(source: DeviceTensor, target: DeviceTensor): void;
  read(tensor: DeviceTensor): Promise<TensorData>;
  dispose(): Promise<void>;
}

export interface Tokenizer {
  /** Ids of a rendered prompt; special tokens in the text become their ids, none are added. */
  encode(text: string): number[];
  /** Text of ids, special tokens left out. */
  decode(ids: readonly number[]): string;
  /** The bytes that one token writes, special tokens by their name; empty for ids without a token. */
  bytes(id: number): Uint8Array;
  /**
   * The checkpoint's own chat template with the generation prompt.
   * @throws RoundsError request_invalid when the template refuses the messages
   */
  render(messages: TemplateMessage[]): string;
}

/** A message in the form that chat templates read. */
export interface TemplateMessage {
  role: 'system' | 'user' | 'assistant';
  content: string | ({ type: 'text'; text: string } | { type: 'image' })[];
}

/** Milliseconds of a monotonic clock. */
export type Clock = () => number;
