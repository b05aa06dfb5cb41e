/**
 * The engine's Backend port on onnxruntime-web, for WebGPU and for wasm. With WebGPU, allocated tensors are
 * GPU buffers that graphs read and write in place; with wasm they are blocks of its memory, used the same way.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { RoundsError } from '../../shared/errors';
import type { ActivationType, BackendName } from '../../shared/protocol';
import type {
  Backend,
  DeviceTensor,
  ElementType,
  EmbeddingTable,
  GraphModel,
  GraphSession,
  InitializerSource,
  PackReader,
  TableSource,
  TensorData,
} from '../../engine/ports';
import { typeBytes } from '../../engine/elementBytes';
import { ReadBuffer } from '../gpu/readBuffer';
import { mountFiles } from './externalData';
import type { Ort } from './build';
import { weightsPath } from './loadOrt';
import { serialQueue } from './serialQueue';
import { turn } from './turn';
import { addProviderOptions } from './providerOptions';
import { OrtGraphSession } from './ortGraphSession';
import { loadOrtTable } from './ortTable';
import { OrtTensor, unwrap, type GpuStorage } from './ortTensor';
import { wasmHeap } from './wasmHeap';

export class OrtBackend implements Backend {
  readonly name: BackendName;
  readonly activations: ActivationType;
  readonly #ort: Ort;
  readonly #device: GPUDevice | null;
  readonly #mayCapture: boolean;
  readonly #readBuffer: ReadBuffer | null;
  readonly #enqueue = serialQueue();
  #failure: RoundsError | null = null;

  /**
   * @param device null for wasm. The backend owns the device and destroys it when disposed.
   * @param mayCapture false leaves out graph capture, for the safer mode after a failed self-test
   */
  constructor(ort: Ort, device: GPUDevice | null, activations: ActivationType, mayCapture = true) {
    this.#ort = ort;
    this.#device = device;
    this.name = device ? 'webgpu' : 'wasm';
    this.activations = activations;
    this.#mayCapture = device !== null && mayCapture;
    this.#readBuffer = device && new ReadBuffer(device);
    device?.addEventListener('uncapturederror', (event) => this.#onGpuError(event.error));
    void device?.lost.then((info) => {
      this.#failure ??= new RoundsError(
        'device_lost',
        `The GPU device was lost: ${info.message || info.reason}`,
      );
    });
  }

  get failure(): RoundsError | null {
    return this.#failure;
  }

  async createSession(
    graph: GraphModel,
    pack: PackReader,
    onProgress?: (doneBytes: number) => void,
  ): Promise<GraphSession> {
    const captures = this.#mayCapture && graph.capture === true;
    const weights = await mountFiles(graph.externalFiles, pack, weightsPath(), onProgress);
    const options = { ...this.#sessionOptions(graph), externalData: weights.files };
    const session = await this.#guard(`building ${graph.name}`, () => {
      addProviderOptions(this.#device ? providerOptions(graph, captures) : {});
      return this.#ort.InferenceSession.create(graph.bytes, options);
    }).catch((thrown: unknown) => {
      throw RoundsError.from(weights.failure() ?? thrown);
    });
    return new OrtGraphSession(graph, session, captures, (what, job) => this.#guard(what, job));
  }

  upload(type: ElementType, data: TensorData, dims: readonly number[]): DeviceTensor {
    return new OrtTensor(this.#hostTensor(type, data, dims));
  }

  allocate(type: ElementType, dims: readonly number[]): DeviceTensor {
    const count = dims.reduce((a, b) => a * b, 1);
    if (!this.#device) return this.#allocateOnHost(type, count, dims);
    const buffer = this.#device.createBuffer({
      size: Math.ceil((count * typeBytes(type)) / 16) * 16,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    return this.#gpuTensor(type, dims, { kind: 'gpu', buffer });
  }

  view(tensor: DeviceTensor, dims: readonly number[]): DeviceTensor {
    const { buffer } = unwrap(tensor);
    if (!buffer) throw new RoundsError('internal', 'Only tensors on the GPU have views.');
    return this.#gpuTensor(tensor.type, dims, { kind: 'gpu', buffer, isView: true });
  }

  #gpuTensor(type: ElementType, dims: readonly number[], storage: GpuStorage): DeviceTensor {
    const options = { dataType: type as 'float32', dims: [...dims] };
    return new OrtTensor(this.#ort.Tensor.fromGpuBuffer(storage.buffer, options), storage);
  }

  async loadTable(
    source: TableSource,
    pack: PackReader,
    onProgress?: (doneBytes: number) => void,
  ): Promise<EmbeddingTable> {
    const device = this.#device;
    if (!device) throw new RoundsError('internal', 'Without a GPU there are no tables.');
    const allocate = ({ type, dims }: InitializerSource): DeviceTensor =>
      this.allocate(type as 'uint8', dims);
    const guard = <T>(what: string, job: () => Promise<T>): Promise<T> => this.#guard(what, job);
    const parts = { device, source, allocate, guard };
    return this.#guard('loading the embedding', () => loadOrtTable(parts, pack, onProgress));
  }

  #allocateOnHost(type: ElementType, count: number, dims: readonly number[]): DeviceTensor {
    const heap = wasmHeap();
    if (!heap || type !== 'float32') throw new RoundsError('internal', `No ${type} tensor can be allocated.`);
    const block = heap.allocate(count * typeBytes(type));
    return new OrtTensor(heap.tensor(this.#ort, type, dims, block), { kind: 'wasm', heap, block });
  }

  write(tensor: DeviceTensor, data: TensorData, at = 0): void {
    const target = unwrap(tensor);
    if (target.buffer && this.#device) {
      const offset = at * typeBytes(tensor.type);
      this.#device.queue.writeBuffer(target.buffer, offset, data as Float32Array<ArrayBuffer>);
    } else {
      target.values.set(data as Float32Array, at);
    }
  }

  copyRows(source: DeviceTensor, target: DeviceTensor, fromLane = 0, toLane = 0): void {
    const [from, to] = [unwrap(source), unwrap(target)];
    const [, heads = 0, rows = 0, width = 0] = from.dims;
    const targetRows = to.dims[2] ?? 0;
    const copied = Math.min(rows, targetRows) * width;
    const places = Array.from({ length: heads }, (_, head) => ({
      start: (fromLane * heads + head) * rows * width,
      end: (toLane * heads + head) * targetRows * width,
    }));
    if (from.buffer && to.buffer && this.#device) {
      const bytes = typeBytes(from.type);
      const encoder = this.#device.createCommandEncoder();
      for (const { start, end } of places) {
        encoder.copyBufferToBuffer(from.buffer, start * bytes, to.buffer, end * bytes, copied * bytes);
      }
      this.#device.queue.submit([encoder.finish()]);
      return;
    }
    const [values, result] = [from.values, to.values];
    for (const { start, end } of places) result.set(values.subarray(start, start + copied), end);
  }

  async read(tensor: DeviceTensor): Promise<TensorData> {
    const { storage, value } = unwrap(tensor);
    if (storage?.kind === 'wasm') return unwrap(tensor).values.slice();
    if (storage) return this.#guard('reading a result', () => this.#readBack(tensor, storage.buffer));
    const data = await this.#guard('reading a result', () => value.getData());
    if (tensor.type !== 'float16') return data as TensorData;
    const view = data as Uint16Array;
    return new Uint16Array(view.buffer, view.byteOffset, view.length);
  }

  async finished(): Promise<void> {
    await this.#guard('waiting for the device', async () => this.#device?.queue.onSubmittedWorkDone());
  }

  async #readBack({ type, dims }: DeviceTensor, buffer: GPUBuffer): Promise<TensorData> {
    const bytes = dims.reduce((a, b) => a * b, 1) * typeBytes(type);
    if (!this.#readBuffer) throw new RoundsError('internal', 'There is no GPU to read from.');
    const data = await this.#readBuffer.read(buffer, bytes);
    return type === 'float16' ? new Uint16Array(data) : new Float32Array(data);
  }

  async dispose(): Promise<void> {
    await this.#enqueue(() => Promise.resolve(this.#device?.destroy()));
  }

  #hostTensor(type: ElementType, data: TensorData, dims: readonly number[]): Tensor {
    // In JavaScript engines that have Float16Array onnxruntime wants that class; the bits are the same.
    const values = type === 'float16' ? asFloat16(data) : data;
    return new this.#ort.Tensor(type as 'float32', values as Float32Array, [...dims]);
  }

  #sessionOptions(graph: GraphModel): InferenceSession.SessionOptions {
    // Folding would turn weights of 8 bits back into float32 on the CPU.
    const optimization = { disable_specified_optimizers: 'ConstantFolding' };
    if (!this.#device) {
      // Otherwise DequantizeLinear and MatMul would become MatMulNBits again, which is far slower (weightForms.ts).
      const extra = { optimization, session: { disable_quant_qdq: '1' } };
      return { executionProviders: ['wasm'], extra, logSeverityLevel: 3 };
    }
    const locations = graph.outputs.map(
      ({ name, location }) => [name, location === 'host' ? 'cpu' : 'gpu-buffer'] as const,
    );
    const provider = { name: 'webgpu', device: this.#device, validationMode: 'disabled' };
    return {
      executionProviders: [provider],
      preferredOutputLocation: Object.fromEntries(locations),
      extra: { optimization },
      logSeverityLevel: 3,
    };
  }

  /**
   * One job at a time, with GPU errors that happened meanwhile turned into a rejection. On wasm a job blocks this thread, so
   * messages get their turn after it: a token can be the last one.
   */
  #guard<T>(what: string, job: () => Promise<T>): Promise<T> {
    return this.#enqueue(async () => {
      if (this.#failure) throw this.#failure;
      try {
        const result = await job();
        if (this.#failure) throw this.#failure as RoundsError;
        if (!this.#device) await turn();
        return result;
      } catch (thrown) {
        if (this.#failure) throw this.#failure as RoundsError;
        const error = RoundsError.from(
          new Error(`${what}: ${describe(thrown)}`, { cause: thrown }),
          'internal',
        );
        // Whatever a GPU refused, nobody knows what its buffers hold now.
        if (this.#device) this.#failure = error;
        throw error;
      }
    });
  }

  /**
   * Running out of GPU memory does not throw: it makes invalid buffers, and the model prints gibberish. Other errors leave the
   * device in no better state, so the model is loaded again on a new one, as after a loss.
   */
  #onGpuError(error: GPUError): void {
    const code = error instanceof GPUOutOfMemoryError ? 'out_of_memory' : 'device_lost';
    this.#failure ??= new RoundsError(code, `The GPU reported an error: ${error.message}`);
  }
}

/** What onnxruntime-web does not pass on (providerOptions.ts). */
function providerOptions({ isLight }: GraphModel, captures: boolean): Record<string, string> {
  return {
    ...(captures ? { enableGraphCapture: '1' } : {}),
    ...(isLight ? { maxNumPendingDispatches: '1024' } : {}),
  };
}

type Float16Constructor = new (buffer: ArrayBufferLike, offset: number, length: number) => ArrayLike<number>;

function asFloat16(bits: TensorData): ArrayLike<number> {
  const { Float16Array } = globalThis as { Float16Array?: Float16Constructor };
  if (!Float16Array) return bits as Uint16Array;
  return new Float16Array(bits.buffer, bits.byteOffset, bits.length);
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
