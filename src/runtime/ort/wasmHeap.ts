/**
 * Tensors that stay in onnxruntime's wasm memory between runs. onnxruntime-web copies every input into that memory and
 * every output out of it; for a KV cache that would be several copies of the whole cache for each token. A tensor of
 * this heap is given to a run as an input and as an output by its address instead, and GroupQueryAttention then
 * appends rows in place.
 *
 * onnxruntime-web (the version in package.json) calls `_OrtCreateTensor` for each tensor right after it has read
 * `byteLength` of the tensor's data. Here that read announces a block, and the wrapped call uses its address.
 */
import type { Tensor } from 'onnxruntime-web';
import { RoundsError } from '../../shared/errors';
import type { ElementType } from '../../engine/ports';
import type { Ort } from './build';
import { adoptProviderOptions, type OptionsModule } from './providerOptions';

/** What is used of the module that emscripten's glue makes. */
export interface OrtModule {
  /** A view of the memory as of the last call that noticed its growth. */
  HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
  _OrtCreateTensor(type: number, data: number, bytes: number, ...rest: number[]): number;
  /** Renews the views if the memory has grown. */
  getValue(address: number, type: 'i8'): number;
}

export interface HeapBlock {
  address: number;
  bytes: number;
}

export class WasmHeap {
  readonly #module: OrtModule;
  #announced: HeapBlock | null = null;
  #used = 0;

  constructor(module: OrtModule) {
    this.#module = module;
    const create = module._OrtCreateTensor.bind(module);
    module._OrtCreateTensor = (type, data, bytes, ...rest) => {
      const block = this.#announced;
      this.#announced = null;
      if (!block) return create(type, data, bytes, ...rest);
      this.#used++;
      return create(type, block.address, block.bytes, ...rest);
    };
  }

  /** How many tensors of this heap were given to runs. */
  get used(): number {
    return this.#used;
  }

  /** Bytes of the whole wasm memory, which never shrinks. */
  get size(): number {
    return this.#module.HEAPU8.buffer.byteLength;
  }

  /** Zero-filled. @throws RoundsError out_of_memory */
  allocate(bytes: number): HeapBlock {
    const address = this.#module._malloc(bytes);
    if (address === 0) {
      const megabytes = Math.round(bytes / 2 ** 20);
      throw new RoundsError(
        'out_of_memory',
        `WebAssembly has no ${megabytes} MB left for the conversation. Start a new question, or use a smaller model.`,
      );
    }
    const block = { address, bytes };
    this.view(block).fill(0);
    return block;
  }

  free({ address }: HeapBlock): void {
    this.#module._free(address);
  }

  /** The block's bytes; valid until the memory grows. */
  view({ address, bytes }: HeapBlock): Uint8Array {
    // Another thread may have grown the memory, which this thread's views show only after such a call.
    this.#module.getValue(address, 'i8');
    return this.#module.HEAPU8.subarray(address, address + bytes);
  }

  /** A tensor whose data are `block`. It can only be given to a run. */
  tensor(ort: Ort, type: ElementType, dims: readonly number[], block: HeapBlock): Tensor {
    const bytes = this.view(block);
    const data = new Float32Array(bytes.buffer, bytes.byteOffset, block.bytes / 4);
    const tensor = new ort.Tensor(type as 'float32', data, [...dims]);
    const announce = (): number => {
      this.#announced = block;
      return 0;
    };
    const marker = Object.defineProperty({ buffer: new ArrayBuffer(0), byteOffset: 0 }, 'byteLength', {
      get: announce,
    });
    return Object.create(tensor, { data: { value: marker } }) as Tensor;
  }
}

let heap: WasmHeap | null = null;

/** The heap of the realm's onnxruntime; null until a first session has been made. */
export function wasmHeap(): WasmHeap | null {
  return heap;
}

/** Must be called before onnxruntime-web imports glue.mjs. @param original address of its own glue */
export function adoptModuleOf(original: string): void {
  const adopt = (module: OrtModule & OptionsModule): void => {
    heap = new WasmHeap(module);
    adoptProviderOptions(module);
  };
  (globalThis as { roundsOrt?: object }).roundsOrt = { original, adopt };
}
