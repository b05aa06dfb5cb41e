/**
 * What the engine needs from the outside. src/runtime implements these on onnxruntime-web, IndexedDB and the
 * browser's decoders; tests implement them with plain arrays.
 */
import type { PackManifest, Span } from '../shared/pack';

export type ElementType = 'float32' | 'float16' | 'int32' | 'int64' | 'uint8';
export type TensorData = Float32Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array;

/** A tensor wherever the backend keeps it. float16 data is carried as raw Uint16 bits. */
export interface DeviceTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  dispose(): void;
}

/** An initializer of a graph: which part of which pack tensor, and the element type the graph declares for it. */
export interface InitializerSource {
  name: string;
  tensor: string;
  part: 'data' | 'scales';
  type: ElementType;
  dims: number[];
}

/** A graph made by engine/graphs: the ONNX bytes refer to `initializers` as external data. */
export interface GraphModel {
  name: string;
  bytes: Uint8Array;
  /** External data files in the order of their index, each with what it holds and where. */
  externalFiles: {
    path: string;
    size: number;
    entries: (InitializerSource & { offset: number; length: number })[];
  }[];
  inputs: string[];
  outputs: string[];
}

export interface GraphSession {
  /**
   * Runs the graph. `outputs` names where results go: a tensor to write into, `'cpu'` to get a tensor that
   * can be read without a wait, or `'device'` to leave it where the backend computes.
   */
  run(
    feeds: Record<string, DeviceTensor>,
    outputs: Record<string, DeviceTensor | 'cpu' | 'device'>,
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
  readonly name: 'webgpu' | 'wasm';
  readonly activations: 'f16' | 'f32';
  createSession(
    graph: GraphModel,
    pack: PackReader,
    onProgress?: (doneBytes: number, totalBytes: number) => void,
  ): Promise<GraphSession>;
  /** A tensor from host data; may stay on the host until a graph needs it. */
  upload(type: ElementType, data: TensorData, dims: readonly number[]): DeviceTensor;
  /** A zeroed tensor where graphs can read and write it in place (KV cache). */
  allocate(type: ElementType, dims: readonly number[]): DeviceTensor;
  read(tensor: DeviceTensor): Promise<TensorData>;
}

export type Clock = () => number;
