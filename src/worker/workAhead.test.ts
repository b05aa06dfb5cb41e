/** `prepare` beside other calls, with a real model on onnxruntime's CPU build in Node. */
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { packInMemory } from '../cli/convert/packInMemory';
import { loadOrt } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';
import type { LoadedPack } from '../runtime/storage/packLoader';
import { loadTokenizer } from '../runtime/tokenizer';
import type { ChatMessage, GenerateResult } from '../shared/generation';
import type { SourceImage } from '../shared/imageFacts';
import type { EngineCallName, FromWorker, Request } from '../shared/protocol';
import { sha256Hex } from '../shared/sha256';
import { RequestHandler } from './handler';

const checkpoint = join(import.meta.dirname, '../../models/goldens/vectors/checkpoints/qwen2_5_vl');
const SETTINGS = {
  ...{ maxNewTokens: 4, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1 },
  ignoreEos: true,
};
let pack: LoadedPack;
beforeAll(async () => {
  const reader = await packInMemory(checkpoint, 'q4', 'best');
  pack = {
    manifest: reader.manifest,
    read: (span) => reader.read(span),
    packHash: 'hash',
    fromCache: false,
  };
});

type Named = SourceImage & { sha256: string };

async function picture(level: number, side = 140): Promise<Named> {
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * level) % 256);
  return { width: side, height: side, data, sha256: await sha256Hex(data) };
}
const named = (image: Named): Named => ({ ...image, data: null });

class Worker {
  readonly posted: FromWorker[] = [];
  readonly #handler = new RequestHandler(
    {
      loadPack: () => Promise.resolve(pack),
      loadTokenizer,
      findAdapter: () => Promise.resolve(null),
      openBackend: async () => ({
        backend: new OrtBackend(await loadOrt('wasm'), null, 'f32'),
        report: {
          ...({ backend: 'wasm', activations: 'f32', adapter: '' } as const),
          ...{ features: [], software: true, reasons: [] },
        },
      }),
      verdicts: { get: () => Promise.resolve(undefined), set: () => Promise.resolve() },
      environment: 'test',
      probeDevice: () => Promise.resolve({ gpu: null, allocation: null }),
      clock: () => performance.now(),
    },
    (message) => this.posted.push(message),
  );
  #nextId = 1;

  send(call: EngineCallName, params: unknown): number {
    const id = this.#nextId++;
    this.#handler.handle({ id, call, params } as Request);
    return id;
  }

  cancel(id: number): void {
    this.#handler.handle({ id, call: 'cancel' });
  }

  async reply(id: number): Promise<FromWorker> {
    const isReply = (message: FromWorker): boolean =>
      'id' in message && message.id === id && message.type !== 'update';
    await expect.poll(() => this.posted.some(isReply), { timeout: 30_000, interval: 1 }).toBe(true);
    return this.posted.find(isReply) as FromWorker;
  }

  prepare(...images: Named[]): number {
    return this.send('prepare', { messages: [question('', images.length)], decoded: decoded(images) });
  }

  ask(text: string, images: Named[], more: object = {}): number {
    const messages = [question(text, images.length)];
    return this.send('generate', { messages, settings: SETTINGS, decoded: decoded(images), ...more });
  }

  async result(id: number): Promise<GenerateResult> {
    const reply = await this.reply(id);
    if (reply.type !== 'result') throw new Error(JSON.stringify(reply));
    return reply.result as GenerateResult;
  }
}

const decoded = (images: Named[]) => ({ images, decodeMs: 0 });
const question = (text: string, images: number): ChatMessage => ({
  role: 'user',
  content: [
    ...Array.from({ length: images }, () => ({
      type: 'image' as const,
      image: { blob: new Blob(), name: 'x' },
    })),
    { type: 'text', text },
  ],
});

let worker: Worker;
beforeEach(async () => {
  worker = new Worker();
  const location = { kind: 'stored', id: 'x' };
  await worker.result(worker.send('load', { pack: location, backend: 'wasm', activations: 'auto' }));
});

