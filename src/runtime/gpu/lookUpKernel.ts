/**
 * Looks tokens up in an embedding on the GPU, in the form in which onnxruntime's MatMulNBits takes weights, so that the
 * output head can use the same buffers. One invocation makes the values of one 32-bit word of the table.
 */
import { BLOCK_SIZE } from '../../shared/pack';
import type { TableSource } from '../../engine/ports';
import { rowStores, rowWords, tableBindings } from './tableShader';

const GROUP = 64;
/** Parts of a buffer are bound at multiples of 256 bytes, which 256 rows are, whatever a row's size. */
const ROW_STEP = 256;

export interface TableBuffers {
  data: GPUBuffer;
  scales: GPUBuffer | null;
}

/** Consecutive rows of the table that can be bound at once, with a uniform that holds them. */
interface Segment {
  first: number;
  rows: number;
  uniform: GPUBuffer;
}

export class LookUpKernel {
  readonly #device: GPUDevice;
  readonly #source: TableSource;
  readonly #buffers: TableBuffers;
  readonly #pipeline: GPUComputePipeline;
  readonly #segments: Segment[];
  #ids: GPUBuffer;
  #bound: { target: GPUBuffer; groups: GPUBindGroup[] } | null = null;

  /** @param bindingBytes most bytes of one binding; larger tables are looked up part by part */
  constructor(
    device: GPUDevice,
    source: TableSource,
    buffers: TableBuffers,
    bindingBytes = device.limits.maxStorageBufferBindingSize,
  ) {
    this.#device = device;
    this.#source = source;
    this.#buffers = buffers;
    const module = device.createShaderModule({ code: lookUpShader(source) });
    this.#pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
    this.#segments = this.#makeSegments(bindingBytes);
    this.#ids = this.#idBuffer(1);
  }

  /** Writes the rows of `ids` to the start of `target`. The GPU has not done it when this returns. */
  run(ids: readonly number[], target: GPUBuffer): void {
    const { queue } = this.#device;
    if (ids.length * 4 > this.#ids.size) {
      this.#ids.destroy();
      this.#ids = this.#idBuffer(ids.length);
      this.#bound = null;
    }
    queue.writeBuffer(this.#ids, 0, Uint32Array.from(ids));
    if (this.#bound?.target !== target) this.#bound = { target, groups: this.#bindGroups(target) };
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#pipeline);
    for (const group of this.#bound.groups) {
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(Math.ceil(rowWords(this.#source) / GROUP), ids.length);
    }
    pass.end();
    queue.submit([encoder.finish()]);
  }

  dispose(): void {
    this.#ids.destroy();
    for (const { uniform } of this.#segments) uniform.destroy();
  }

  #makeSegments(bindingBytes: number): Segment[] {
    const { rows } = this.#source;
    const fitting = Math.floor(bindingBytes / (rowWords(this.#source) * 4) / ROW_STEP) * ROW_STEP;
    const step = Math.max(ROW_STEP, fitting);
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    return Array.from({ length: Math.ceil(rows / step) }, (_, i) => {
      const segment = { first: i * step, rows: Math.min(step, rows - i * step) };
      const uniform = this.#device.createBuffer({ size: 16, usage });
      this.#device.queue.writeBuffer(uniform, 0, Uint32Array.of(segment.first, segment.rows));
      return { ...segment, uniform };
    });
  }

  #idBuffer(count: number): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    return this.#device.createBuffer({ size: Math.ceil(count / 4) * 16, usage });
  }

  #bindGroups(target: GPUBuffer): GPUBindGroup[] {
    const { data, scales } = this.#buffers;
    const layout = this.#pipeline.getBindGroupLayout(0);
    return this.#segments.map(({ first, rows, uniform }) => {
      const part = (buffer: GPUBuffer, rowBytes: number): GPUBufferBinding => {
        const [offset, size] = [first * rowBytes, Math.ceil((rows * rowBytes) / 4) * 4];
        return { buffer, offset, size };
      };
      const resources: GPUBindingResource[] = [
        { buffer: uniform },
        { buffer: this.#ids },
        part(data, rowWords(this.#source) * 4),
        { buffer: target },
        ...(scales ? [part(scales, scaleBytes(this.#source))] : []),
      ];
      const entries = resources.map((resource, binding) => ({ binding, resource }));
      return this.#device.createBindGroup({ layout, entries });
    });
  }
}

/** Bytes of the scales of a row. */
function scaleBytes({ columns, type }: TableSource): number {
  return (columns / BLOCK_SIZE) * (type === 'float16' ? 2 : 4);
}

function lookUpShader(source: TableSource): string {
  return `
struct Segment { first: u32, rows: u32 }
@group(0) @binding(0) var<uniform> segment: Segment;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
${tableBindings(source, 2)}

@compute @workgroup_size(${GROUP})
fn main(@builtin(global_invocation_id) at: vec3u) {
  let id = ids[at.y];
  if (at.x >= ${rowWords(source)}u || id < segment.first || id - segment.first >= segment.rows) { return; }
  let row = id - segment.first;
  ${rowStores(source, 'row', 'at.x', 'at.y')}
}`;
}
