import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FromImages, ImageRequest } from '../../shared/imageProtocol';
import { ImageClient, type ImagePort } from './imageClient';

class FakePort implements ImagePort {
  readonly sent: ImageRequest[] = [];
  terminated = false;
  readonly #target = new EventTarget();

  postMessage(message: ImageRequest): void {
    this.sent.push(message);
  }
  addEventListener(type: string, listener: (event: never) => void): void {
    this.#target.addEventListener(type, listener as (event: Event) => void);
  }
  terminate(): void {
    this.terminated = true;
  }
  say(data: FromImages): void {
    this.#target.dispatchEvent(new MessageEvent('message', { data }));
  }
  crash(): void {
    this.#target.dispatchEvent(Object.assign(new Event('error'), { message: 'boom' }));
  }
}

const pixels = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3), sha256: 'x' };
const nameOf = (request: ImageRequest): string | undefined =>
  request.call === 'survey' ? request.params.files[0]?.name : request.params.image.name;
const named = (name: string) => ({ image: { blob: new Blob(), name } });

function setup() {
  const ports: FakePort[] = [];
  const client = new ImageClient(() => {
    ports.push(new FakePort());
    return ports.at(-1)!;
  });
  const answer = async (port: FakePort): Promise<void> => {
    port.say({ type: 'result', id: port.sent.at(-1)!.id, result: pixels });
    await vi.advanceTimersByTimeAsync(0);
  };
  return { client, ports, answer };
}

describe('ImageClient', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('sends one image at a time', async () => {
    const { client, ports, answer } = setup();
    const both = Promise.all([client.call('decode', named('a')), client.call('decode', named('b'))]);
    await vi.advanceTimersByTimeAsync(0);
    expect(ports[0]?.sent).toHaveLength(1);
    await answer(ports[0]!);
    expect(ports[0]?.sent.map(nameOf)).toEqual(['a', 'b']);
    await answer(ports[0]!);
    await expect(both).resolves.toEqual([pixels, pixels]);
  });

  it('ends a decoder that is silent for 10 s, names the file, and continues with the next one', async () => {
    const { client, ports, answer } = setup();
    const failed = vi.fn();
    void client.call('decode', named('hangs.dcm')).catch(failed);
    const next = client.call('decode', named('good.png'));
    await vi.advanceTimersByTimeAsync(9_500);
    expect(failed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(failed.mock.calls[0]?.[0]).toMatchObject({
      code: 'image_invalid',
      message: expect.stringMatching(/^hangs\.dcm: its decoder made no progress for 10 seconds/) as string,
    });
    expect(ports[0]?.terminated).toBe(true);
    expect(ports[1]?.sent.map(nameOf)[0]).toBe('good.png');
    await answer(ports[1]!);
    await expect(next).resolves.toEqual(pixels);
  });

  it('waits longer for one that is alive, such as for a slow disk or the download of its decoder', async () => {
    const { client, ports } = setup();
    const failed = vi.fn();
    void client.call('decode', named('slow.dcm')).catch(failed);
    for (let second = 0; second < 60; second++) {
      await vi.advanceTimersByTimeAsync(1000);
      ports[0]?.say({ type: 'alive' });
    }
    expect(failed).not.toHaveBeenCalled();
  });

  it('blames a crash on the file too', async () => {
    const { client, ports } = setup();
    const call = client.call('decode', named('bomb.png'));
    call.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    ports[0]?.crash();
    await expect(call).rejects.toMatchObject({
      code: 'image_invalid',
      message: expect.stringMatching(/^bomb\.png: its decoder crashed \(boom\)/) as string,
    });
  });

  it('is free of a call that was aborted at once, and skips one that waits', async () => {
    const { client, ports, answer } = setup();
    const abort = new AbortController();
    const running = client.call('decode', named('a'), abort.signal);
    const waiting = client.call('decode', named('b'), abort.signal);
    const last = client.call('decode', named('c'));
    await vi.advanceTimersByTimeAsync(0);
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    await answer(ports[0]!);
    expect(ports[0]?.sent.map(nameOf)).toEqual(['a', 'c']);
    await answer(ports[0]!);
    await expect(last).resolves.toEqual(pixels);
  });
});