describe('prepare', () => {
  it('leaves the question to compute, which names its images only', async () => {
    const image = await picture(7);
    const prepared = await worker.reply(worker.prepare(image));
    expect(prepared).toMatchObject({ type: 'result', result: { encodedImages: 1, cachedTokens: 0 } });
    const { cachedTokens, encodedImages, promptIds } = await worker.result(
      worker.ask('What?', [named(image)]),
    );
    expect(encodedImages).toBe(0);
    expect(prepared).toMatchObject({ result: { tokens: cachedTokens } });
    expect(cachedTokens).toBeGreaterThan(promptIds.length / 2);
  });

  it('gives way to a question at once, which finds the pixels that came with it', async () => {
    const images = [await picture(3), await picture(5), await picture(11)];
    const ahead = worker.prepare(...images);
    const answer = worker.ask('What?', images.map(named));
    const result = await worker.result(answer);
    expect(await worker.reply(ahead)).toMatchObject({ type: 'error', error: { code: 'aborted' } });
    const order = worker.posted.flatMap((message) => ('id' in message ? [message.id] : []));
    expect(order.indexOf(ahead)).toBeLessThan(order.indexOf(answer));
    expect(result.encodedImages).toBe(3);
    expect(result.newIds).toHaveLength(4);
  });

  it('gives way to the next one: only the last is finished', async () => {
    const [first, second] = [await picture(3), await picture(5)];
    const ahead = worker.prepare(first);
    const next = worker.prepare(second);
    expect(await worker.reply(ahead)).toMatchObject({ type: 'error', error: { code: 'aborted' } });
    expect(await worker.reply(next)).toMatchObject({ type: 'result' });
    expect(await worker.result(worker.ask('What?', [named(second)]))).toMatchObject({ encodedImages: 0 });
  });

  it('waits for a running answer', async () => {
    const image = await picture(9);
    const answer = worker.ask('What?', [image]);
    const ahead = worker.prepare(await picture(2));
    await worker.result(answer);
    expect(worker.posted.some((message) => 'id' in message && message.id === ahead)).toBe(false);
    expect(await worker.reply(ahead)).toMatchObject({ type: 'result', result: { encodedImages: 1 } });
  });

  it('can be cancelled, and does not disturb what comes after', async () => {
    const image = await picture(4);
    const ahead = worker.prepare(image);
    worker.cancel(ahead);
    expect(await worker.reply(ahead)).toMatchObject({ error: { code: 'aborted' } });
    expect((await worker.result(worker.ask('What?', [named(image)]))).newIds).toHaveLength(4);
  });
});

describe('an image without its pixels', () => {
  it('is asked for if neither they nor its features are there, and nothing is run', async () => {
    const image = await picture(6);
    const reply = await worker.reply(worker.ask('What?', [named(image)]));
    expect(reply).toMatchObject({ type: 'needed', images: [image.sha256] });
    expect(await worker.result(worker.ask('What?', [image]))).toMatchObject({ encodedImages: 1 });
  });

  it('has them from an earlier call, also for other resize steps', async () => {
    const image = await picture(8);
    await worker.result(worker.ask('What?', [image]));
    const imageLimits = [{ minPixels: 784, maxPixels: 3136 }];
    const smaller = await worker.result(worker.ask('What?', [named(image)], { imageLimits }));
    expect(smaller).toMatchObject({ encodedImages: 1, images: [{ resizedWidth: 56, width: 140 }] });
  });

  it('has them from its twin in the same call, however large', async () => {
    const image = await picture(8, 4800);
    const imageLimits = [{ minPixels: 784, maxPixels: 3136 }];
    const twins = worker.ask('What?', [image, named(image)], { imageLimits });
    expect(await worker.result(twins)).toMatchObject({ encodedImages: 1 });
  });
});
