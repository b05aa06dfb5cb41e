/** The engine's tensors around onnxruntime's. */
import type { Tensor } from 'onnxruntime-web';
import { RoundsError } from '../../shared/errors';
import type { DeviceTensor, ElementType } from '../../engine/ports';
import type { HeapBlock, WasmHeap } from './wasmHeap';

/** A view leaves its buffer to the tensor that it was made of. */
export interface GpuStorage {
  kind: 'gpu';
  buffer: GPUBuffer;
  isView?: boolean;
}

/** Where an allocated tensor is. */
type Storage = GpuStorage | { kind: 'wasm'; heap: WasmHeap; block: HeapBlock };

/** A DeviceTensor around one of onnxruntime's. Without storage it is an array that onnxruntime copies. */
export class OrtTensor implements DeviceTensor {
  readonly value: Tensor;
  readonly storage: Storage | null;

  constructor(value: Tensor, storage: Storage | null = null) {
    this.value = value;
    this.storage = storage;
  }

  get buffer(): GPUBuffer | null {
    return this.storage?.kind === 'gpu' ? this.storage.buffer : null;
  }

  /** The values of a tensor that is not on the GPU. */
  get values(): Float32Array {
    if (this.storage?.kind !== 'wasm') return this.value.data as Float32Array;
    const { buffer, byteOffset, byteLength } = this.storage.heap.view(this.storage.block);
    return new Float32Array(buffer, byteOffset, byteLength / 4);
  }

  get type(): ElementType {
    return this.value.type as ElementType;
  }

  get dims(): readonly number[] {
    return this.value.dims;
  }

  dispose(): void {
    this.value.dispose();
    if (this.storage?.kind === 'gpu') {
      if (!this.storage.isView) this.storage.buffer.destroy();
    } else this.storage?.heap.free(this.storage.block);
  }
}

export function unwrap(tensor: DeviceTensor): OrtTensor {
  if (tensor instanceof OrtTensor) return tensor;
  throw new RoundsError('internal', 'A tensor of another backend was given.');
}
