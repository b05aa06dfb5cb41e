/** Test helper: multiplies by weights of a pack in one build and on one device, as the engine's backend loads them. */
import { GraphBuilder } from '../../../engine/onnx/graphBuilder';
import type { GraphModel, PackReader } from '../../../engine/ports';
import { RoundsError } from '../../../shared/errors';
import type { PackManifest } from '../../../shared/pack';
import { findAdapter, openDevice } from '../../device';
import type { OrtBuild } from '../build';
import { loadOrt, weightsPath } from '../loadOrt';
import { OrtBackend } from '../ortBackend';

export interface MultiplyRequest {
  build: OrtBuild;
  gpu: boolean;
  /** The pack's bytes cannot be read. */
  isDamaged?: boolean;
}

/** [SIZE, SIZE] float32: 9 MB, several pieces. */
const SIZE = 1_500;

function graph(): GraphModel {
  const builder = new GraphBuilder('multiply');
  const x = builder.input('x', 'float32', [1, SIZE]);
  const weight = (name: string, transpose: boolean): string =>
    builder.weight({
      name: `${name}.${transpose}`,
      tensor: name,
      part: 'data',
      type: 'float32',
      dims: [SIZE, SIZE],
      transpose,
    });
  const first = builder.node('MatMul', [x, weight('a', false)]);
  builder.node('MatMul', [first, weight('a', true)], { outputs: ['y'] });
  builder.output('y', 'float32', [1, SIZE], 'host');
  return builder.build();
}

/** Row r moves what it is multiplied with to column (r + 1) mod SIZE, doubled. */
function pack(isDamaged: boolean): PackReader {
  const values = new Float32Array(SIZE * SIZE);
  for (let row = 0; row < SIZE; row++) values[row * SIZE + ((row + 1) % SIZE)] = 2;
  const bytes = new Uint8Array(values.buffer);
  const data = { offset: 0, length: bytes.length };
  const tensors = [{ name: 'a', dtype: 'f32', shape: [SIZE, SIZE], data }];
  return {
    manifest: { tensors } as unknown as PackManifest,
    read: async ({ offset, length }) => {
      if (isDamaged) throw new RoundsError('integrity_mismatch', 'a flipped bit');
      return bytes.slice(offset, offset + length);
    },
  };
}

async function multiply({ build, gpu, isDamaged = false }: MultiplyRequest): Promise<unknown> {
  const adapter = gpu ? await findAdapter() : null;
  const device = adapter ? (await openDevice(adapter, false)).device : null;
  const backend = new OrtBackend(await loadOrt(build), device, 'f32');
  const progress: number[] = [];
  const session = await backend.createSession(graph(), pack(isDamaged), (done) => progress.push(done));
  const x = backend.upload(
    'float32',
    Float32Array.from({ length: SIZE }, (_, i) => i),
    [1, SIZE],
  );
  const { y } = await session.run({ x });
  const values = y ? [...((await backend.read(y)) as Float32Array)] : [];
  await session.dispose();
  await backend.dispose();
  const isRight = values.length === SIZE && values.every((value, i) => value === 4 * i);
  return { isRight, path: weightsPath(), bytes: progress.at(-1), steps: progress.length > 3 };
}

self.onmessage = ({ data }: MessageEvent<MultiplyRequest>) => {
  void multiply(data).then(
    (answer) => self.postMessage(answer),
    (error: unknown) => self.postMessage(RoundsError.from(error).toWire().code),
  );
};
