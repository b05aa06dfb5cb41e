import { afterAll, describe, expect, it } from 'vitest';
import type { TableSource } from '../../engine/ports';
import { float16Bits, floatArrayFromHalf, halfArrayFrom } from '../../shared/half';
import { findAdapter, openDevice } from '../device';
import { LookUpKernel } from './lookUpKernel';
import { ReadBuffer } from './readBuffer';

const ROWS = 600;
const COLUMNS = 96;
const BLOCKS = COLUMNS / 32;
/** Of all parts of a table that is looked up in three, the first and the last row among them. */
const IDS = [0, 599, 255, 256, 511, 512, 3, 3, 300];

/** Numbers that look random and are the same in every run. */
function noise(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0));
}

const bytes = Uint8Array.from(noise(ROWS * COLUMNS, 1), (value) => value >>> 24);
const scaleBits = Uint16Array.from(noise(ROWS * BLOCKS, 2), (value) => float16Bits(value / 2 ** 36 - 0.03));
const scales = floatArrayFromHalf(scaleBits);

/** As the pack stores them: two weights of 4 bits share a byte, the first in the low bits. */
function weight(row: number, column: number, bits: 4 | 8): number {
  const at = row * COLUMNS + column;
  if (bits === 8) return (bytes[at] ?? 0) - 128;
  return (((bytes[at >> 1] ?? 0) >> (4 * (at & 1))) & 15) - 8;
}

function expectedRow(row: number, bits: 4 | 8): Float32Array {
  return Float32Array.from(
    { length: COLUMNS },
    (_, column) => weight(row, column, bits) * (scales[row * BLOCKS + (column >> 5)] ?? 0),
  );
}

function source(bits: TableSource['bits'], type: TableSource['type']): TableSource {
  const part = { name: '', tensor: '', part: 'data' as const, type, dims: [], transpose: false };
  return { rows: ROWS, columns: COLUMNS, bits, type, data: part, scales: part, isHead: false };
}

describe('looking tokens up on the GPU', async () => {
  const summary = await findAdapter();
  const device = summary && (await openDevice(summary)).device;
  afterAll(() => device?.destroy());

  const upload = (data: Uint8Array | Uint16Array | Float32Array): GPUBuffer => {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = device!.createBuffer({ size: Math.ceil(data.byteLength / 16) * 16, usage });
    device!.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
    return buffer;
  };
  const lookUp = async (
    table: TableSource,
    data: Uint8Array | Uint16Array | Float32Array,
    bindingBytes?: number,
  ): Promise<ArrayBuffer> => {
    const scaleData = table.type === 'float16' ? scaleBits : scales;
    const buffers = { data: upload(data), scales: table.bits === null ? null : upload(scaleData) };
    const kernel = new LookUpKernel(device!, table, buffers, bindingBytes);
    const target = upload(new Float32Array(IDS.length * COLUMNS));
    kernel.run([1], target);
    kernel.run(IDS, target);
    const width = table.type === 'float16' ? 2 : 4;
    return new ReadBuffer(device!).read(target, IDS.length * COLUMNS * width);
  };

  for (const bits of [4, 8] as const) {
    const flat = IDS.flatMap((row) => [...expectedRow(row, bits)]);

    it.skipIf(!device)(`gives the rows of ${bits} bits in float32`, async () => {
      const rows = new Float32Array(await lookUp(source(bits, 'float32'), bytes));
      expect(rows).toEqual(Float32Array.from(flat));
    });

    it.skipIf(!device)(`gives the rows of ${bits} bits in float16`, async () => {
      const rows = new Uint16Array(await lookUp(source(bits, 'float16'), bytes));
      expect(rows).toEqual(halfArrayFrom(flat));
    });

    it.skipIf(!device)(`looks up in parts where a table of ${bits} bits can't be bound at once`, async () => {
      const part = 256 * COLUMNS * (bits / 8);
      const rows = new Float32Array(await lookUp(source(bits, 'float32'), bytes, part + 100));
      expect(rows).toEqual(Float32Array.from(flat));
    });
  }

  it.skipIf(!device)('copies rows that are not quantized', async () => {
    const table = Float32Array.from(noise(ROWS * COLUMNS, 3), (value) => value / 2 ** 32);
    const flat = (values: Float32Array): Float32Array =>
      Float32Array.from(IDS.flatMap((row) => [...values.subarray(row * COLUMNS, (row + 1) * COLUMNS)]));
    expect(new Float32Array(await lookUp(source(null, 'float32'), table))).toEqual(flat(table));
    const half = halfArrayFrom(table);
    const rows = new Uint16Array(await lookUp(source(null, 'float16'), half));
    expect(floatArrayFromHalf(rows)).toEqual(flat(floatArrayFromHalf(half)));
  });
});
