/** Products with weights in each form on onnxruntime's CPU build, against sums in double precision. */
import { expect, it } from 'vitest';
import { loadOrt } from '../../runtime/ort/loadOrt';
import { OrtBackend } from '../../runtime/ort/ortBackend';
import { float16Bits, float16Value } from '../../shared/half';
import type { PackManifest, TensorDtype } from '../../shared/pack';
import { GraphBuilder } from '../onnx/graphBuilder';
import type { PackReader } from '../ports';
import { createLayerContext, linear } from './layers';
import type { WeightForm } from './weightForms';

const ROWS = 70;
const COLUMNS = 96;
const TOKENS = 3;

function packOf(dtype: TensorDtype): PackReader {
  const data = Uint8Array.from(
    { length: (ROWS * COLUMNS) / (dtype === 'q4' ? 2 : 1) },
    (_, i) => (i * 37) % 256,
  );
  const scales = Uint16Array.from({ length: (ROWS * COLUMNS) / 32 }, (_, i) => float16Bits(0.01 * (i - 50)));
  const bias = Float32Array.from({ length: ROWS }, (_, i) => i);
  const parts = [data, new Uint8Array(scales.buffer), new Uint8Array(bias.buffer)];
  const stream = Buffer.concat(parts);
  const spans = parts.map((part, i) => ({
    offset: parts.slice(0, i).reduce((sum, { length }) => sum + length, 0),
    length: part.length,
  }));
  const tensors = [
    { name: 'w', dtype, shape: [ROWS, COLUMNS], data: spans[0], scales: spans[1] },
    { name: 'b', dtype: 'f32', shape: [ROWS], data: spans[2] },
  ];
  return {
    manifest: { tensors } as unknown as PackManifest,
    read: ({ offset, length }) => Promise.resolve(new Uint8Array(stream.subarray(offset, offset + length))),
  };
}

const x = Float32Array.from({ length: TOKENS * COLUMNS }, (_, i) => Math.sin(i));

async function product(pack: PackReader, form: WeightForm | null): Promise<number[]> {
  const graph = new GraphBuilder('linear');
  const forms = new Map(form ? [['w', form]] : []);
  const ctx = createLayerContext(graph, { backend: 'wasm', type: 'float32', forms }, pack.manifest);
  const input = graph.input('x', 'float32', [1, 'tokens', COLUMNS]);
  graph.node('Identity', [linear(ctx, input, 'w', 'b')], { outputs: ['y'] });
  graph.output('y', 'float32', [1, 'tokens', ROWS], 'host');
  const backend = new OrtBackend(await loadOrt('wasm'), null, 'f32');
  const session = await backend.createSession(graph.build(), pack);
  const { y } = await session.run({ x: backend.upload('float32', x, [1, TOKENS, COLUMNS]) });
  const values = y ? Array.from((await backend.read(y)) as Float32Array) : [];
  await session.dispose();
  return values;
}

/** In the order of the result: [tokens, rows]. */
async function expected(pack: PackReader, dtype: TensorDtype): Promise<number[]> {
  const [weight] = pack.manifest.tensors;
  const data = await pack.read(weight?.data ?? { offset: 0, length: 0 });
  const scales = new Uint16Array((await pack.read(weight?.scales ?? { offset: 0, length: 0 })).buffer);
  const value = (at: number): number => {
    const integer =
      dtype === 'q8' ? (data[at] ?? 0) - 128 : (((data[at >> 1] ?? 0) >> (4 * (at & 1))) & 15) - 8;
    return integer * float16Value(scales[at >> 5] ?? 0);
  };
  return Array.from({ length: TOKENS * ROWS }, (_, i) => {
    const [token, row] = [Math.floor(i / ROWS), i % ROWS];
    let sum = row;
    for (let k = 0; k < COLUMNS; k++) sum += (x[token * COLUMNS + k] ?? 0) * value(row * COLUMNS + k);
    return sum;
  });
}

it.each([
  ['q4', null],
  ['q4', 'float32'],
  ['q4', 'int8'],
  ['q4', 'int4'],
  ['q8', null],
  ['q8', 'float32'],
  ['q8', 'int8'],
] as const)('multiplies by %s weights in the form %s', async (dtype, form) => {
  const pack = packOf(dtype);
  const [got, right] = [await product(pack, form), await expected(pack, dtype)];
  const scale = Math.max(...right.map(Math.abs));
  const worst = Math.max(...right.map((value, i) => Math.abs(value - (got[i] ?? NaN))));
  expect(worst / scale).toBeLessThan(1e-6);
});
