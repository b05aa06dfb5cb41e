import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startFaultServer, type Fault, type FaultServer } from '../../../e2e/faults/faultServer';
import { makeTestPack, sha256 } from '../../../e2e/faults/testPack';
import type { JobDetail } from '../../shared/jobDetail';
import type { FetchOptions } from './fetchBytes';
import { downloadShards } from './fetchPack';

const pack = makeTestPack({ shards: 7 });
const [, damagedOne] = pack.manifest.shards;
const file = damagedOne!.file;

let server: FaultServer;
let kept: Map<string, Uint8Array>;
let details: JobDetail[];

beforeAll(async () => {
  server = await startFaultServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.files = new Map(pack.files);
  server.requests.clear();
  for (const name of pack.files.keys()) server.fail(name, []);
  kept = new Map();
  details = [];
});

function download(fetch: FetchOptions = {}): Promise<void> {
  return downloadShards({
    base: server.url,
    shards: pack.manifest.shards,
    fetch,
    store: ({ file: name }, bytes) => Promise.resolve(void kept.set(name, bytes)),
    onDetail: (detail) => details.push(detail),
  });
}

function expectComplete(): void {
  for (const { file: name, sha256: hash } of pack.manifest.shards) expect(sha256(kept.get(name)!)).toBe(hash);
}

describe('downloadShards', () => {
  const passing: [string, Fault[]][] = [
    [
      'cut connections',
      [
        { kind: 'cut', at: 0.5 },
        { kind: 'cut', at: 0 },
      ],
    ],
    ['a connection that goes silent', [{ kind: 'stall', at: 0.5 }]],
    ['429 with Retry-After', [{ kind: 'status', status: 429, headers: { 'Retry-After': '1' } }]],
    ['a server that is busy', [{ kind: 'status', status: 503 }]],
    ['a signed address that has run out', [{ kind: 'expired' }]],
    ['one flipped bit', [{ kind: 'flip' }]],
    ['a truncated file', [{ kind: 'short' }]],
    ['the page of a captive portal', [{ kind: 'page' }]],
  ];
  it.each(passing)('ends right after %s, and fetches no other shard twice', async (_, faults) => {
    server.fail(file, faults);
    await download(faults[0]?.kind === 'stall' ? { stallMs: 3000 } : {});
    expectComplete();
    expect(server.requests.get(file)).toBe(faults.length + 1);
    for (const shard of pack.manifest.shards) {
      if (shard.file !== file) expect(server.requests.get(shard.file)).toBe(1);
    }
  });

  const final: [string, Fault, string][] = [
    ['403', { kind: 'status', status: 403 }, 'download_failed'],
    ['404', { kind: 'status', status: 404 }, 'download_failed'],
    ['a copy that stays damaged', { kind: 'flip' }, 'integrity_mismatch'],
    ['a file that stays short', { kind: 'short' }, 'download_failed'],
  ];
  it.each(final)('ends with a clear error after %s, and keeps only what is right', async (_, fault, code) => {
    server.fail(file, [fault], true);
    await expect(download({ tries: 2 })).rejects.toMatchObject({ code });
    expect(kept.has(file)).toBe(false);
    for (const [name, bytes] of kept) expect(sha256(bytes)).toBe(sha256(pack.files.get(name)!));
  });

  it('uses three connections and keeps one shard at a time', async () => {
    server.load.most = 0;
    // Slow until all three are there.
    server.pace = 50_000;
    server.onSent = () => {
      if (server.load.now === 3) server.pace = null;
    };
    let writing = 0;
    let most = 0;
    await downloadShards({
      base: server.url,
      shards: pack.manifest.shards,
      store: async () => {
        most = Math.max(most, ++writing);
        await new Promise((resolve) => setTimeout(resolve, 5));
        writing--;
      },
    });
    server.onSent = null;
    expect(server.load.most).toBe(3);
    expect(most).toBe(1);
  });

  it('says what it waits for', async () => {
    server.fail(file, [{ kind: 'status', status: 429, headers: { 'Retry-After': '2' } }]);
    await download();
    expect(details).toContainEqual({
      code: 'waiting',
      params: { reason: { code: 'server_status', params: { status: 429 } }, milliseconds: 2000 },
    });
    expect(details).toContainEqual({ code: 'fetching_part', params: { part: 1, parts: 7 } });
  });

  it('names the shard that arrived damaged, and fetches it again at once', async () => {
    server.fail(file, [{ kind: 'flip' }]);
    await download();
    expect(details).toContainEqual({
      code: 'waiting',
      params: { reason: { code: 'damaged', params: { file } }, milliseconds: 0 },
    });
  });

  it('asks for nothing more once keeping has failed', async () => {
    const quota = new Error('full');
    const failing = downloadShards({
      base: server.url,
      shards: pack.manifest.shards,
      store: () => Promise.reject(quota),
    });
    await expect(failing).rejects.toThrow('full');
    expect([...server.requests.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(3);
  });

  it('stops at once while it waits to try again', async () => {
    server.fail(file, [{ kind: 'status', status: 429, headers: { 'Retry-After': '200' } }]);
    const abort = new AbortController();
    const stopped = download({ signal: abort.signal });
    while (!details.some((detail) => detail.code === 'waiting' && detail.params.milliseconds === 200_000)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    abort.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
  });

  it('counts bytes of shards that are under way', async () => {
    const seen: number[] = [];
    await downloadShards({
      base: server.url,
      shards: pack.manifest.shards,
      store: () => Promise.resolve(),
      onBytes: (received) => seen.push(received),
    });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(pack.manifest.totalBytes);
    expect(seen.some((bytes) => bytes % pack.manifest.shards[0]!.size !== 0)).toBe(true);
  });
});
