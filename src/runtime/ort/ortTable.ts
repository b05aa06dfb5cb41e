/** The token embedding of a pack in GPU buffers that a kernel of ours and the decoder graph share. */
import type {
  DeviceTensor,
  EmbeddingTable,
  InitializerSource,
  PackReader,
  TableSource,
} from '../../engine/ports';
import { typeBytes } from '../../engine/elementBytes';
import { RoundsError } from '../../shared/errors';
import { LookUpKernel } from '../gpu/lookUpKernel';
import { initializerBytes } from './externalData';
import { unwrap } from './ortTensor';

/**
 * @param allocate makes a tensor on the GPU
 * @param onProgress bytes of the table so far
 * @throws RoundsError pack_invalid, and what reading the pack throws
 */
export async function loadOrtTable(
  device: GPUDevice,
  allocate: (source: InitializerSource) => DeviceTensor,
  source: TableSource,
  pack: PackReader,
  onProgress: (doneBytes: number) => void = () => {},
): Promise<EmbeddingTable> {
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
    return new OrtTable(device, source, data, scales);
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
  readonly #kernel: LookUpKernel;

  constructor(device: GPUDevice, source: TableSource, data: DeviceTensor, scales: DeviceTensor | null) {
    this.data = data;
    this.scales = scales;
    this.isHead = source.isHead;
    const buffers = { data: bufferOf(data), scales: scales && bufferOf(scales) };
    this.#kernel = new LookUpKernel(device, source, buffers);
  }

  lookUp(ids: readonly number[], target: DeviceTensor): void {
    this.#kernel.run(ids, bufferOf(target));
  }

  dispose(): void {
    this.#kernel.dispose();
    this.data.dispose();
    this.scales?.dispose();
  }
}
