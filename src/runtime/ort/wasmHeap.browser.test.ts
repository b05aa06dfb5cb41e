import { expect, it } from 'vitest';
import type { OrtBuild } from './build';
import { ACCUMULATED } from './testing/accumulate';

it.each<OrtBuild>(['wasm', 'jspi', 'asyncify'])(
  'runs update tensors in place with the %s build',
  async (build) => {
    const worker = new Worker(new URL('./testing/accumulate.testWorker.ts', import.meta.url), {
      type: 'module',
    });
    const answer = await new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => reject(new Error(event.message || 'The worker did not start.'));
      worker.postMessage(build);
    }).finally(() => worker.terminate());
    expect(answer).toEqual(ACCUMULATED);
  },
);
