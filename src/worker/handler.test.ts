import { describe, expect, it } from 'vitest';
import { RoundsError } from '../shared/errors';
import type { FromWorker, Request } from '../shared/protocol';
import { RequestHandler, type HandlerPorts } from './handler';

const IMAGE = { blob: new Blob(['x']), name: 'x.png' };
const FACTS = {
  format: 'PNG' as const,
  frames: 1,
  frame: 0,
  window: null,
  presets: [],
  unit: '',
  pixelAspect: 1,
};
const PIXEL = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3), facts: FACTS };

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
      decodeImage: () => Promise.resolve(PIXEL),
      surveyFile: () => Promise.resolve({ kind: 'image' }),
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
  it('answers a preview before any model is loaded', async () => {
    const { handler, replies } = setup();
    handler.handle({ id: 1, call: 'preview', params: { image: IMAGE } });
    const [reply] = await replies(1);
    expect(reply).toMatchObject({
      type: 'result',
      id: 1,
      result: { width: 1, height: 1, resizedRgba: null, tokens: 0 },
    });
    expect(
      reply?.type === 'result' && reply.result && 'rgba' in reply.result && [...reply.result.rgba],
    ).toEqual([1, 2, 3, 255]);
  });

  it('passes on which frame is wanted, and gives facts and values with the pixels', async () => {
    const raw = { values: Int16Array.of(-7), shape: 'LINEAR' as const, isInverted: false };
    const asked: unknown[] = [];
    const { handler, replies } = setup({
      decodeImage: (image, wanted) => {
        asked.push(image, wanted);
        return Promise.resolve({ ...PIXEL, facts: { ...FACTS, format: 'DICOM', frames: 9, frame: 4 }, raw });
      },
    });
    const image = { ...IMAGE, frame: 4, window: [40, 400] as [number, number] };
    handler.handle({ id: 1, call: 'preview', params: { image, raw: true } });
    const [reply] = await replies(1);
    expect(asked).toEqual([image, { raw: true }]);
    expect(reply).toMatchObject({ result: { format: 'DICOM', frames: 9, frame: 4, raw, width: 1 } });
  });

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

  it('keeps the code of an error and goes on with the next request', async () => {
    const { handler, replies } = setup();
    handler.handle(load);
    handler.handle({ id: 8, call: 'unload', params: {} });
    const [failed, next] = await replies(2);
    expect(failed).toMatchObject({ type: 'error', id: 7, error: { code: 'download_failed' } });
    expect(next).toMatchObject({ type: 'result', id: 8, result: null });
  });

  it('turns a foreign exception into an internal error, not into silence', async () => {
    const { handler, replies } = setup({ decodeImage: () => Promise.reject(new TypeError('boom')) });
    handler.handle({ id: 1, call: 'preview', params: { image: IMAGE } });
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
    handler.handle({
      id: 1,
      call: 'generate',
      params: { messages: [{ role: 'user', content: 'hi' }], settings },
    });
    const request = { messages: [{ role: 'user' as const, content: 'hi' }], settings };
    handler.handle({ id: 2, call: 'rollouts', params: { request, count: 2 } });
    expect(await replies(2)).toMatchObject([
      { type: 'error', id: 1, error: { code: 'model_not_loaded' } },
      { type: 'error', id: 2, error: { code: 'model_not_loaded' } },
    ]);
  });

  it('shows an image while a model is still loading', async () => {
    const { handler, replies } = setup({ loadPack: () => new Promise(() => undefined) });
    handler.handle(load);
    handler.handle({ id: 8, call: 'preview', params: { image: IMAGE } });
    expect(await replies(1)).toMatchObject([{ type: 'result', id: 8 }]);
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

  it('tells the page that the device is gone, after the reply to the call that met it', async () => {
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
