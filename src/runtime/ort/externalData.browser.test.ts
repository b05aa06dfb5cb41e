/** Weights reach onnxruntime in every build, on the GPU and on the processor, each by the way it can take. */
import { expect, it } from 'vitest';
import type { MultiplyRequest } from './testing/externalData.testWorker';

const WEIGHT_BYTES = 2 * 1_500 * 1_500 * 4;

function multiply(request: MultiplyRequest): Promise<unknown> {
  const worker = new Worker(new URL('./testing/externalData.testWorker.ts', import.meta.url), {
    type: 'module',
  });
  return new Promise((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message || 'The worker did not start.'));
    worker.postMessage(request);
  }).finally(() => worker.terminate());
}

it.each([
  { build: 'jspi', gpu: true, path: 'streamed' },
  { build: 'jspi', gpu: false, path: 'streamed' },
  { build: 'asyncify', gpu: true, path: 'blobs' },
  { build: 'asyncify', gpu: false, path: 'blobs' },
  { build: 'wasm', gpu: false, path: 'blobs' },
] as const)('computes with weights from a pack: %o', async ({ path, ...request }) => {
  expect(await multiply(request)).toEqual({ isRight: true, path, bytes: WEIGHT_BYTES, steps: true });
});

it.each(['jspi', 'asyncify'] as const)('says in %s why weights could not be read', async (build) => {
  expect(await multiply({ build, gpu: true, isDamaged: true })).toBe('integrity_mismatch');
});
