import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeTestPack } from '../../../e2e/faults/testPack';
import { fetchWithStallWatch } from '../../shared/network';
import type { ModelOrigin } from '../../shared/library';
import type { PackLocation } from '../../shared/protocol';
import { fetchBytes } from './fetchBytes';
import { completed, memoryModelStorage, newRecord, type ModelStorage } from './modelStorage';
import { loadPack, type PackHooks } from './packLoader';

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

describe('fetchWithStallWatch', () => {
  const fetchWatched = fetchWithStallWatch();

  it('is fetch, but for connections that stall', async () => {
    answers = { f: [send('0123456789', 206, { 'Content-Range': 'bytes 0-9/20' })] };
    const response = await fetchWatched(`${base}f`);
    expect(response.status).toBe(206);
    expect(response.headers.get('Content-Range')).toBe('bytes 0-9/20');
    expect(await response.text()).toBe('0123456789');
    answers = { f: [(_, r) => void r.writeHead(200, { 'Content-Length': '10' }).write('01234')] };
    const watched = fetchWithStallWatch(3000);
    await expect((await watched(`${base}f`)).text()).rejects.toThrow();
  });

  it('does not take a signed address that has run out for a refusal', async () => {
    answers = {
      f: [send('', 302, { Location: `${base}signed` })],
      signed: [send('', 403)],
      own: [send('', 403)],
    };
    await expect(fetchWatched(`${base}f`)).rejects.toThrow('403');
    expect((await fetchWatched(`${base}own`)).status).toBe(403);
  });
});

