import { describe, expect, it, vi } from 'vitest';
import { EngineClient, type EnginePort } from './engineClient';
import type { FromWorker, ImagePreview, Request, Update } from '../../shared/protocol';

/** A worker that does nothing by itself: a test reads what it was sent and makes it speak. */
class FakePort implements EnginePort {
  readonly sent: Request[] = [];
  terminated = false;
  readonly #target = new EventTarget();

  postMessage(message: Request): void {
    this.sent.push(structuredClone(message));
  }
  addEventListener(type: string, listener: (event: never) => void): void {
    this.#target.addEventListener(type, listener as (event: Event) => void);
  }
  terminate(): void {
    this.terminated = true;
  }
  say(data: FromWorker): void {
    this.#target.dispatchEvent(new MessageEvent('message', { data }));
  }
  fail(type: 'error' | 'messageerror', message?: string): void {
    this.#target.dispatchEvent(Object.assign(new Event(type), message ? { message } : {}));
  }
}

function setup(): { client: EngineClient; ports: FakePort[]; port: () => FakePort } {
  const ports: FakePort[] = [];
  const client = new EngineClient(() => {
    const made = new FakePort();
    ports.push(made);
    return made;
  });
  const port = (): FakePort => {
    const last = ports.at(-1);
    if (!last) throw new Error('no worker was started');
    return last;
  };
  return { client, ports, port };
}

const IMAGE = { image: { blob: new Blob(['x']), name: 'x.png' } };
const PREVIEW: ImagePreview = {
  format: 'PNG',
  frames: 1,
  frame: 0,
  window: null,
  presets: [],
  unit: '',
  pixelAspect: 1,
  width: 1,
  height: 1,
  rgba: new Uint8ClampedArray(4),
  resizedWidth: 28,
  resizedHeight: 28,
  resizedRgba: null,
  tokens: 1,
};

describe('EngineClient', () => {
  it('starts no worker before the first call', () => {
    expect(setup().ports).toHaveLength(0);
  });

  it('pairs replies with calls by id, in any order', async () => {
    const { client, ports, port } = setup();
    const first = client.call('preview', IMAGE);
    const second = client.call('unload', {});
    expect(ports).toHaveLength(1);
    expect(port().sent.map((message) => message.call)).toEqual(['preview', 'unload']);
    const [firstId, secondId] = port().sent.map((message) => message.id);
    port().say({ type: 'result', id: secondId!, result: null });
    port().say({ type: 'result', id: firstId!, result: PREVIEW });
    await expect(second).resolves.toBeNull();
    await expect(first).resolves.toEqual(PREVIEW);
  });

  it('hands updates to their own call only', async () => {
    const { client, port } = setup();
    const seen: Update[] = [];
    const other = vi.fn();
    const call = client.call('preview', IMAGE, { onUpdate: (update) => seen.push(update) });
    void client.call('preview', IMAGE, { onUpdate: other }).catch(() => undefined);
    const update: Update = { kind: 'progress', stage: 'image', done: 1, total: 2 };
    port().say({ type: 'update', id: 1, update });
    port().say({ type: 'result', id: 1, result: PREVIEW });
    port().say({ type: 'update', id: 1, update });
    await call;
    expect(seen).toEqual([update]);
    expect(other).not.toHaveBeenCalled();
  });

  it('rebuilds errors with their code', async () => {
    const { client, port } = setup();
    const call = client.call('preview', IMAGE);
    port().say({ type: 'error', id: 1, error: { code: 'image_invalid', message: 'not a picture' } });
    await expect(call).rejects.toMatchObject({ code: 'image_invalid', message: 'not a picture' });
  });

  it('asks the worker to cancel, and waits for its reply', async () => {
    const { client, port } = setup();
    const abort = new AbortController();
    const call = client.call('preview', IMAGE, { signal: abort.signal });
    abort.abort();
    expect(port().sent.at(-1)).toEqual({ id: 1, call: 'cancel' });
    port().say({ type: 'error', id: 1, error: { code: 'aborted', message: 'Stopped.' } });
    await expect(call).rejects.toMatchObject({ code: 'aborted' });
  });

  it('does not cancel a call that is over, nor start one that was aborted before', async () => {
    const { client, port } = setup();
    const abort = new AbortController();
    const call = client.call('preview', IMAGE, { signal: abort.signal });
    port().say({ type: 'result', id: 1, result: PREVIEW });
    await call;
    abort.abort();
    expect(port().sent).toHaveLength(1);
    const late = client.call('preview', IMAGE, { signal: abort.signal });
    await expect(late).rejects.toMatchObject({ code: 'aborted' });
    expect(port().sent).toHaveLength(1);
  });

  it.each(['error', 'messageerror'] as const)('rejects everything on %s and starts anew', async (type) => {
    const { client, ports, port } = setup();
    const lost = vi.fn();
    client.onLost(lost);
    const calls = [client.call('preview', IMAGE), client.call('unload', {})];
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

  it('tells of a lost device without touching running calls, until unsubscribed', async () => {
    const { client, port } = setup();
    const lost = vi.fn();
    const unsubscribe = client.onLost(lost);
    const call = client.call('preview', IMAGE);
    port().say({ type: 'lost', error: { code: 'device_lost', message: 'gone' } });
    unsubscribe();
    port().say({ type: 'lost', error: { code: 'device_lost', message: 'gone' } });
    expect(lost).toHaveBeenCalledOnce();
    expect(lost.mock.calls[0]?.[0]).toMatchObject({ code: 'device_lost' });
    port().say({ type: 'result', id: 1, result: PREVIEW });
    await expect(call).resolves.toEqual(PREVIEW);
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
    const image = { blob: new Blob(), name: 'x', extra: () => 1 };
    await expect(client.call('preview', { image })).rejects.toMatchObject({ code: 'internal' });
    const call = client.call('unload', {});
    port().say({ type: 'result', id: port().sent[0]!.id, result: null });
    await expect(call).resolves.toBeNull();
  });

  it('restart rejects and ends the worker; dispose forbids further calls', async () => {
    const { client, ports, port } = setup();
    const call = client.call('unload', {});
    client.restart();
    await expect(call).rejects.toMatchObject({ code: 'aborted' });
    expect(port().terminated).toBe(true);
    const next = client.call('unload', {});
    expect(ports).toHaveLength(2);
    client.dispose();
    await expect(next).rejects.toMatchObject({ code: 'aborted' });
    await expect(client.call('unload', {})).rejects.toMatchObject({ code: 'internal' });
    expect(ports).toHaveLength(2);
  });
});
