/** The engine's worker posts codes, names and numbers: the page words them, so a message never stays English. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { packInMemory } from '../cli/convert/packInMemory';
import { loadModel } from '../engine/model';
import { recordSelfTest } from '../engine/selfTest';
import type { AdapterSummary } from '../runtime/device';
import { loadOrt } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';
import type { LoadedPack } from '../runtime/storage/packLoader';
import type { StoredVerdict } from '../runtime/storage/verdictStore';
import { loadTokenizer } from '../runtime/tokenizer';
import type { GenerateParams } from '../shared/generation';
import { RoundsError } from '../shared/errors';
import type { FromWorker, LoadParams, Request } from '../shared/protocol';
import { RequestHandler, type HandlerPorts } from './handler';
import { describeMode } from './modes';
import { proseIn } from './testing/prose';
import { wrongBackend } from './testing/wrongBackend';

const checkpoint = join(import.meta.dirname, '../../models/goldens/vectors/checkpoints/qwen2_5_vl');
const clock = (): number => performance.now();

const gpu = (software: boolean): AdapterSummary => ({
  adapter: { features: new Set(['shader-f16', 'subgroups']) } as never,
  description: 'TestGPU',
  software,
});
const settings = {
  maxNewTokens: 3,
  temperature: 0,
  topP: 1,
  topK: 0,
  repetitionPenalty: 1,
  seed: 1,
  ignoreEos: true,
};
const pixels = { width: 56, height: 56, data: new Uint8Array(56 * 56 * 3) };
const picture = { blob: new Blob() };

let pack: LoadedPack;

beforeAll(async () => {
  const reader = await packInMemory(checkpoint, 'q4', 'best');
  const backend = new OrtBackend(await loadOrt('wasm'), null, 'f32');
  const model = await loadModel(reader, backend, await loadTokenizer(reader));
  const manifest = { ...reader.manifest, selfTest: await recordSelfTest(model, clock) };
  await model.dispose();
  pack = { manifest, read: (span) => reader.read(span), packHash: 'hash', fromCache: false };
});

type Fault = 'wrong' | 'fails';

/** A worker whose modes have the given faults, by describeMode. */
function openWorker(adapter: AdapterSummary | null, faults: Record<string, Fault> = {}) {
  const posted: FromWorker[] = [];
  const verdicts = new Map<string, StoredVerdict>();
  const ports: HandlerPorts = {
    loadPack: (_location, { onProgress }) => {
      for (const stage of ['manifest', 'download', 'verify'] as const) onProgress(stage, 0, 1);
      return Promise.resolve(pack);
    },
    loadTokenizer,
    findAdapter: () => Promise.resolve(adapter),
    openBackend: async ({ reasons, ...mode }) => {
      const fault = faults[describeMode(mode)];
      if (fault === 'fails') throw new RoundsError('internal', 'The driver refuses this kernel.');
      const right = new OrtBackend(await loadOrt('wasm'), null, 'f32');
      const { backend, activations } = mode;
      const name = backend === 'wasm' ? { adapter: 'WebAssembly', threads: 2 } : { adapter: 'TestGPU' };
      return {
        backend: fault === 'wrong' ? wrongBackend(right) : right,
        report: { backend, ...name, features: [], activations, software: false, reasons },
      };
    },
    verdicts: {
      get: (key) => Promise.resolve(verdicts.get(key)),
      set: (key, verdict) => Promise.resolve(void verdicts.set(key, verdict)),
    },
    environment: 'test',
    probeDevice: () => Promise.resolve({ gpu: null, allocation: null }),
    clock,
  };
  const handler = new RequestHandler(ports, (message) => posted.push(message));
  let nextId = 1;
  const call = async (request: Pick<Request, 'call'> & { params: unknown }): Promise<FromWorker> => {
    const id = nextId++;
    handler.handle({ id, ...request } as Request);
    const isReply = (message: FromWorker): boolean =>
      (message.type === 'result' || message.type === 'error') && message.id === id;
    await expect.poll(() => posted.some(isReply), { timeout: 50_000, interval: 5 }).toBe(true);
    return posted.find(isReply) as FromWorker;
  };
  const load = (over: Partial<LoadParams> = {}): Promise<FromWorker> => {
    const location = { kind: 'url', url: 'https://example.org/', cache: false } as const;
    return call({ call: 'load', params: { pack: location, backend: 'auto', activations: 'auto', ...over } });
  };
  return { posted, call, load };
}

/** Its image, as the page hands it over. */
const decoded = { images: [pixels], decodeMs: 1 };
const question: GenerateParams = {
  messages: [
    {
      role: 'user',
      content: [
        { type: 'image', image: { ...picture, name: 'x.png' } },
        { type: 'text', text: 'What is this?' },
      ],
    },
  ],
  settings,
};

describe('what the engine posts', () => {
  it('has no sentences while modes fail, the model loads and answers', async () => {
    const { posted, call, load } = openWorker(gpu(false), {
      'WebGPU in float16': 'wrong',
      'WebGPU in float32': 'fails',
    });
    await call({ call: 'probe', params: { allocateBytes: 0 } });
    expect(await load()).toMatchObject({
      type: 'result',
      result: {
        device: {
          reasons: [{ code: 'wrong_numbers' }, { code: 'mode_failed' }],
          selfTest: { status: 'passed' },
        },
      },
    });
    expect(await load()).toMatchObject({ result: { device: { selfTest: { status: 'kept' } } } });
    expect(await call({ call: 'generate', params: { ...question, decoded } })).toMatchObject({
      type: 'result',
    });
    const rollouts = await call({ call: 'rollouts', params: { request: question, count: 2, decoded } });
    expect(rollouts).toMatchObject({ type: 'result' });
    await call({ call: 'unload', params: {} });
    expect(proseIn(posted)).toEqual([]);
  });

  it.each([
    ['a software GPU', gpu(true), 'software_gpu_slower'],
    ['no GPU', null, 'no_webgpu'],
  ] as const)('has none with %s', async (_, adapter, code) => {
    const { posted, load } = openWorker(adapter);
    expect(await load()).toMatchObject({ result: { device: { threads: 2, reasons: [{ code }] } } });
    expect(proseIn(posted)).toEqual([]);
  });

  it('has none but the message of an error when a call fails', async () => {
    const { posted, call, load } = openWorker(null, { WebAssembly: 'wrong' });
    const codes = [
      await load(),
      await load({ backend: 'webgpu' }),
      await load({ activations: 'f16', backend: 'wasm' }),
      await call({ call: 'generate', params: { ...question, decoded } }),
    ].map((message) => (message.type === 'error' ? message.error.code : message.type));
    expect(codes).toEqual(['self_test_failed', 'webgpu_unavailable', 'feature_missing', 'model_not_loaded']);
    expect(proseIn(posted)).toEqual([]);
  });
});
