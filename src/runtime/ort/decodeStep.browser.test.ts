import { afterAll, describe, expect, it } from 'vitest';
import { Sampler } from '../../engine/sampling';
import type { Timeline } from '../../engine/timeline';
import { findAdapter, openDevice } from '../device';
import { gpuCalls } from '../gpu/testing/gpuCalls';
import { loadOrt } from './loadOrt';
import { OrtBackend } from './ortBackend';
import { decodeSome, miniPack, miniTimeline, withEqualGates, type Decoded } from './testing/miniDecoder';

/** The software adapter takes half a second for a token, and several times that beside other work. */
const TIMEOUT_MS = 300_000;
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

/** A timeline whose steps are replayed. */
async function provenTimeline(timeline: Timeline): Promise<{ length: number }> {
  for (const id of [7, 8, 9]) await timeline.decode(id);
  return { length: timeline.length };
}

async function chooseOnHost(timeline: Timeline, sampler: Sampler, count: number): Promise<number[]> {
  const ids: number[] = [];
  while (ids.length < count) ids.push(sampler.next(await timeline.decode(ids.at(-1) ?? 1)).id);
  return ids;
}

describe('a decode step of the embedded model on WebGPU', { timeout: TIMEOUT_MS }, async () => {
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

  it.skipIf(!summary)('chooses tokens on the device, submitted ahead', async () => {
    const pack = await miniPack();
    const timeline = await miniTimeline(pack, await open());
    const { length } = await provenTimeline(timeline);
    const greedy = { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 3 };
    for (const settings of [greedy, { ...greedy, temperature: 1.2, topP: 0.9, repetitionPenalty: 1.1 }]) {
      timeline.rewind(length);
      const expected = await chooseOnHost(timeline, new Sampler(settings), 5);
      timeline.rewind(length);
      const sampler = new Sampler(settings);
      const ids: number[] = [];
      let calls: unknown;
      while (ids.length < 5) {
        const wanted = timeline.aheadOf(4);
        expect(wanted).toBe(4);
        const id = ids.at(-1) ?? 1;
        calls = await gpuCalls(async () => {
          for await (const next of timeline.sample({ id, count: wanted, settings, sampler })) {
            sampler.follow(next);
            ids.push(next);
          }
        });
      }
      // The first call compares its token with the host's.
      expect(ids).toEqual(expected);
      expect(timeline.length).toBe(length + 5);
      expect(calls).toEqual({
        dispatches: 4 * 40,
        submits: 4 * 2,
        maps: 1,
        buffers: 0,
        bindGroups: 0,
        writes: settings.temperature === 0 ? 1 : 2,
      });
    }
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
