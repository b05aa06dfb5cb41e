/**
 * Looks tokens up in an embedding on the GPU, in the form in which onnxruntime's MatMulNBits takes weights, so that the
 * output head can use the same buffers. One invocation makes the values of one 32-bit word of the table.
 */
import { BLOCK_SIZE } from '../../shared/pack';
import type { TableSource } from '../../engine/ports';

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

/** 32-bit words of a row of the table. */
function rowWords({ columns, bits, type }: TableSource): number {
  return (columns * (bits ?? (type === 'float16' ? 16 : 32))) / 32;
}

/** Bytes of the scales of a row. */
function scaleBytes({ columns, type }: TableSource): number {
  return (columns / BLOCK_SIZE) * (type === 'float16' ? 2 : 4);
}

/**
 * float16 is computed in float32 and rounded once, which gives the same bits, because the product of a weight and a
 * float16 has at most 19 bits. It therefore needs no shader-f16.
 */
function lookUpShader(source: TableSource): string {
  const { columns, bits, type } = source;
  const isHalf = type === 'float16';
  const words = rowWords(source);
  const blocks = columns / BLOCK_SIZE;
  const perWord = bits === null ? 0 : 32 / bits;
  const value = (i: number): string =>
    `(f32((word >> ${i * (bits ?? 0)}u) & ${2 ** (bits ?? 0) - 1}u) - ${2 ** ((bits ?? 1) - 1)}.0) * scale`;
  const stores = isHalf
    ? Array.from(
        { length: perWord / 2 },
        (_, i) =>
          `rows[(at.y * ${columns}u + at.x * ${perWord}u) / 2u + ${i}u] = pack2x16float(vec2f(${value(2 * i)}, ${value(2 * i + 1)}));`,
      )
    : Array.from(
        { length: perWord },
        (_, i) => `rows[at.y * ${columns}u + at.x * ${perWord}u + ${i}u] = ${value(i)};`,
      );
  const scale = isHalf ? 'unpack2x16float(scales[block / 2u])[block % 2u]' : 'scales[block]';
  const body =
    bits === null
      ? `rows[at.y * ${words}u + at.x] = word;`
      : `let block = row * ${blocks}u + at.x / ${BLOCK_SIZE / perWord}u;
  let scale = ${scale};
  ${stores.join('\n  ')}`;
  return `
struct Segment { first: u32, rows: u32 }
@group(0) @binding(0) var<uniform> segment: Segment;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> data: array<u32>;
@group(0) @binding(3) var<storage, read_write> rows: array<${isHalf || bits === null ? 'u32' : 'f32'}>;
${bits === null ? '' : `@group(0) @binding(4) var<storage, read> scales: array<${isHalf ? 'u32' : 'f32'}>;`}

@compute @workgroup_size(${GROUP})
fn main(@builtin(global_invocation_id) at: vec3u) {
  let id = ids[at.y];
  if (at.x >= ${words}u || id < segment.first || id - segment.first >= segment.rows) { return; }
  let row = id - segment.first;
  let word = data[row * ${words}u + at.x];
  ${body}
}`;
}
