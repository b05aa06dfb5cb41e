/** Test helpers: an engine's worker and a decoder that do what a test says. */
import type { ImageCallName, ImageCalls } from '../../../shared/imageProtocol';
import type { FromWorker, LoadParams, Request } from '../../../shared/protocol';
import { EngineClient, type EnginePort } from '../engineClient';
import { ImageClient } from '../imageClient';

/** A worker that does nothing by itself: a test reads what it was sent and makes it speak. */
export class FakePort implements EnginePort {
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

/** A decoder that answers each image with one pixel. */
export class FakeImages extends ImageClient {
  readonly asked: [kind: string, params: unknown][] = [];

  override call<K extends ImageCallName>(kind: K, params: ImageCalls[K][0]): Promise<ImageCalls[K][1]> {
    this.asked.push([kind, params]);
    const sha256 = `of ${'image' in params ? params.image.name : ''}`;
    const result = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3), sha256 };
    return Promise.resolve(result as unknown as ImageCalls[K][1]);
  }
}

export function setup(): {
  images: FakeImages;
  client: EngineClient;
  ports: FakePort[];
  port: () => FakePort;
} {
  const ports: FakePort[] = [];
  const images = new FakeImages();
  const client = new EngineClient(() => {
    const made = new FakePort();
    ports.push(made);
    return made;
  }, images);
  const port = (): FakePort => {
    const last = ports.at(-1);
    if (!last) throw new Error('no worker was started');
    return last;
  };
  return { client, images, ports, port };
}

export const LOAD: LoadParams = {
  pack: { kind: 'stored', id: 'x' },
  backend: 'auto',
  activations: 'auto',
};
export const QUESTION = {
  messages: [
    {
      role: 'user' as const,
      content: [{ type: 'image' as const, image: { blob: new Blob(), name: 'x.png' } }],
    },
  ],
  settings: {
    ...{ maxNewTokens: 5, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1 },
    ignoreEos: false,
  },
};
