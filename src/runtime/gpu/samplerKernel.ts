/** Chooses tokens on the GPU, one dispatch each, and keeps them until they are read. */
import { fractionOf, POWER_TABLE, weightFactor } from '../../engine/drawWeights';
import type { SampleStart, TableSource } from '../../engine/ports';
import type { TableBuffers } from './lookUpKernel';
import { rowWords } from './tableShader';
import { NO_TOKEN, samplerShader, STATE_HEADER } from './samplerShader';

/** Most tokens that are chosen before they are read. */
export const MOST_AHEAD = 16;
const STORAGE_BINDINGS = 9;
const PARAMS_BYTES = 32;

/** What a step reads and what it writes: the sampler uses both. */
export interface StepBuffers {
  /** [vocab] */
  logits: GPUBuffer;
  /** Its first row becomes the embedding of the chosen token. */
  embeddings: GPUBuffer;
  seqlensK: GPUBuffer;
  totalLength: GPUBuffer;
}

/** Whether this device can bind all that the kernel needs. */
export function canSample({ limits }: GPUDevice, source: TableSource): boolean {
  const dataBytes = source.rows * rowWords(source) * 4;
  return (
    dataBytes <= limits.maxStorageBufferBindingSize &&
    limits.maxStorageBuffersPerShaderStage >= STORAGE_BINDINGS
  );
}

export class SamplerKernel {
  readonly #device: GPUDevice;
  readonly #vocabSize: number;
  readonly #pipeline: GPUComputePipeline;
  readonly #group: GPUBindGroup;
  readonly #params: GPUBuffer;
  readonly #scratch: GPUBuffer;
  readonly #state: GPUBuffer;
  readonly #constants: GPUBuffer;
  readonly #results: GPUBuffer;

  constructor(
    device: GPUDevice,
    source: TableSource,
    table: TableBuffers,
    step: StepBuffers,
    vocabSize: number,
  ) {
    this.#device = device;
    this.#vocabSize = vocabSize;
    const { STORAGE, UNIFORM, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
    const make = (size: number, usage: number): GPUBuffer => device.createBuffer({ size, usage });
    this.#params = make(PARAMS_BYTES, UNIFORM | COPY_DST);
    this.#scratch = make(4 * (vocabSize + Math.ceil(vocabSize / 32)), STORAGE | COPY_DST);
    this.#state = make(4 * (STATE_HEADER + MOST_AHEAD), STORAGE | COPY_DST | COPY_SRC);
    this.#constants = make(POWER_TABLE.byteLength + 4 * MOST_AHEAD, STORAGE | COPY_DST);
    this.#results = make(4 * MOST_AHEAD, MAP_READ | COPY_DST);
    device.queue.writeBuffer(this.#constants, 0, POWER_TABLE);
    const module = device.createShaderModule({ code: samplerShader(source, vocabSize) });
    this.#pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
    const buffers = [
      this.#params,
      step.logits,
      this.#scratch,
      this.#state,
      this.#constants,
      step.seqlensK,
      step.totalLength,
      table.data,
      step.embeddings,
      ...(table.scales ? [table.scales] : []),
    ];
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    this.#group = device.createBindGroup({ layout: this.#pipeline.getBindGroupLayout(0), entries });
  }

  /** Before the next choices. `settings` and `seen` are those of the last call if they are absent. */
  begin({ settings, seen, fractions }: SampleStart): void {
    const { queue } = this.#device;
    if (settings) queue.writeBuffer(this.#params, 0, paramsOf(settings));
    if (seen) queue.writeBuffer(this.#scratch, 4 * this.#vocabSize, bitsOf(seen, this.#vocabSize));
    queue.writeBuffer(this.#state, 0, Uint32Array.of(0));
    if (fractions.length > 0) queue.writeBuffer(this.#constants, POWER_TABLE.byteLength, fractions);
  }

  /** Chooses from the logits as they will be then. @param read how many choices `ids` is going to read; 0 for not yet */
  choose(read = 0): void {
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, this.#group);
    pass.dispatchWorkgroups(1);
    pass.end();
    if (read > 0) encoder.copyBufferToBuffer(this.#state, 4 * STATE_HEADER, this.#results, 0, 4 * read);
    this.#device.queue.submit([encoder.finish()]);
  }

  /** The tokens that were chosen since `begin`; −1 where no logit was finite. */
  async ids(count: number): Promise<number[]> {
    await this.#results.mapAsync(GPUMapMode.READ, 0, 4 * count);
    const ids = [...new Uint32Array(this.#results.getMappedRange(0, 4 * count))];
    this.#results.unmap();
    return ids.map((id) => (id === NO_TOKEN ? -1 : id));
  }

  dispose(): void {
    for (const buffer of [this.#params, this.#scratch, this.#state, this.#constants, this.#results]) {
      buffer.destroy();
    }
  }
}

/** The struct Params of the shader. */
function paramsOf({
  temperature,
  topK,
  topP,
  repetitionPenalty,
}: NonNullable<SampleStart['settings']>): ArrayBuffer {
  const bytes = new ArrayBuffer(PARAMS_BYTES);
  const whole = new Uint32Array(bytes);
  const isGreedy = temperature === 0;
  whole[0] = Math.min(topK, 2 ** 32 - 1);
  whole[1] = topP < 1 ? Math.max(1, fractionOf(topP)) : 0;
  whole[2] = isGreedy ? 1 : 0;
  whole[3] = Math.fround(repetitionPenalty) === 1 ? 0 : 1;
  new Float32Array(bytes, 16).set([isGreedy ? 1 : weightFactor(temperature), repetitionPenalty]);
  return bytes;
}

function bitsOf(ids: Iterable<number>, vocabSize: number): Uint32Array<ArrayBuffer> {
  const bits = new Uint32Array(Math.ceil(vocabSize / 32));
  for (const id of ids) if (id < vocabSize) bits[id >> 5] = (bits[id >> 5] ?? 0) | (1 << (id & 31));
  return bits;
}
