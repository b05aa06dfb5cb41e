import { describe, expect, it, vi } from 'vitest';
import type { DeviceProbe, ModelInfo, Update } from '../../shared/protocol';
import { EngineClient } from './engineClient';
import { LOAD, QUESTION, setup } from './testing/fakeEngineWorker';

const NO_TRIAL = { allocateBytes: 0 };
const PROBE: DeviceProbe = { gpu: null, allocation: null };

describe('EngineClient', () => {
  it('starts no worker before the first call', () => {
    expect(setup().ports).toHaveLength(0);
  });

  it('pairs replies with calls by id, in any order', async () => {
    const { client, ports, port } = setup();
    const first = client.call('probe', NO_TRIAL);
    const second = client.call('unload', {});
    expect(ports).toHaveLength(1);
    expect(port().sent.map((message) => message.call)).toEqual(['probe', 'unload']);
    const [firstId, secondId] = port().sent.map((message) => message.id);
    port().say({ type: 'result', id: secondId!, result: null });
    port().say({ type: 'result', id: firstId!, result: PROBE });
    await expect(second).resolves.toBeNull();
    await expect(first).resolves.toEqual(PROBE);
  });

  it('hands updates to their own call only', async () => {
    const { client, port } = setup();
    const seen: Update[] = [];
    const other = vi.fn();
    const call = client.call('probe', NO_TRIAL, { onUpdate: (update) => seen.push(update) });
    void client.call('probe', NO_TRIAL, { onUpdate: other }).catch(() => undefined);
    const update: Update = { kind: 'progress', stage: 'image', done: 1, total: 2 };
    port().say({ type: 'update', id: 1, update });
    port().say({ type: 'result', id: 1, result: PROBE });
    port().say({ type: 'update', id: 1, update });
    await call;
    expect(seen).toEqual([update]);
    expect(other).not.toHaveBeenCalled();
  });

  it('rebuilds errors with their code', async () => {
    const { client, port } = setup();
    const call = client.call('probe', NO_TRIAL);
    port().say({ type: 'error', id: 1, error: { code: 'image_invalid', message: 'not a picture' } });
    await expect(call).rejects.toMatchObject({ code: 'image_invalid', message: 'not a picture' });
  });

  it('asks the worker to cancel, and waits for its reply', async () => {
    const { client, port } = setup();
    const abort = new AbortController();
    const call = client.call('probe', NO_TRIAL, { signal: abort.signal });
    abort.abort();
    expect(port().sent.at(-1)).toEqual({ id: 1, call: 'cancel' });
    port().say({ type: 'error', id: 1, error: { code: 'aborted', message: 'Stopped.' } });
    await expect(call).rejects.toMatchObject({ code: 'aborted' });
  });

  it('does not cancel a call that is over, nor start one that was aborted before', async () => {
    const { client, port } = setup();
    const abort = new AbortController();
    const call = client.call('probe', NO_TRIAL, { signal: abort.signal });
    port().say({ type: 'result', id: 1, result: PROBE });
    await call;
    abort.abort();
    expect(port().sent).toHaveLength(1);
    const late = client.call('probe', NO_TRIAL, { signal: abort.signal });
    await expect(late).rejects.toMatchObject({ code: 'aborted' });
    expect(port().sent).toHaveLength(1);
  });

  it.each(['error', 'messageerror'] as const)('rejects everything on %s and starts again', async (type) => {
    const { client, ports, port } = setup();
    const lost = vi.fn();
    client.onLost(lost);
    const calls = [client.call('probe', NO_TRIAL), client.call('unload', {})];
    const crashed = port();
    crashed.fail(type, 'boom');
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'worker_crashed' });
    expect(lost).toHaveBeenCalledOnce();
    expect(crashed.terminated).toBe(true);
    expect(ports).toHaveLength(1);

    const again = client.call('unload', {});
    expect(ports).toHaveLength(2);
    crashed.say({ type: 'result', id: port().sent[0]!.id, result: null });
    port().say({
      type: 'error',
      id: port().sent[0]!.id,
      error: { code: 'internal', message: 'from the new' },
    });
    await expect(again).rejects.toMatchObject({ message: 'from the new' });
  });

  it('announces a lost device without touching running calls, until unsubscribed', async () => {
    const { client, port } = setup();
    const lost = vi.fn();
    const unsubscribe = client.onLost(lost);
    const call = client.call('probe', NO_TRIAL);
    port().say({ type: 'lost', error: { code: 'device_lost', message: 'gone' } });
    unsubscribe();
    port().say({ type: 'lost', error: { code: 'device_lost', message: 'gone' } });
    expect(lost).toHaveBeenCalledOnce();
    expect(lost.mock.calls[0]?.[0]).toMatchObject({ code: 'device_lost' });
    port().say({ type: 'result', id: 1, result: PROBE });
    await expect(call).resolves.toEqual(PROBE);
  });

  it('reports a worker that cannot be made', async () => {
    const client = new EngineClient(() => {
      throw new Error('blocked');
    });
    await expect(client.call('unload', {})).rejects.toMatchObject({
      code: 'worker_crashed',
      message: 'blocked',
    });
  });

  it('refuses params that cannot be cloned, and keeps working', async () => {
    const { client, port } = setup();
    const params = { allocateBytes: 0, extra: () => 1 };
    await expect(client.call('probe', params)).rejects.toMatchObject({ code: 'internal' });
    const call = client.call('unload', {});
    port().say({ type: 'result', id: port().sent[0]!.id, result: null });
    await expect(call).resolves.toBeNull();
  });

  it('dispose rejects running calls, ends the worker, and forbids further calls', async () => {
    const { client, ports, port } = setup();
    const call = client.call('unload', {});
    client.dispose();
    await expect(call).rejects.toMatchObject({ code: 'aborted' });
    expect(port().terminated).toBe(true);
    await expect(client.call('unload', {})).rejects.toMatchObject({ code: 'internal' });
    expect(ports).toHaveLength(1);
  });
});

describe('EngineClient and the decoder', () => {
  it('decodes the images of a question before the engine gets it', async () => {
    const { client, images, port } = setup();
    const onUpdate = vi.fn();
    void client.call('generate', QUESTION, { onUpdate }).catch(() => undefined);
    await expect.poll(() => port().sent.length).toBe(1);
    expect(images.asked).toMatchObject([['decode', { image: { name: 'x.png' } }]]);
    expect(onUpdate).toHaveBeenCalledWith({ kind: 'progress', stage: 'image', done: 0, total: 1 });
    expect(port().sent[0]).toMatchObject({
      call: 'generate',
      params: { decoded: { images: [{ width: 1, height: 1 }] } },
    });
  });

  it('starts no engine for a preview, and gives the decoder what the model needs once one is loaded', async () => {
    const { client, images, ports, port } = setup();
    const image = { blob: new Blob(), name: 'x.png' };
    await client.call('preview', { image });
    expect(ports).toHaveLength(0);
    expect(images.asked[0]?.[1]).toMatchObject({ model: null });
    const loading = client.call('load', LOAD);
    const info = { imageProcessor: { minPixels: 1 }, model: { vision: { patchSize: 14 } } };
    port().say({ type: 'result', id: port().sent[0]!.id, result: info as unknown as ModelInfo });
    await loading;
    await client.call('preview', { image });
    expect(images.asked[1]?.[1]).toMatchObject({
      model: { imageProcessor: { minPixels: 1 }, vision: { patchSize: 14 } },
    });
    port().say({ type: 'lost', error: { code: 'device_lost', message: 'gone' } });
    await client.call('preview', { image });
    expect(images.asked[2]?.[1]).toMatchObject({ model: null });
  });
});
