import { expect, it } from 'vitest';
import { threadCount, type OrtBuild } from './loadOrt';

/** A realm can hold one build only, so each gets a worker of its own, as in the app. */
function addInWorker(build: OrtBuild): Promise<unknown> {
  const worker = new Worker(new URL('./loadOrt.testWorker.ts', import.meta.url), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message || 'The worker did not start.'));
    worker.postMessage(build);
  }).finally(() => worker.terminate());
}

it('runs in an isolated page, so that the wasm build may use threads', () => {
  expect(globalThis.crossOriginIsolated).toBe(true);
  expect(threadCount()).toBe(Math.min(4, navigator.hardwareConcurrency));
});

it.each<OrtBuild>(['wasm', 'jspi', 'asyncify'])('computes with the %s build', async (build) => {
  expect(await addInWorker(build)).toEqual({ sum: [2, 4, 6, 8], threads: threadCount() });
});
