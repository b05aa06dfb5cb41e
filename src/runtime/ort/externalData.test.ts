import { describe, expect, it } from 'vitest';
import type { ExternalEntry, ExternalFile, PackReader } from '../../engine/ports';
import { RoundsError } from '../../shared/errors';
import { float16Bits, float16Value } from '../../shared/half';
import type { PackManifest, PackTensor, Span } from '../../shared/pack';
import { mountFiles } from './externalData';

/** Larger than two pieces, so that spans are read in several. */
const ROWS = 3_000;
const COLUMNS = 1_000;
const COUNT = ROWS * COLUMNS;

const floats = Float32Array.from({ length: COUNT }, (_, i) => (i % 1009) - 500);
const halves = Uint16Array.from(floats, float16Bits);
const nibbles = Uint8Array.from({ length: COUNT }, (_, i) => i % 251);

/** A pack whose stream holds the arrays one after the other. */
function packOf(tensors: [Omit<PackTensor, 'data' | 'scales'>, ArrayBufferView, ArrayBufferView?][]) {
  const parts: Uint8Array[] = [];
  let at = 0;
  const place = (array: ArrayBufferView): Span => {
    parts.push(new Uint8Array(array.buffer));
    const span = { offset: at, length: array.byteLength };
    at += array.byteLength;
    return span;
  };
  const placed = tensors.map(([tensor, data, scales]) => ({
    ...tensor,
    data: place(data),
    ...(scales ? { scales: place(scales) } : {}),
  }));
  const stream = Buffer.concat(parts);
  const reads: number[] = [];
  const pack: PackReader = {
    manifest: { tensors: placed } as unknown as PackManifest,
    read: async ({ offset, length }) => {
      reads.push(length);
      return new Uint8Array(stream.subarray(offset, offset + length));
    },
  };
  return { pack, reads };
}

const { pack, reads } = packOf([
  [{ name: 'q', dtype: 'q8', shape: [ROWS, COLUMNS] }, nibbles, halves],
  [{ name: 'f', dtype: 'f32', shape: [ROWS, COLUMNS] }, floats],
  [{ name: 'h', dtype: 'f16', shape: [ROWS, COLUMNS] }, halves],
]);

function entry(
  tensor: string,
  part: 'data' | 'scales',
  type: ExternalEntry['type'],
  transpose = false,
): ExternalEntry {
  const bytes = type === 'uint8' ? 1 : type === 'float16' ? 2 : 4;
  const name = `${tensor}.${part}.${type}`;
  return { name, tensor, part, type, transpose, dims: [ROWS, COLUMNS], offset: 0, length: COUNT * bytes };
}

/** A file with a gap before each entry, as alignment makes them. */
function fileOf(...entries: ExternalEntry[]): ExternalFile {
  let size = 0;
  const placed = entries.map((one) => {
    const offset = size === 0 ? 0 : size + 64;
    size = offset + one.length;
    return { ...one, offset };
  });
  return { path: 'g.weights_0', size, entries: placed };
}

/** What onnxruntime's JSPI build does with an initializer, and what it does elsewhere. */
async function readAs(file: ExternalFile, path: 'streamed' | 'memory'): Promise<ArrayBuffer[]> {
  const { files } = await mountFiles([file], pack, path);
  const { data } = files[0]!;
  const buffers: ArrayBuffer[] = [];
  for (const { offset, length } of file.entries) {
    if (data instanceof Blob) {
      const parts: BlobPart[] = [];
      const stream = data.slice(offset, offset + length).stream();
      for await (const part of stream as unknown as AsyncIterable<Uint8Array<ArrayBuffer>>) parts.push(part);
      buffers.push(await new Blob(parts).arrayBuffer());
    } else {
      buffers.push(data.slice(offset, offset + length).buffer);
    }
  }
  return buffers;
}

const same = (a: ArrayBuffer, b: ArrayBufferView): boolean =>
  Buffer.compare(Buffer.from(a), Buffer.from(b.buffer)) === 0;

