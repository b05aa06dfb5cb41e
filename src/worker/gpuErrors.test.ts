/** After an error of the GPU the model is lost, not only the question: the page then loads it again. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { packInMemory } from '../cli/convert/packInMemory';
import type { Backend, GraphModel } from '../engine/ports';
import { loadOrt } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';
import type { LoadedPack } from '../runtime/storage/packLoader';
import { loadTokenizer } from '../runtime/tokenizer';
import { RoundsError } from '../shared/errors';
import type { FromWorker, Request } from '../shared/protocol';
import { RequestHandler } from './handler';

const checkpoint = join(import.meta.dirname, '../../models/goldens/vectors/checkpoints/qwen2_5_vl');

let pack: LoadedPack;

beforeAll(async () => {
  const reader = await packInMemory(checkpoint, 'q4', 'best');
  pack = { manifest: reader.manifest, read: (span) => reader.read(span), packHash: 'hash', fromCache: false };
});

interface Faults {
  /** What the device reports from now on. */
  failure: RoundsError | null;
  /** Loses the device that many times while graphs are built. */
  lostWhileBuilding: number;
  /** The decoder's graph can't be built. */
  decoderFails: boolean;
}

function openWorker() {
  const posted: FromWorker[] = [];
  const faults: Faults = { failure: null, lostWhileBuilding: 0, decoderFails: false };
  const sessions: string[] = [];
  const createSession = (right: Backend) => async (graph: GraphModel) => {
    if (faults.lostWhileBuilding-- > 0) throw new RoundsError('device_lost', 'reset');
    if (faults.decoderFails && graph.name !== 'vision') throw new RoundsError('out_of_memory', 'full');
    const session = await right.createSession(graph, pack);
    sessions.push(graph.name);
    const dispose = (): Promise<void> => {
      sessions.splice(sessions.indexOf(graph.name), 1);
      return session.dispose();
    };
    return { run: session.run.bind(session), dispose };
  };
  const handler = new RequestHandler(
    {
      loadPack: () => Promise.resolve(pack),
      loadTokenizer,
      findAdapter: () => Promise.resolve(null),
      openBackend: async ({ reasons }) => {
        const right = new OrtBackend(await loadOrt('wasm'), null, 'f32');
        const backend = new Proxy<Backend>(right, {
          get: (target, property) => {
            if (property === 'failure') return faults.failure;
            if (property === 'createSession') return createSession(target);
            const value: unknown = Reflect.get(target, property, target);
            return typeof value === 'function' ? (value.bind(target) as unknown) : value;
          },
        });
        const report = { backend: 'wasm' as const, adapter: 'x', features: [], activations: 'f32' as const };
        return { backend, report: { ...report, software: true, reasons } };
      },
      verdicts: { get: () => Promise.resolve(undefined), set: () => Promise.resolve() },
      environment: 'test',
      probeDevice: () => Promise.resolve({ gpu: null, allocation: null }),
      clock: () => performance.now(),
    },
    (message) => posted.push(message),
  );
  let id = 0;
  const call = async (request: Pick<Request, 'call'> & { params: unknown }): Promise<FromWorker> => {
    const mine = ++id;
    handler.handle({ id: mine, ...request } as Request);
    const isReply = (message: FromWorker): boolean =>
      (message.type === 'result' || message.type === 'error') && message.id === mine;
    await expect.poll(() => posted.some(isReply), { timeout: 50_000, interval: 5 }).toBe(true);
    return posted.find(isReply) as FromWorker;
  };
  const location = { kind: 'url', url: 'https://example.org/', cache: false } as const;
  const load = () => call({ call: 'load', params: { pack: location, backend: 'wasm', activations: 'auto' } });
  return { posted, faults, sessions, call, load };
}

const settings = {
  ...{ maxNewTokens: 2, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1 },
  ignoreEos: true,
};
/** Refused for its settings; what counts is what the device reports meanwhile. */
const question = {
  messages: [{ role: 'user', content: 'hi' }],
  settings: { ...settings, topP: 7 },
  decoded: { images: [], decodeMs: 0 },
};

describe('RequestHandler', () => {
  it('announces a loss after any error of the GPU, and keeps the model after other errors', async () => {
    const { posted, faults, call, load } = openWorker();
    await load();
    expect(await call({ call: 'generate', params: question })).toMatchObject({ type: 'error' });
    expect(posted.filter(({ type }) => type === 'lost')).toEqual([]);
    faults.failure = new RoundsError('internal', 'a shader was refused');
    await call({ call: 'generate', params: question });
    await expect.poll(() => posted.filter(({ type }) => type === 'lost')).toHaveLength(1);
    faults.failure = null;
    expect(await load()).toMatchObject({ type: 'result' });
  });

  it('loads on a new device when one is lost while loading', async () => {
    const { faults, load } = openWorker();
    faults.lostWhileBuilding = 1;
    expect(await load()).toMatchObject({ type: 'result' });
    faults.lostWhileBuilding = 2;
    expect(await load()).toMatchObject({ type: 'error', error: { code: 'device_lost' } });
  });

  it('frees the vision tower when the decoder can’t be built', async () => {
    const { faults, sessions, load } = openWorker();
    faults.decoderFails = true;
    expect(await load()).toMatchObject({ type: 'error', error: { code: 'out_of_memory' } });
    expect(sessions).toEqual([]);
  });
});
