import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRange, resolvePath, serve, type RunningServer } from './staticServer.mjs';

const PLAIN = 'const one = 1;\n'.repeat(100);
let folder: string;
let server: RunningServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rounds-server-'));
  await mkdir(join(folder, 'site/assets'), { recursive: true });
  await mkdir(join(folder, 'site-secret'));
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await writeFile(join(folder, 'site-secret/a.txt'), 'secret');
  await writeFile(join(folder, 'site/index.html'), '<p>home</p>');
  await writeFile(join(folder, 'site/.sources'), 'hidden');
  await writeFile(join(folder, 'site/ten.bin'), '0123456789');
  await writeFile(join(folder, 'site/empty.bin'), '');
  await writeFile(join(folder, 'site/assets/ort-BQJNh0bu.wasm'), 'wasm');
  await writeFile(join(folder, 'site/scan.dcm'), 'dicom');
  await writeFile(join(folder, 'site/app.js'), PLAIN);
  await writeFile(join(folder, 'site/app.js.br'), brotliCompressSync(PLAIN));
  server = await serve({
    root: join(folder, 'site'),
    base: '/a/b/',
    mounts: { '/case/0/0': join(folder, 'site/scan.dcm'), '/pack/': join(folder, 'site-secret') },
  });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const get = (path: string, init?: RequestInit): Promise<Response> => fetch(server.url + path, init);

/** Sends the path unchanged; `fetch` would resolve `..`. */
function statusOf(path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port: server.port, host: '127.0.0.1', path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once('error', reject).end();
  });
}

describe('a file with a brotli copy', () => {
  const encodingFor = async (accepted: string): Promise<string | null> => {
    const response = await get('app.js', { headers: { 'Accept-Encoding': accepted } });
    expect(await response.text()).toBe(PLAIN);
    expect(response.headers.get('Content-Type')).toBe('text/javascript; charset=utf-8');
    expect(response.headers.get('Vary')).toBe('Accept-Encoding');
    return response.headers.get('Content-Encoding');
  };

  it('is sent as that to browsers that take it, and as it is to others', async () => {
    expect(await encodingFor('gzip, deflate, br, zstd')).toBe('br');
    expect(await encodingFor('br;q=0.5')).toBe('br');
    expect(await encodingFor('gzip')).toBeNull();
    expect(await encodingFor('br;q=0, gzip')).toBeNull();
  });

  it('has ranges of the file itself', async () => {
    const response = await get('app.js', { headers: { 'Accept-Encoding': 'br', Range: 'bytes=0-4' } });
    expect(response.status).toBe(206);
    expect(await response.text()).toBe('const');
    expect(response.headers.get('Content-Encoding')).toBeNull();
  });

  it('has a tag of its own for each form', async () => {
    const tagFor = async (accepted: string): Promise<string | null> =>
      (await get('app.js', { headers: { 'Accept-Encoding': accepted } })).headers.get('ETag');
    const tag = await tagFor('br');
    expect(tag).not.toBe(await tagFor('gzip'));
    const again = { 'Accept-Encoding': 'br', 'If-None-Match': tag ?? '' };
    expect((await get('app.js', { headers: again })).status).toBe(304);
  });
});

describe('what it serves', () => {
  it('gives index.html for its base and nothing outside the base', async () => {
    expect(await (await get('')).text()).toBe('<p>home</p>');
    expect(await statusOf('/')).toBe(404);
    expect(await statusOf('/index.html')).toBe(404);
  });

  it.each([
    ['ten.bin', 'application/octet-stream'],
    ['scan.dcm', 'application/dicom'],
    ['assets/ort-BQJNh0bu.wasm', 'application/wasm'],
    ['index.html', 'text/html; charset=utf-8'],
  ])('sends %s as %s', async (path, type) => {
    expect((await get(path)).headers.get('content-type')).toBe(type);
  });

  it('sends isolation and security headers with every response, errors too', async () => {
    for (const path of ['', 'assets/ort-BQJNh0bu.wasm', 'missing']) {
      const { headers } = await get(path);
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });

  it('sends none of them with `plain`', async () => {
    const plain = await serve({ root: join(folder, 'site'), plain: true });
    const { headers, status } = await fetch(plain.url);
    await plain.close();
    expect(status).toBe(200);
    expect(headers.get('cross-origin-opener-policy')).toBeNull();
    expect(headers.get('content-security-policy')).toBeNull();
  });

  it('allows caching of hashed assets and requires revalidation of everything else', async () => {
    expect((await get('assets/ort-BQJNh0bu.wasm')).headers.get('cache-control')).toContain('immutable');
    const page = await get('index.html');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const again = await get('index.html', { headers: { 'If-None-Match': page.headers.get('etag') ?? '' } });
    expect(again.status).toBe(304);
  });

  it('serves mounted files and folders', async () => {
    expect(await (await get('case/0/0')).text()).toBe('dicom');
    expect(await (await get('pack/a.txt')).text()).toBe('secret');
    expect((await get('case/0/1')).status).toBe(404);
  });

  it('refuses other methods', async () => {
    const response = await get('', { method: 'POST', body: 'x' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });

  it('can be reached as localhost and takes the next port when one is taken', async () => {
    const second = await serve({ root: folder }, { port: server.port });
    expect(second.port).toBeGreaterThan(server.port);
    expect(second.url).toBe(`http://localhost:${second.port}/`);
    expect(await (await fetch(`${second.url}secret.txt`)).text()).toBe('secret');
    await second.close();
  });
});

describe('what it refuses', () => {
  it.each([
    '/a/b/../../secret.txt',
    '/a/b/%2e%2e/secret.txt',
    '/a/b/..%2fsecret.txt',
    '/a/b/%2e%2e%2fsite-secret%2fa.txt',
    '/a/b/..\\secret.txt',
    '/a/b/%5c..%5csecret.txt',
    '/a/b/pack/../secret.txt',
    '/a/b/.sources',
    '/a/b/%00',
    '/a/b/%zz',
    '/a/b/assets',
  ])('%s', async (path) => {
    expect(await statusOf(path)).toBe(404);
  });

  it('resolves paths inside the root only', () => {
    expect(resolvePath({ root: '/srv/site' }, '/x/y.txt?a=..')).toBe('/srv/site/x/y.txt');
    expect(resolvePath({ root: '/srv/site' }, '//etc/passwd')).toBe('/srv/site/etc/passwd');
    expect(resolvePath({ root: '/srv/site' }, '/x/../../y')).toBeNull();
  });
});

describe('byte ranges', () => {
  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=0-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=5-2', 200, '0123456789', null],
    ['bytes=0-1,4-5', 200, '0123456789', null],
    ['lines=1-2', 200, '0123456789', null],
  ])('%s', async (range, status, body, contentRange) => {
    const response = await get('ten.bin', { headers: { Range: range } });
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(body);
    expect(response.headers.get('content-range')).toBe(contentRange);
  });

  it('answers 416 past the end', async () => {
    const response = await get('ten.bin', { headers: { Range: 'bytes=10-' } });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe('bytes */10');
  });

  it('are not possible in an empty file, which can be fetched as a whole', async () => {
    expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect((await get('empty.bin')).status).toBe(200);
  });

  it('sends no body for HEAD', async () => {
    const response = await get('ten.bin', { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('10');
    expect(await response.text()).toBe('');
  });
});
