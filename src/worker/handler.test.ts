import { describe, expect, it } from 'vitest';
import { RoundsError } from '../shared/errors';
import type { FromWorker, Request } from '../shared/protocol';
import { RequestHandler, type HandlerPorts } from './handler';

function setup(ports: Partial<HandlerPorts> = {}) {
  const messages: FromWorker[] = [];
  let wake: (() => void) | null = null;
  const handler = new RequestHandler(
    {
      loadPack: () => Promise.reject(new RoundsError('download_failed', 'no network')),
      loadTokenizer: () => Promise.reject(new Error('unused')),
      openBackend: () => Promise.reject(new Error('unused')),
      findAdapter: () => Promise.resolve(null),
      verdicts: { get: () => Promise.resolve(undefined), set: () => Promise.resolve() },
      environment: 'test',
      probeDevice: () => Promise.resolve({ gpu: null, allocation: null }),
      clock: () => 0,
      ...ports,
    },
    (message) => {
      messages.push(message);
      wake?.();
    },
  );
  const replies = async (count: number): Promise<FromWorker[]> => {
    const isReply = ({ type }: FromWorker): boolean => type !== 'update';
    while (messages.filter(isReply).length < count) await new Promise<void>((resolve) => (wake = resolve));
    return messages.filter(isReply);
  };
  return { handler, messages, replies };
}

const load: Request = {
  id: 7,
  call: 'load',
  params: { pack: { kind: 'url', url: 'p', cache: false }, backend: 'auto', activations: 'auto' },
};

describe('RequestHandler', () => {
  it('looks at the device while a model loads, but tries its memory only afterwards', async () => {
    let finishLoading: (error: Error) => void = () => undefined;
    const { handler, replies } = setup({
      loadPack: () => new Promise((_, reject) => (finishLoading = reject)),
      probeDevice: (_, askedBytes) =>
        Promise.resolve({ gpu: null, allocation: askedBytes > 0 ? { askedBytes, gotBytes: 1 } : null }),
    });
    handler.handle(load);
    handler.handle({ id: 8, call: 'probe', params: { allocateBytes: 5 } });
    handler.handle({ id: 9, call: 'probe', params: { allocateBytes: 0 } });
    expect(await replies(1)).toMatchObject([{ id: 9, result: { allocation: null } }]);
    finishLoading(new RoundsError('download_failed', 'no network'));
    expect(await replies(3)).toMatchObject([
      { id: 9 },
      { id: 7 },
      { id: 8, result: { allocation: { askedBytes: 5, gotBytes: 1 } } },
    ]);
  });

  it('keeps the code of an error and continues with the next request', async () => {
    const { handler, replies } = setup();
    handler.handle(load);
    handler.handle({ id: 8, call: 'unload', params: {} });
    const [failed, next] = await replies(2);
    expect(failed).toMatchObject({ type: 'error', id: 7, error: { code: 'download_failed' } });
    expect(next).toMatchObject({ type: 'result', id: 8, result: null });
  });

  it('turns a foreign exception into an internal error, not into silence', async () => {
    const { handler, replies } = setup({ findAdapter: () => Promise.reject(new TypeError('boom')) });
    handler.handle({ id: 1, call: 'probe', params: { allocateBytes: 0 } });
    expect(await replies(1)).toMatchObject([{ type: 'error', error: { code: 'internal', message: 'boom' } }]);
  });

  it('refuses to generate without a model', async () => {
    const { handler, replies } = setup();
    const settings = {
      maxNewTokens: 1,
      temperature: 0,
      topP: 1,
      topK: 0,
      repetitionPenalty: 1,
      seed: 1,
      ignoreEos: false,
    };
    const decoded = { images: [], decodeMs: 0 };
    handler.handle({
      id: 1,
      call: 'generate',
      params: { messages: [{ role: 'user', content: 'hi' }], settings, decoded },
    });
    const request = { messages: [{ role: 'user' as const, content: 'hi' }], settings };
    handler.handle({ id: 2, call: 'rollouts', params: { request, count: 2, decoded } });
    expect(await replies(2)).toMatchObject([
      { type: 'error', id: 1, error: { code: 'model_not_loaded' } },
      { type: 'error', id: 2, error: { code: 'model_not_loaded' } },
    ]);
  });

  it('cancels a running call and one that still waits', async () => {
    const { handler, replies } = setup({
      loadPack: (_location, { signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new RoundsError('aborted', 'Stopped.'))),
        ),
    });
    handler.handle(load);
    handler.handle({ ...load, id: 8 });
    handler.handle({ id: 8, call: 'cancel' });
    handler.handle({ id: 7, call: 'cancel' });
    expect(await replies(2)).toMatchObject([
      { type: 'error', id: 7, error: { code: 'aborted' } },
      { type: 'error', id: 8, error: { code: 'aborted' } },
    ]);
  });

  it('reports to the page that the device is lost, after the reply to the call that met it', async () => {
    const { handler, replies } = setup({
      loadTokenizer: () => Promise.reject(new RoundsError('device_lost', 'gone')),
      loadPack: () => Promise.resolve({ manifest: {} } as never),
    });
    handler.handle(load);
    expect(await replies(2)).toMatchObject([
      { type: 'error', id: 7, error: { code: 'device_lost' } },
      { type: 'lost', error: { code: 'device_lost' } },
    ]);
  });
});