describe.each(['streamed', 'memory'] as const)('weights that are %s', (path) => {
  it('are the bytes of the pack, or changed as the graph asks', async () => {
    const file = fileOf(
      entry('q', 'data', 'uint8'),
      entry('q', 'scales', 'float16'),
      entry('q', 'scales', 'float32'),
      entry('f', 'data', 'float32'),
      entry('f', 'data', 'float16'),
      entry('h', 'data', 'float32'),
    );
    const [data, half, wide, float, narrow, widened] = await readAs(file, path);
    expect(same(data!, nibbles)).toBe(true);
    expect(same(half!, halves)).toBe(true);
    expect(same(wide!, Float32Array.from(halves, float16Value))).toBe(true);
    expect(same(float!, floats)).toBe(true);
    expect(same(narrow!, halves)).toBe(true);
    expect(same(widened!, Float32Array.from(halves, float16Value))).toBe(true);
  });

  it.each(['float16', 'float32'] as const)('change rows and columns, in %s', async (type) => {
    const [bytes] = await readAs(fileOf(entry('f', 'data', type, true)), path);
    const values = type === 'float32' ? new Float32Array(bytes!) : new Uint16Array(bytes!);
    const source = type === 'float32' ? floats : halves;
    for (const [row, column] of [
      [0, 1],
      [1, 0],
      [2_999, 999],
      [17, 700],
    ] as const) {
      expect(values[column * ROWS + row]).toBe(source[row * COLUMNS + column]);
    }
  });

  it('count their bytes', async () => {
    const file = fileOf(entry('q', 'data', 'uint8'), entry('q', 'scales', 'float32'));
    const counts: number[] = [];
    const { files } = await mountFiles([file], pack, path, (done) => counts.push(done));
    if (files[0]!.data instanceof Blob) {
      for (const { offset, length } of file.entries) {
        await new Response(files[0]!.data.slice(offset, offset + length).stream()).arrayBuffer();
      }
    }
    expect(counts.at(-1)).toBe(COUNT * 5);
    expect(counts.length).toBeGreaterThan(2);
  });

  it('are refused where they do not fit the graph', async () => {
    const wrong = { ...entry('q', 'data', 'uint8'), length: 7 };
    await expect(mountFiles([fileOf(wrong)], pack, path)).rejects.toMatchObject({ code: 'pack_invalid' });
    const missing = entry('x', 'data', 'uint8');
    await expect(mountFiles([fileOf(missing)], pack, path)).rejects.toMatchObject({ code: 'pack_invalid' });
  });
});

describe('weights that are streamed', () => {
  it('are read when they are asked for, a few megabytes at a time', async () => {
    reads.length = 0;
    const file = fileOf(entry('q', 'data', 'uint8'), entry('f', 'data', 'float32'));
    const { files } = await mountFiles([file], pack, 'streamed');
    expect(reads).toEqual([]);
    const blob = files[0]!.data as Blob;
    expect(blob.size).toBe(file.size);
    const { offset, length } = file.entries[1]!;
    await new Response(blob.slice(offset, offset + length).stream()).arrayBuffer();
    expect(reads.reduce((sum, bytes) => sum + bytes, 0)).toBe(COUNT * 4);
    expect(Math.max(...reads)).toBeLessThanOrEqual(4 * 1024 * 1024);
  });

  it('keep the reason of a failure, which onnxruntime would lose', async () => {
    const damaged: PackReader = {
      ...pack,
      read: () => Promise.reject(new RoundsError('integrity_mismatch', 'a flipped bit')),
    };
    const mounted = await mountFiles([fileOf(entry('q', 'data', 'uint8'))], damaged, 'streamed');
    const stream = (mounted.files[0]!.data as Blob).slice(0, COUNT).stream();
    await expect(new Response(stream).arrayBuffer()).rejects.toThrow();
    expect(mounted.failure()).toMatchObject({ code: 'integrity_mismatch' });
  });
});
