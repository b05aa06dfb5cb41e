import { expect, it } from 'vitest';
import { RoundsError } from '../../shared/errors';
import { loadOrt } from './loadOrt';
import { ADD_MODEL } from './testing/testModel';

it('computes with the wasm build in Node, where unit tests run graphs', async () => {
  const ort = await loadOrt('wasm');
  const session = await ort.InferenceSession.create(ADD_MODEL, { executionProviders: ['wasm'] });
  const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]) });
  expect([...(y?.data as Float32Array)]).toEqual([2, 4, 6, 8]);
});

it('says that Node has no WebGPU', async () => {
  await expect(loadOrt('jspi')).rejects.toThrow(RoundsError);
});
