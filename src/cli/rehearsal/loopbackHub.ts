/** A model hub on loopback with one repository. Like the real one, it redirects downloads to signed URLs that expire. */
import { createHmac, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';

const COMMIT = '3b'.repeat(20);
/** Long enough for one request, too short for a URL to be used again a minute later. */
const LIFETIME_MS = 10_000;
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Accept-Ranges, Content-Range, ETag, Retry-After',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

export interface LoopbackHub {
  endpoint: string;
  /** Bytes sent so far. */
  readonly sentBytes: number;
  close(): Promise<void>;
}

/**
 * @param files names of the files in `folder` that belong to the repository
 * @param places folders of the repository in which they are; by default its top
 */
export async function openLoopbackHub(
  repo: string,
  folder: string,
  files: string[],
  places: readonly string[] = [''],
): Promise<LoopbackHub> {
  const key = randomBytes(16);
  const sign = (path: string, until: string): string =>
    createHmac('sha256', key).update(`${path} ${until}`).digest('hex');
  let sentBytes = 0;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://hub');
    const end = (status: number, headers: Record<string, string> = {}, body = ''): void =>
      void response.writeHead(status, { ...CORS, ...headers }).end(body);
    if (
      pathname === `/api/models/${repo}/revision/main` ||
      pathname === `/api/models/${repo}/revision/${COMMIT}`
    ) {
      const prefixes = places.map((place) => (place === '' ? '' : `${place}/`));
      const siblings = prefixes.flatMap((prefix) => files.map((name) => ({ rfilename: prefix + name })));
      return end(200, {}, JSON.stringify({ sha: COMMIT, siblings, cardData: { license: 'mit' } }));
    }
    const path = decodeURIComponent(pathname);
    const file = path.split('/').at(-1) ?? '';
    if (!files.includes(file)) return end(404);
    const start = `/${repo}/resolve/${COMMIT}/`;
    if (path.startsWith(start)) {
      const place = path.slice(start.length, -file.length).replace(/\/$/, '');
      if (!places.includes(place)) return end(404);
      const until = String(Date.now() + LIFETIME_MS);
      return end(302, { Location: `/storage/${file}?until=${until}&signature=${sign(file, until)}` });
    }
    const until = searchParams.get('until') ?? '';
    const isValid = searchParams.get('signature') === sign(file, until) && Number(until) > Date.now();
    if (!isValid) return end(403);
    const sent = await sendRange(request, response, join(folder, file));
    sentBytes += sent;
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get sentBytes() {
      return sentBytes;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Supports a single range `a-b`. @returns the number of bytes sent */
async function sendRange(request: IncomingMessage, response: ServerResponse, path: string): Promise<number> {
  const { size } = await stat(path);
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const start = Number(range?.[1] ?? 0);
  const end = Math.min(Number(range?.[2] ?? size - 1), size - 1);
  const length = end - start + 1;
  response.writeHead(range ? 206 : 200, {
    ...CORS,
    'Content-Length': String(length),
    'Accept-Ranges': 'bytes',
    ...(range ? { 'Content-Range': `bytes ${start}-${end}/${size}` } : {}),
  });
  pipeline(createReadStream(path, { start, end }), response, () => undefined);
  return length;
}
