import { expect, it } from 'vitest';
import type { OrtBuild } from './build';
import { threadCount } from './loadOrt';
import type { Step } from './testing/loadOrt.testWorker';

/** A realm can hold one build only, so each gets a worker of its own, as in the app. */
function addInWorker(...builds: Step[]): Promise<unknown> {
  const worker = new Worker(new URL('./testing/loadOrt.testWorker.ts', import.meta.url), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message || 'The worker did not start.'));
    worker.postMessage(builds);
  }).finally(() => worker.terminate());
}

const RIGHT = { sum: [2, 4, 6, 8], threads: threadCount() };

it('runs in an isolated page, so that the wasm build may use threads', () => {
  expect(globalThis.crossOriginIsolated).toBe(true);
  expect(threadCount()).toBe(Math.min(4, navigator.hardwareConcurrency));
});

it.each<OrtBuild>(['wasm', 'jspi', 'asyncify'])('computes with the %s build', async (build) => {
  expect(await addInWorker(build)).toEqual([RIGHT]);
});

it.each<OrtBuild>(['jspi', 'asyncify'])(
  'falls back from %s to the processor in the same worker',
  async (build) => {
    expect(await addInWorker(build, 'wasm')).toEqual([RIGHT, RIGHT]);
  },
);

it.each<OrtBuild>(['wasm', 'jspi', 'asyncify'])(
  'computes with the %s build that was started ahead',
  async (build) => {
    expect(await addInWorker(`fetch ${build}`, `start ${build}`, `start ${build}`, build)).toEqual([RIGHT]);
  },
);

it('takes the right build after another one was fetched ahead', async () => {
  expect(await addInWorker('fetch wasm', 'jspi')).toEqual([RIGHT]);
});

it('says that WebGPU after wasm needs a fresh worker', async () => {
  expect(await addInWorker('wasm', 'jspi')).toMatch(/fresh worker/);
});
