/** Which pixels go to the engine, and when an image is decoded. */
import { describe, expect, it, vi } from 'vitest';
import { RoundsError } from '../../shared/errors';
import type { ChatMessage, ImageInput } from '../../shared/generation';
import type { Request } from '../../shared/protocol';
import { QUESTION, setup, type FakePort } from './testing/fakeEngineWorker';

const file = (name: string): ImageInput => ({ blob: new Blob([name]), name });
const about = (...images: ImageInput[]) => ({
  ...QUESTION,
  messages: [
    { role: 'user' as const, content: images.map((image) => ({ type: 'image' as const, image })) },
  ] satisfies ChatMessage[],
});
const RESULT = { newIds: [1] } as never;

/** For each image of the request: its name, and whether its pixels are there. */
function imagesIn(request: Request | undefined): [string, boolean][] {
  if (!request || request.call === 'cancel' || !('decoded' in request.params)) return [];
  return request.params.decoded.images.map(({ sha256 = '', data }) => [sha256, data !== null]);
}

async function sent(port: () => FakePort, count: number): Promise<Request> {
  await expect.poll(() => port().sent.length).toBe(count);
  return port().sent[count - 1]!;
}

describe('the images of a question', () => {
  it('are decoded and sent once, whichever call needs them next', async () => {
    const { client, images, port } = setup();
    const [a, b] = [file('a'), file('b')];
    const ahead = client.call('prepare', about(a));
    const first = await sent(port, 1);
    expect(first.call).toBe('prepare');
    expect(imagesIn(first)).toEqual([['of a', true]]);
    port().say({ type: 'result', id: first.id, result: { tokens: 5, cachedTokens: 0, encodedImages: 1 } });
    await expect(ahead).resolves.toMatchObject({ tokens: 5 });
    void client.call('generate', about(a, b, a)).catch(() => undefined);
    expect(imagesIn(await sent(port, 2))).toEqual([
      ['of a', false],
      ['of b', true],
      ['of a', false],
    ]);
    const request = about(b);
    void client.call('rollouts', { request, count: 2 }).catch(() => undefined);
    expect(imagesIn(await sent(port, 3))).toEqual([['of b', false]]);
    expect(images.asked.map(([, params]) => params)).toEqual([{ image: a }, { image: b }]);
  });

  it('are the same in another file with the same pixels, but not in another frame or window', async () => {
    const { client, images, port } = setup();
    const image = file('a');
    const inputs = [
      image,
      file('a'),
      { ...image, frame: 1 },
      { ...image, window: [1, 2] as [number, number] },
    ];
    for (const [at, input] of inputs.entries()) {
      void client.call('prepare', about(input)).catch(() => undefined);
      expect(imagesIn(await sent(port, at + 1))).toEqual([['of a', at === 0]]);
    }
    expect(images.asked).toHaveLength(4);
  });

  it('are decoded and sent again if the engine has dropped them', async () => {
    const { client, images, port } = setup();
    const image = file('a');
    void client.call('prepare', about(image)).catch(() => undefined);
    await sent(port, 1);
    const answer = client.call('generate', about(image));
    const { id } = await sent(port, 2);
    port().say({ type: 'needed', id, images: ['of a'] });
    const again = await sent(port, 3);
    expect(imagesIn(again)).toEqual([['of a', true]]);
    expect(images.asked).toHaveLength(2);
    port().say({ type: 'result', id: again.id, result: RESULT });
    await expect(answer).resolves.toBe(RESULT);
  });

  it('are not decoded twice when a question comes while they are being decoded for work ahead', async () => {
    const { client, images, port } = setup();
    let finish: (image: never) => void = () => undefined;
    const decoding = new Promise<never>((resolve) => (finish = resolve));
    const call = vi.spyOn(images, 'call').mockReturnValueOnce(decoding);
    const image = file('a');
    const abort = new AbortController();
    const ahead = client.call('prepare', about(image), { signal: abort.signal });
    void client.call('generate', about(image)).catch(() => undefined);
    abort.abort();
    await expect(ahead).rejects.toMatchObject({ code: 'aborted' });
    finish({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3), sha256: 'of a' } as never);
    expect(imagesIn(await sent(port, 1))).toEqual([['of a', true]]);
    expect(call).toHaveBeenCalledOnce();
  });

  it('that could not be decoded are tried again', async () => {
    const { client, images, port } = setup();
    vi.spyOn(images, 'call').mockRejectedValueOnce(new RoundsError('image_invalid', 'a: damaged'));
    const image = file('a');
    await expect(client.call('prepare', about(image))).rejects.toMatchObject({ code: 'image_invalid' });
    void client.call('generate', about(image)).catch(() => undefined);
    expect(imagesIn(await sent(port, 1))).toEqual([['of a', true]]);
  });
});

it('cancelled work ahead may take its time: its worker is not ended', async () => {
  vi.useFakeTimers();
  const { client, ports, port } = setup();
  const abort = new AbortController();
  void client.call('prepare', about(file('a')), { signal: abort.signal }).catch(() => undefined);
  await vi.advanceTimersByTimeAsync(0);
  abort.abort();
  expect(port().sent.at(-1)).toMatchObject({ call: 'cancel' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ports[0]?.terminated).toBe(false);
  vi.useRealTimers();
});
