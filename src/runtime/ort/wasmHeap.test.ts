import { expect, it } from 'vitest';
import { ACCUMULATED, accumulate } from './testing/accumulate';
import { WasmHeap, type OrtModule } from './wasmHeap';

it('keeps tensors where runs update them in place', async () => {
  expect(await accumulate('wasm')).toEqual(ACCUMULATED);
});

it('says that the memory is full', () => {
  const heap = new WasmHeap({ _malloc: () => 0, _OrtCreateTensor: () => 0 } as unknown as OrtModule);
  expect(() => heap.allocate(64)).toThrow(expect.objectContaining({ code: 'out_of_memory' }));
});
