/** Test helper: a graph that adds to a tensor in place, as the decoder appends to its KV cache. */
import { GraphBuilder } from '../../../engine/onnx/graphBuilder';
import type { DeviceTensor, PackReader } from '../../../engine/ports';
import type { PackManifest } from '../../../shared/pack';
import type { OrtBuild } from '../build';
import { loadOrt } from '../loadOrt';
import { OrtBackend } from '../ortBackend';
import { wasmHeap } from '../wasmHeap';

const EMPTY: PackReader = {
  manifest: { tensors: [] } as unknown as PackManifest,
  read: () => Promise.reject(new Error('nothing to read')),
};

/** Larger than the memory that a fresh module has, so that making it lets the memory grow. */
const LARGE = [1, 1, 4096, 4096];

/** [1, heads 2, rows, width 2]: rows of the first tensor are copied to a larger one between runs. */
export async function accumulate(
  build: OrtBuild,
): Promise<{ values: number[]; grew: boolean; used: number }> {
  const graph = new GraphBuilder('accumulate');
  const dims = [1, 2, 'rows', 2];
  graph.input('past', 'float32', dims);
  graph.input('x', 'float32', [1]);
  graph.node('Add', ['past', 'x'], { outputs: ['sum'] });
  graph.output('sum', 'float32', dims, 'device');
  const backend = new OrtBackend(await loadOrt(build), null, 'f32');
  const session = await backend.createSession(graph.build(), EMPTY);
  const add = async (sum: DeviceTensor, value: number): Promise<void> => {
    const x = backend.upload('float32', Float32Array.of(value), [1]);
    await session.run({ past: sum, x }, { sum });
  };
  const start = wasmHeap()?.size ?? 0;
  const small = backend.allocate('float32', [1, 2, 1, 2]);
  backend.write(small, Float32Array.of(1, 2, 3, 4));
  await add(small, 10);
  backend.allocate('float32', LARGE).dispose();
  await add(small, 100);
  const grown = backend.allocate('float32', [1, 2, 2, 2]);
  backend.copyRows(small, grown);
  small.dispose();
  await add(grown, 1000);
  const values = [...((await backend.read(grown)) as Float32Array)];
  await session.dispose();
  return { values, grew: (wasmHeap()?.size ?? 0) > start, used: wasmHeap()?.used ?? 0 };
}

/** Three runs with one tensor as input and as output. */
export const ACCUMULATED = {
  values: [1111, 1112, 1000, 1000, 1113, 1114, 1000, 1000],
  grew: true,
  used: 6,
};
