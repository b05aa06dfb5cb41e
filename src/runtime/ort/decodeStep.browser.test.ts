import { afterAll, describe, expect, it } from 'vitest';
import { findAdapter, openDevice } from '../device';
import { gpuCalls } from '../gpu/testing/gpuCalls';
import { loadOrt } from './loadOrt';
import { OrtBackend } from './ortBackend';
import { decodeSome, miniPack, miniTimeline, withEqualGates, type Decoded } from './testing/miniDecoder';

/** With float32 sums in another order. */
const CLOSE = 2e-3;

function largestDifference(a: Float32Array, b: Float32Array | undefined): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b?.[i] ?? Infinity))), 0);
}

function decodeOnWasm(): Promise<Decoded> {
  const worker = new Worker(new URL('./testing/decode.testWorker.ts', import.meta.url), { type: 'module' });
  return new Promise<Decoded>((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<Decoded>) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message || 'The worker did not start.'));
    worker.postMessage(null);
  }).finally(() => worker.terminate());
}

describe('a decode step of the embedded model on WebGPU', async () => {
  const summary = await findAdapter();
  const opened: OrtBackend[] = [];
  afterAll(async () => {
    for (const backend of opened) await backend.dispose();
  });

  const open = async (): Promise<OrtBackend> => {
    const backend = new OrtBackend(await loadOrt('jspi'), (await openDevice(summary!)).device, 'f32');
    opened.push(backend);
    return backend;
  };

  it.skipIf(!summary)('gives the tokens of WebAssembly, in few calls of WebGPU', async () => {
    const backend = await open();
    const pack = await miniPack();
    const timeline = await miniTimeline(pack, backend);
    const [onGpu, onWasm] = [await decodeSome(pack, timeline), await decodeOnWasm()];
    expect(onGpu.ids).toEqual(onWasm.ids);
    const differences = onGpu.logits.map((logits, i) => largestDifference(logits, onWasm.logits[i]));
    expect(Math.max(...differences, largestDifference(onGpu.scored, onWasm.scored))).toBeLessThan(CLOSE);

    const calls = await gpuCalls(() => timeline.decode(2));
    expect(calls).toEqual({ dispatches: 40, submits: 3, maps: 1, buffers: 0, bindGroups: 0, writes: 4 });
  });

  it.skipIf(!summary)('takes 8 dispatches a layer and 4 more if gate and up have 4 bits', async () => {
    const pack = withEqualGates(await miniPack());
    const timeline = await miniTimeline(pack, await open());
    // The first step is captured, the second one compared.
    await timeline.decode(1);
    await timeline.decode(1);
    const { dispatches } = await gpuCalls(() => timeline.decode(2));
    expect(dispatches).toBe(8 * pack.manifest.model.text.numHiddenLayers + 4);
  });
});