/** A page's way to a pack, and what it leaves in storage. */
describe('loadPack', () => {
  const pack = makeTestPack({ shards: 2, shardBytes: 4096 });
  const { manifest, shards, text, hash } = pack;
  const stream = Buffer.concat(shards);
  const [first = new Uint8Array(), second = new Uint8Array()] = shards;
  /** Crosses from the first shard into the second. */
  const span = { offset: 4096 - 1000, length: 2000 };
  const wanted = stream.subarray(span.offset, span.offset + span.length);
  const id = hash;

  function serve(): void {
    answers = {
      'pack.json': [send(text)],
      'shard-00000.bin': [send(first)],
      'shard-00001.bin': [send(second)],
    };
  }
  it('fetches a pack once, though two ask for it at once: each holds the model’s lock while it stores', async () => {
    serve();
    const storage = memoryModelStorage();
    const location: PackLocation = { kind: 'url', url: base, cache: true };
    const packs = await Promise.all([load(location, storage), load(location, storage)]);
    expect(requested.filter((path) => path.endsWith('.bin')).sort()).toEqual([
      'shard-00000.bin',
      'shard-00001.bin',
    ]);
    expect(packs.map(({ packHash }) => packHash)).toEqual([hash, hash]);
    expect(await storage.index.get(hash)).toMatchObject({ complete: true });
  });

  const load = (location: PackLocation, storage = memoryModelStorage(), hooks: PackHooks = {}) =>
    loadPack(location, hooks, () => storage);

  async function storedPack(origin: ModelOrigin): Promise<ModelStorage> {
    const storage = memoryModelStorage();
    const record = newRecord(id, origin, manifest, shards.length);
    await storage.index.put(completed(record, hash), text);
    for (const [i, { file }] of manifest.shards.entries()) {
      await storage.shards(id).set(file, shards[i]!.slice().buffer);
    }
    return storage;
  }

  it('reads a span that crosses shards', async () => {
    serve();
    const read = await load({ kind: 'url', url: base, cache: false });
    expect(Buffer.from(await read.read(span)).equals(wanted)).toBe(true);
    expect(read.packHash).toBe(hash);
    expect(read.fromCache).toBe(false);
  });

  it('fetches a damaged shard again and never uses the damaged bytes', async () => {
    const flipped = Buffer.from(second);
    flipped[10]! ^= 1;
    serve();
    answers['shard-00001.bin'] = [send(flipped), send(second)];
    const read = await load({ kind: 'url', url: base, cache: false });
    expect((await read.read({ offset: 4096, length: 64 }))[10]).toBe(second[10]);
    answers['shard-00001.bin'] = [send(flipped)];
    await expect(load({ kind: 'url', url: base, cache: false })).rejects.toMatchObject({
      code: 'integrity_mismatch',
    });
  });

  it('distinguishes a pack from a page that isn’t one', async () => {
    answers = { 'pack.json': [send('<!doctype html>')] };
    await expect(load({ kind: 'url', url: base, cache: false })).rejects.toMatchObject({
      code: 'pack_invalid',
    });
    answers = {};
    await expect(load({ kind: 'url', url: base, cache: false })).rejects.toMatchObject({
      code: 'download_failed',
    });
  });

  it('keeps what it fetched in the library, with when it was used, and works without the host', async () => {
    serve();
    const storage = memoryModelStorage();
    const onStored = vi.fn();
    await load({ kind: 'url', url: base, cache: true }, storage, { onStored });
    const [model] = await storage.index.list();
    expect(model).toMatchObject({ id, complete: true, packHash: hash, origin: { kind: 'pack', url: base } });
    expect(model?.usedAt).not.toBeNull();
    expect(onStored).toHaveBeenCalled();
    requested = [];
    const again = await load({ kind: 'url', url: base, cache: true }, storage);
    expect(again.fromCache).toBe(true);
    expect(requested).toEqual(['pack.json']);
    answers = {};
    const offline = await load({ kind: 'url', url: base.slice(0, -1), cache: true }, storage);
    expect(Buffer.from(await offline.read(span)).equals(wanted)).toBe(true);
  });

  it('reads a stored pack, compares each shard once, and notes when all were', async () => {
    const storage = await storedPack({ kind: 'import', name: 'pack.zip' });
    await storage.index.update(id, { verifiedAt: null });
    const verified: number[] = [];
    const onProgress: PackHooks['onProgress'] = (stage, done) => stage === 'verify' && verified.push(done);
    const read = await load({ kind: 'stored', id }, storage, { onProgress });
    for (let i = 0; i < 2; i++) expect(Buffer.from(await read.read(span)).equals(wanted)).toBe(true);
    expect(verified).toEqual([1, 2]);
    await vi.waitFor(async () => expect((await storage.index.get(id))?.verifiedAt).not.toBeNull());
  });

  it('loads a shard once for reads that overlap in time', async () => {
    const storage = await storedPack({ kind: 'import', name: 'pack.zip' });
    const get = vi.spyOn(storage.shards(id), 'get');
    const read = await load({ kind: 'stored', id }, storage);
    await Promise.all([read.read(span), read.read(span), read.read({ offset: 0, length: 8 })]);
    expect(get).toHaveBeenCalledTimes(2);
  });

  it('repairs a stored shard from its host, and stores the right one', async () => {
    serve();
    const storage = await storedPack({ kind: 'pack', url: base });
    await storage.shards(id).set('shard-00000.bin', new ArrayBuffer(4096));
    const read = await load({ kind: 'stored', id }, storage);
    expect(Buffer.from(await read.read(span)).equals(wanted)).toBe(true);
    expect(requested).toEqual(['shard-00000.bin']);
    expect(new Uint8Array((await storage.shards(id).get('shard-00000.bin'))!)).toEqual(first);
  });

  it('marks a stored pack as incomplete where it cannot repair it', async () => {
    const storage = await storedPack({ kind: 'import', name: 'pack.zip' });
    await storage.shards(id).delete('shard-00001.bin');
    const read = await load({ kind: 'stored', id }, storage);
    await expect(read.read(span)).rejects.toMatchObject({ code: 'integrity_mismatch' });
    expect(await storage.index.get(id)).toMatchObject({ complete: false, packHash: null });
    await expect(load({ kind: 'stored', id }, storage)).rejects.toMatchObject({ code: 'model_missing' });
  });

  it('says when a model is not stored', async () => {
    await expect(load({ kind: 'stored', id: 'gone' })).rejects.toMatchObject({ code: 'model_missing' });
  });

  it('reads blobs of this session, and only right ones', async () => {
    const session = { manifest: new Blob([text]), shards: shards.map((bytes) => new Blob([bytes])) };
    const read = await load({ kind: 'session', pack: session });
    expect(Buffer.from(await read.read(span)).equals(wanted)).toBe(true);
    const swapped = { ...session, shards: session.shards.toReversed() };
    const wrong = await load({ kind: 'session', pack: swapped });
    await expect(wrong.read(span)).rejects.toMatchObject({ code: 'integrity_mismatch' });
  });
});
