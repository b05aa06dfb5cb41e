/** Attention of a part of the queries to all keys equals that part of the whole, on a GPU too: the vision graph relies on it. */
import { afterAll, describe, expect, it } from 'vitest';
import { joinAll, splitEvenly } from '../../engine/graphs/parts';
import { GraphBuilder } from '../../engine/onnx/graphBuilder';
import type { PackReader } from '../../engine/ports';
import type { PackManifest } from '../../shared/pack';
import { findAdapter, openDevice } from '../device';
import { loadOrt } from './loadOrt';
import { OrtBackend } from './ortBackend';

const EMPTY: PackReader = {
  manifest: { tensors: [] } as unknown as PackManifest,
  read: () => Promise.reject(new Error('nothing to read')),
};
const HEADS = 2;

/** [queries, hidden] of attention to all `keys`, whole or in parts. */
async function attend(
  backend: OrtBackend,
  width: number,
  rows: number,
  parts: number,
): Promise<Float32Array> {
  const hidden = HEADS * width;
  const graph = new GraphBuilder('attention');
  for (const name of ['q', 'k', 'v']) graph.input(name, 'float32', [1, 'rows', hidden]);
  const attention = { domain: 'com.microsoft', attributes: { num_heads: HEADS } } as const;
  const pieces = splitEvenly(graph, 'q', parts, 1);
  const attended = pieces.map((piece) => graph.node('MultiHeadAttention', [piece, 'k', 'v'], attention));
  joinAll(graph, attended, 1, ['y']);
  graph.output('y', 'float32', [1, 'rows', hidden], 'host');
  const session = await backend.createSession(graph.build(), EMPTY);
  const input = (seed: number) =>
    backend.upload(
      'float32',
      Float32Array.from({ length: rows * hidden }, (_, i) => Math.sin(seed + i * (seed + 1.7))),
      [1, rows, hidden],
    );
  const { y } = await session.run({ q: input(1), k: input(2), v: input(3) });
  const values = (await backend.read(y!)) as Float32Array;
  await session.dispose();
  return values;
}

describe('attention in parts', async () => {
  const summary = await findAdapter();
  const opened: OrtBackend[] = [];
  afterAll(async () => {
    for (const backend of opened) await backend.dispose();
  });

  it.skipIf(!summary).each([
    [16, 64],
    [80, 128],
    [80, 4],
  ])('is the same on a GPU: heads of %d, %d rows', async (width, rows) => {
    const { device } = await openDevice(summary!);
    const backend = new OrtBackend(await loadOrt('jspi'), device, 'f32');
    opened.push(backend);
    const whole = await attend(backend, width, rows, 1);
    for (const parts of [4, 16, 64].filter((count) => count <= rows)) {
      const divided = await attend(backend, width, rows, parts);
      const off = Math.max(...divided.map((value, i) => Math.abs(value - (whole[i] ?? NaN))));
      expect(off).toBeLessThan(1e-5);
    }
  });
});
