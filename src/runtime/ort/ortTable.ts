/** The token embedding of a pack in GPU buffers that a kernel of ours and the decoder graph share. */
import type {
  DeviceSampler,
  DeviceTensor,
  EmbeddingTable,
  InitializerSource,
  PackReader,
  StepTensors,
  TableSource,
} from '../../engine/ports';
import { typeBytes } from '../../engine/elementBytes';
import { RoundsError } from '../../shared/errors';
import { LookUpKernel, type TableBuffers } from '../gpu/lookUpKernel';
import { canSample, SamplerKernel } from '../gpu/samplerKernel';
import { initializerBytes } from './externalData';
import { unwrap } from './ortTensor';

export interface TableParts {
  device: GPUDevice;
  source: TableSource;
  /** Makes a tensor on the GPU. */
  allocate: (source: InitializerSource) => DeviceTensor;
  /** Runs a job after those before it, with the GPU's errors as a rejection. */
  guard: <T>(what: string, job: () => Promise<T>) => Promise<T>;
}

/**
 * @param onProgress bytes of the table so far
 * @throws RoundsError pack_invalid, and what reading the pack throws
 */
export async function loadOrtTable(
  parts: TableParts,
  pack: PackReader,
  onProgress: (doneBytes: number) => void = () => {},
): Promise<EmbeddingTable> {
  const { device, source, allocate } = parts;
  const loaded: DeviceTensor[] = [];
  let done = 0;
  const load = async (initializer: InitializerSource): Promise<DeviceTensor> => {
    const tensor = allocate(initializer);
    loaded.push(tensor);
    const start = done;
    await fill(device, bufferOf(tensor), initializer, pack, (bytes) => onProgress((done = start + bytes)));
    return tensor;
  };
  try {
    const data = await load(source.data);
    const scales = source.scales && (await load(source.scales));
    return new OrtTable(parts, data, scales);
  } catch (thrown) {
    loaded.forEach((tensor) => tensor.dispose());
    throw thrown;
  }
}

async function fill(
  { queue }: GPUDevice,
  buffer: GPUBuffer,
  source: InitializerSource,
  pack: PackReader,
  onProgress: (doneBytes: number) => void,
): Promise<void> {
  const length = source.dims.reduce((a, b) => a * b, 1) * typeBytes(source.type);
  let at = 0;
  for await (const piece of initializerBytes({ ...source, offset: 0, length }, pack)) {
    // Sizes are multiples of 4 but perhaps for the last piece, after which the buffer has room.
    const whole = piece.length % 4 === 0 ? piece : padded(piece);
    queue.writeBuffer(buffer, at, whole);
    at += piece.length;
    onProgress(at);
  }
}

function padded(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  result.set(bytes);
  return result;
}

function bufferOf(tensor: DeviceTensor): GPUBuffer {
  const { buffer } = unwrap(tensor);
  if (buffer) return buffer;
  throw new RoundsError('internal', 'A tensor of the embedding is not on the GPU.');
}

class OrtTable implements EmbeddingTable {
  readonly data: DeviceTensor;
  readonly scales: DeviceTensor | null;
  readonly isHead: boolean;
  readonly #parts: TableParts;
  readonly #buffers: TableBuffers;
  readonly #kernel: LookUpKernel;

  constructor(parts: TableParts, data: DeviceTensor, scales: DeviceTensor | null) {
    this.data = data;
    this.scales = scales;
    this.isHead = parts.source.isHead;
    this.#parts = parts;
    this.#buffers = { data: bufferOf(data), scales: scales && bufferOf(scales) };
    this.#kernel = new LookUpKernel(parts.device, parts.source, this.#buffers);
  }

  lookUp(ids: readonly number[], target: DeviceTensor): void {
    this.#kernel.run(ids, bufferOf(target));
  }

  sampler({ logits, embeddings, seqlensK, totalLength }: StepTensors): DeviceSampler | null {
    const { device, source, guard } = this.#parts;
    if (!canSample(device, source)) return null;
    const step = {
      logits: bufferOf(logits),
      embeddings: bufferOf(embeddings),
      seqlensK: bufferOf(seqlensK),
      totalLength: bufferOf(totalLength),
    };
    const kernel = new SamplerKernel(device, source, this.#buffers, step, logits.dims[2] ?? 0);
    return {
      begin: (start) => kernel.begin(start),
      choose: (read) => kernel.choose(read),
      ids: (count) => guard('reading tokens', () => kernel.ids(count)),
      dispose: () => kernel.dispose(),
    };
  }

  dispose(): void {
    this.#kernel.dispose();
    this.data.dispose();
    this.scales?.dispose();
  }
}
