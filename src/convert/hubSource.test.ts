import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RoundsError } from '../shared/errors';
import { FIRST_CONTACT_MS } from '../shared/hostProbe';
import { runConversion } from './convert';
import { openHub, type HubOptions } from './hubSource';
import { planConversion } from './plan';
import { memorySource, MemorySink, textFile, tinyFiles, type Files } from './testing/testCheckpoint';
import type { CheckpointSource } from './source';

const SHA = '0123456789abcdef0123456789abcdef01234567';

/** A hub on the loopback interface with one model. `intercept` simulates failures. */
class LoopbackHub {
  files: Files = tinyFiles();
  requests: { url: string; range: string | undefined; auth: string | undefined }[] = [];
  /** Called first; returns true if it has answered the request. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  supportsRanges = true;
  cardData: unknown = { license: 'apache-2.0' };
  readonly server: Server = createServer((request, response) => this.#answer(request, response));

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { range, authorization } = request.headers;
    this.requests.push({ url: request.url ?? '', range, auth: authorization });
    if (this.intercept(request, response)) return;
    if (request.url === '/api/models/org/tiny/revision/main') {
      const siblings = [...this.files.keys(), 'onnx/model.onnx'].map((rfilename) => ({ rfilename }));
      response.end(JSON.stringify({ sha: SHA, siblings, cardData: this.cardData }));
      return;
    }
    const file = /^\/org\/tiny\/resolve\/([0-9a-f]+)\/(.+)$/.exec(request.url ?? '');
    const bytes = file?.[1] === SHA ? this.files.get(decodeURIComponent(file[2] as string)) : undefined;
    if (!bytes) {
      response.writeHead(404).end();
      return;
    }
    const span = /^bytes=(\d+)-(\d+)$/.exec(range ?? '');
    if (!span || !this.supportsRanges) {
      response.end(bytes);
      return;
    }
    const [start, end] = [Number(span[1]), Math.min(Number(span[2]) + 1, bytes.length)];
    response.writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` });
    response.end(bytes.subarray(start, end));
  }
}

let hub: LoopbackHub;

beforeEach(async () => {
  hub = new LoopbackHub();
  await new Promise<void>((resolve) => hub.server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  hub.server.closeAllConnections();
  hub.server.close();
});

const open = (options: HubOptions = {}): Promise<CheckpointSource> =>
  openHub({ repo: 'org/tiny', revision: 'main' }, { endpoint: hub.endpoint, retryMs: 1, ...options });

const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: RoundsError) => `${error.code}: ${error.message}`,
  );

describe('openHub', () => {
  it('gives the same pack as local files, read at one commit and in ranges', async () => {
    const choice = { weights: 'q4', recipe: 'best' } as const;
    const [remote, local] = [new MemorySink(), new MemorySink()];
    await runConversion(await planConversion(await open(), choice), remote);
    await runConversion(await planConversion(memorySource(hub.files), choice), local);
    expect(remote.stream()).toEqual(local.stream());
    const manifest = JSON.parse(remote.manifest as string) as { source: unknown; name: string };
    expect(manifest).toMatchObject({
      name: 'tiny',
      source: { repo: 'org/tiny', revision: SHA, license: 'apache-2.0' },
    });
    const weights = hub.requests.filter(({ url }) => url.endsWith('model.safetensors'));
    // The size, the header's length, the header; then the whole file at once, since it is smaller than a segment.
    expect(weights).toHaveLength(4);
    expect(weights.every(({ url, range }) => url.includes(`/resolve/${SHA}/`) && range !== undefined)).toBe(
      true,
    );
  });

  it('lists files without folders, and returns null for a missing file without a request', async () => {
    const source = await open();
    expect(await source.list()).toEqual([...hub.files.keys()].sort());
    const count = hub.requests.length;
    expect(await source.open('nothing.json')).toBeNull();
    expect(hub.requests).toHaveLength(count);
  });

  it('sends the token, and reads the licence name if the licence is "other"', async () => {
    hub.cardData = { license: 'other', license_name: 'qwen-research' };
    const source = await open({ token: 'secret' });
    expect(source.license).toBe('qwen-research');
    expect(hub.requests[0]?.auth).toBe('Bearer secret');
  });

  it('reads small files from a server without ranges, but no weights', async () => {
    hub.supportsRanges = false;
    const source = await open();
    const config = await source.open('config.json');
    expect(new Uint8Array((await config?.slice(0, config.size).arrayBuffer()) ?? [])).toEqual(
      hub.files.get('config.json'),
    );
    hub.supportsRanges = true;
    const weights = await source.open('model.safetensors');
    hub.supportsRanges = false;
    expect(await failure(weights?.slice(8, 16).arrayBuffer() ?? Promise.resolve())).toMatch(
      /^download_failed: model\.safetensors/,
    );
  });

  it('opens an empty file', async () => {
    hub.files.set('empty.txt', textFile(''));
    hub.intercept = (request, response) => {
      if (!request.url?.endsWith('empty.txt')) return false;
      response.writeHead(416).end();
      return true;
    };
    expect((await (await open()).open('empty.txt'))?.size).toBe(0);
  });

  it('retries after 503, 429, a truncated answer and a dropped connection', async () => {
    const source = await open();
    const config = await source.open('config.json');
    const failures: ((response: ServerResponse) => void)[] = [
      (response) => response.writeHead(503).end(),
      (response) => response.writeHead(429, { 'retry-after': '0' }).end(),
      (response) => response.writeHead(206, { 'content-range': 'bytes 2-5/9' }).end('ab'),
      (response) => response.destroy(),
    ];
    const count = failures.length;
    hub.requests = [];
    hub.intercept = (_request, response) => {
      const fail = failures.shift();
      fail?.(response);
      return fail !== undefined;
    };
    const bytes = await config?.slice(2, 10).arrayBuffer();
    expect(new Uint8Array(bytes ?? [])).toEqual(hub.files.get('config.json')?.slice(2, 10));
    expect(hub.requests).toHaveLength(count + 1);
  });

  it('requests a new address for an open file when the signed address has expired', async () => {
    const config = await (await open()).open('config.json');
    let refusals = 2;
    hub.requests = [];
    hub.intercept = (_request, response) => {
      if (refusals-- <= 0) return false;
      response.writeHead(403).end();
      return true;
    };
    const bytes = await config?.slice(2, 10).arrayBuffer();
    expect(new Uint8Array(bytes ?? [])).toEqual(hub.files.get('config.json')?.slice(2, 10));
    expect(hub.requests).toHaveLength(3);
  });

  describe('with a folder of a repository', () => {
    const inFolder = (folder: string): Files =>
      new Map([...tinyFiles()].map(([name, bytes]) => [`${folder}/${name}`, bytes]));

    it('gives the pack of the folder’s files, named after it', async () => {
      hub.files = new Map([...inFolder('a b/CT'), ['README.md', textFile('# Several')]]);
      const sink = new MemorySink();
      const local = new MemorySink();
      const choice = { weights: 'q4', recipe: 'plain' } as const;
      const source = await openHub(
        { repo: 'org/tiny', revision: 'main', folder: 'a b/CT' },
        { endpoint: hub.endpoint, retryMs: 1 },
      );
      expect(source.name).toBe('org/tiny/a b/CT');
      await runConversion(await planConversion(source, choice), sink);
      await runConversion(await planConversion(memorySource(tinyFiles()), choice), local);
      expect(sink.stream()).toEqual(local.stream());
      expect(JSON.parse(sink.manifest as string)).toMatchObject({
        name: 'CT',
        source: { repo: 'org/tiny/a b/CT' },
      });
    });

    it('names the folders that have a model where the top has none', async () => {
      hub.files = new Map([...inFolder('Qwen2-VL/MRI'), ...inFolder('CT'), ['README.md', textFile('')]]);
      const several = await failure(open());
      expect(several).toMatch(/^folder_needed: org\/tiny has no config\.json\./);
      expect(several).toMatch(/for example org\/tiny\/CT: CT, Qwen2-VL\/MRI\.$/);
      const other = openHub({ repo: 'org/tiny', revision: 'main', folder: 'XR' }, { endpoint: hub.endpoint });
      expect(await failure(other)).toMatch(/^folder_needed: org\/tiny\/XR has no config\.json/);
    });

    it('keeps the list short', async () => {
      hub.files = new Map(Array.from({ length: 500 }, (_, i) => [`model-${i}/config.json`, textFile('{}')]));
      const message = await failure(open());
      expect(message).toMatch(/, and 492 more\.$/);
      expect(message.length).toBeLessThan(330);
    });

    it('says nothing of folders where there are none', async () => {
      hub.files = new Map([['README.md', textFile('')]]);
      await expect(planConversion(await open(), { weights: 'q4', recipe: 'plain' })).rejects.toThrow(
        /org\/tiny has no config\.json/,
      );
    });
  });

  it('says within 5 s that a hub cannot be reached, and without a network at once', async () => {
    const started = performance.now();
    const alone = openHub({ repo: 'org/tiny', revision: 'main' }, { endpoint: 'http://127.0.0.1:1' });
    expect(await failure(alone)).toMatch(/^host_unreachable: 127\.0\.0\.1:1 cannot be reached/);
    const unknown = openHub({ repo: 'org/tiny', revision: 'main' }, { endpoint: 'https://hub.invalid' });
    expect(await failure(unknown)).toMatch(/^host_unreachable: hub\.invalid cannot be reached/);
    expect(performance.now() - started).toBeLessThan(10_000);
    vi.stubGlobal('navigator', { onLine: false });
    const offline = performance.now();
    const waiting = { endpoint: 'http://127.0.0.1:1', waitForNetwork: true };
    expect(await failure(openHub({ repo: 'org/tiny', revision: 'main' }, waiting))).toMatch(
      /^host_unreachable/,
    );
    expect(performance.now() - offline).toBeLessThan(1_000);
    vi.unstubAllGlobals();
  });

  it('asks a hub that never answers once, and says so within 5 s', { timeout: 15_000 }, async () => {
    expect(FIRST_CONTACT_MS).toBeLessThan(5_000);
    hub.intercept = () => true;
    expect(await failure(open())).toMatch(/^host_unreachable: 127\.0\.0\.1:\d+ cannot be reached/);
    expect(hub.requests).toHaveLength(1);
  });

  it('refuses an answer of endless length or depth', async () => {
    hub.intercept = (_request, response) => {
      response.end('['.repeat(1_000_000));
      return true;
    };
    expect(await failure(open())).toMatch(/^download_failed: .*levels deep/);
    hub.intercept = (_request, response) => {
      response.end(' '.repeat(20_000_000));
      return true;
    };
    expect(await failure(open())).toMatch(/^download_failed: The hub's answer/);
  });

  it('gives up after five attempts', async () => {
    hub.intercept = (_request, response) => {
      response.writeHead(500).end();
      return true;
    };
    expect(await failure(open())).toMatch(/^download_failed: .*answered 500\. Try again later/);
    expect(hub.requests).toHaveLength(5);
  });

  it.each([
    [401, /provide a token/],
    [403, /provide a token/],
    [404, /no such model, revision or file/],
  ])('says what to do about %i, and does not retry', async (status, message) => {
    hub.intercept = (_request, response) => {
      response.writeHead(status).end();
      return true;
    };
    expect(await failure(open())).toMatch(message);
    expect(hub.requests).toHaveLength(1);
  });

  it('refuses an answer that is not from a hub', async () => {
    hub.intercept = (_request, response) => {
      response.end('{"sha":"../../x","siblings":[]}');
      return true;
    };
    expect(await failure(open())).toMatch(/^download_failed: .*has no commit/);
  });

  it('stops waiting when aborted', async () => {
    const controller = new AbortController();
    hub.intercept = (_request, response) => {
      response.writeHead(503).end();
      setTimeout(() => controller.abort(), 5);
      return true;
    };
    expect(await failure(open({ signal: controller.signal, retryMs: 60_000 }))).toMatch(/^aborted/);
  });
});
