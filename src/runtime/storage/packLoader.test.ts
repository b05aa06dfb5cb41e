import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SHARD_BYTES, type PackManifest } from '../../shared/pack';
import { fetchBytes } from './fetchBytes';
import { loadPack } from './packLoader';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let base: string;
let answers: Record<string, Answer[]>;
let requested: string[];

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1);
    requested.push(path);
    const queue = answers[path] ?? [];
    const answer = queue.length > 1 ? queue.shift() : queue[0];
    if (answer) answer(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => server.close());
afterEach(() => {
  answers = {};
  requested = [];
});
answers = {};
requested = [];

const send =
  (body: Uint8Array | string, status = 200, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, headers).end(body);
  };
const cut =
  (body: Uint8Array): Answer =>
  (_, response) => {
    response.writeHead(200, { 'Content-Length': String(body.length) });
    response.write(body.subarray(0, body.length / 2), () => response.destroy());
  };

describe('fetchBytes', () => {
  it('tries again after a cut connection, a 503 and a short file', async () => {
    const body = Buffer.from('0123456789');
    answers = { f: [cut(body), send('', 503), send('01234'), send(body)] };
    const bytes = await fetchBytes(`${base}f`, { expectedBytes: 10 });
    expect(Buffer.from(bytes).toString()).toBe('0123456789');
    expect(requested).toHaveLength(4);
  });

  it('waits as long as Retry-After says', async () => {
    answers = { f: [send('', 429, { 'Retry-After': '1' }), send('ok')] };
    const start = performance.now();
    await fetchBytes(`${base}f`);
    expect(performance.now() - start).toBeGreaterThan(950);
  });

  it('gives up at once on an answer that will not change', async () => {
    await expect(fetchBytes(`${base}missing`)).rejects.toMatchObject({ code: 'download_failed' });
    expect(requested).toHaveLength(1);
  });

  it('refuses an endless file early', async () => {
    answers = { f: [send(Buffer.alloc(100_000)), send('right')] };
    expect(await fetchBytes(`${base}f`, { expectedBytes: 5 })).toHaveLength(5);
  });

  it('ends as aborted when it is stopped', async () => {
    answers = { f: [() => undefined] };
    const abort = new AbortController();
    const fetching = fetchBytes(`${base}f`, { signal: abort.signal });
    setTimeout(() => abort.abort(), 20);
    await expect(fetching).rejects.toMatchObject({ code: 'aborted' });
  });
});

/** A pack of two shards whose one tensor crosses from the first into the second. */
function twoShardPack(): { manifest: PackManifest; shards: Buffer[]; stream: Buffer } {
  const stream = Buffer.alloc(SHARD_BYTES + 4096);
  for (let i = 0; i < stream.length; i += 997) stream[i] = i % 251;
  const shards = [stream.subarray(0, SHARD_BYTES), stream.subarray(SHARD_BYTES)];
  const text = {
    hiddenSize: 32,
    numHiddenLayers: 1,
    numAttentionHeads: 1,
    numKeyValueHeads: 1,
    headDim: 32,
    intermediateSize: 32,
    vocabSize: 8,
    rmsNormEps: 1e-6,
    ropeTheta: 10000,
    mropeSection: [4, 6, 6] as [number, number, number],
    tieWordEmbeddings: true,
    maxPositionEmbeddings: 128,
  };
  const vision = {
    depth: 1,
    hiddenSize: 32,
    numHeads: 1,
    intermediateSize: 32,
    outHiddenSize: 32,
    patchSize: 14,
    temporalPatchSize: 2,
    spatialMergeSize: 2,
    inChannels: 3,
    windowSize: 112,
    fullAttentionBlockIndexes: [0],
    mlp: 'swiglu' as const,
    norm: 'rms' as const,
    normEps: 1e-6,
  };
  const manifest: PackManifest = {
    format: 'rounds-pack',
    version: 1,
    name: 'two-shards',
    model: {
      family: 'qwen2_5_vl',
      text,
      vision,
      tokenIds: { imagePad: 1, videoPad: 2, visionStart: 3, visionEnd: 4, eos: [5] },
    },
    imageProcessor: { minPixels: 3136, maxPixels: 100352, imageMean: [0, 0, 0], imageStd: [1, 1, 1] },
    source: { repo: 'test', revision: null, license: null, files: [] },
    recipe: { weights: 'f32', recipe: 'plain', blockSize: 32, detail: 'test' },
    parameters: 1,
    totalBytes: stream.length,
    files: {},
    tensors: [
      { name: 'crossing', dtype: 'f32', shape: [1024], data: { offset: SHARD_BYTES - 2048, length: 4096 } },
    ],
    shards: shards.map((bytes, i) => ({
      file: `shard-${i}.bin`,
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    })),
  };
  return { manifest, shards, stream };
}

describe('loadPack', () => {
  const { manifest, shards, stream } = twoShardPack();
  const span = { offset: SHARD_BYTES - 2048, length: 4096 };
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = shards;

  it('reads a span that crosses shards', async () => {
    answers = {
      'pack.json': [send(JSON.stringify(manifest))],
      'shard-0.bin': [send(first)],
      'shard-1.bin': [send(second)],
    };
    const pack = await loadPack({ kind: 'url', url: base, cache: false });
    expect(
      Buffer.from(await pack.read(span)).equals(stream.subarray(span.offset, span.offset + span.length)),
    ).toBe(true);
    expect(pack.packHash).toBe(createHash('sha256').update(JSON.stringify(manifest)).digest('hex'));
    expect(pack.fromCache).toBe(false);
  });

  it('fetches a damaged shard again and never uses the damaged bytes', async () => {
    const flipped = Buffer.from(second);
    flipped[10] = (flipped[10] ?? 0) ^ 1;
    answers = {
      'pack.json': [send(JSON.stringify(manifest))],
      'shard-0.bin': [send(first)],
      'shard-1.bin': [send(flipped), send(second)],
    };
    const pack = await loadPack({ kind: 'url', url: base, cache: false });
    expect((await pack.read({ offset: SHARD_BYTES, length: 64 }))[10]).toBe(second[10]);
    answers['shard-1.bin'] = [send(flipped)];
    await expect(loadPack({ kind: 'url', url: base, cache: false })).rejects.toMatchObject({
      code: 'integrity_mismatch',
    });
  });

  it('tells a page that is no pack from a pack', async () => {
    answers = { 'pack.json': [send('<!doctype html>')] };
    await expect(loadPack({ kind: 'url', url: base, cache: false })).rejects.toMatchObject({
      code: 'pack_invalid',
    });
    answers = {};
    await expect(loadPack({ kind: 'url', url: base, cache: false })).rejects.toMatchObject({
      code: 'download_failed',
    });
  });
});
