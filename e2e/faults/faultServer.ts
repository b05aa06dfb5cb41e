/**
 * A host on loopback that misbehaves on request: it cuts connections, stalls, answers with other statuses, pages or
 * bytes than it should, and counts what it is asked for. Other origins may read from it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Fault =
  /** The connection ends after this share of the body. */
  | { kind: 'cut'; at: number }
  /** Nothing more comes after this share of the body, and nothing says so. */
  | { kind: 'stall'; at: number }
  | { kind: 'status'; status: number; headers?: Record<string, string> }
  /** A redirect to a signed address that has run out: 403. */
  | { kind: 'expired' }
  /** One bit is another, the length is right. */
  | { kind: 'flip' }
  /** The file ends early, and the header agrees. */
  | { kind: 'short' }
  /** What a captive portal sends. */
  | { kind: 'page' }
  /** 200 and the whole file, to a request for a part of it. */
  | { kind: 'whole' };

export interface FaultServer {
  /** With a slash at its end. */
  url: string;
  /** Bytes by path, without the first slash. */
  files: Map<string, Uint8Array>;
  /** What goes wrong with the next requests for a path, in turn; null: nothing. The last one stays if `forever`. */
  fail(path: string, faults: (Fault | null)[], forever?: boolean): void;
  /** Requests by path. */
  requests: Map<string, number>;
  /** Responses under way now, and the most at once. */
  readonly load: { now: number; most: number };
  /** Bytes a second of all responses together; null: as fast as they go. */
  pace: number | null;
  /** Told of each piece that is sent; from here tests stop things at a byte. */
  onSent: ((sentBytes: number) => void) | null;
  close(): Promise<void>;
}

const PIECE = 16 * 1024;
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Content-Range, Retry-After, ETag',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

export async function startFaultServer(): Promise<FaultServer> {
  const server = createServer((request, response) => void answer(state, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const faults = new Map<string, { queue: (Fault | null)[]; forever: boolean }>();
  const state: ServerState = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    files: new Map(),
    requests: new Map(),
    load: { now: 0, most: 0 },
    pace: null,
    onSent: null,
    sent: 0,
    turn: Promise.resolve(),
    fail: (path, queue, forever = false) => void faults.set(path, { queue: [...queue], forever }),
    nextFault: (path) => {
      const entry = faults.get(path);
      if (!entry) return null;
      const isLast = entry.queue.length === 1;
      return (isLast && entry.forever ? entry.queue[0] : entry.queue.shift()) ?? null;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return state;
}

interface ServerState extends FaultServer {
  sent: number;
  /** Paces all responses together. */
  turn: Promise<void>;
  nextFault(path: string): Fault | null;
}

async function answer(state: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decodeURIComponent((request.url ?? '/').slice(1).split('?')[0] ?? '');
  const isSigned = request.url?.includes('?signed') ?? false;
  if (isSigned) return void response.writeHead(403, CORS).end();
  state.requests.set(path, (state.requests.get(path) ?? 0) + 1);
  const body = state.files.get(path);
  const fault = state.nextFault(path);
  if (fault?.kind === 'status')
    return void response.writeHead(fault.status, { ...CORS, ...fault.headers }).end();
  if (fault?.kind === 'expired') {
    return void response.writeHead(302, { ...CORS, Location: `${state.url}${path}?signed` }).end();
  }
  if (fault?.kind === 'page') {
    return void response
      .writeHead(200, { ...CORS, 'Content-Type': 'text/html' })
      .end('<h1>Welcome to the Wi-Fi</h1>');
  }
  if (!body) return void response.writeHead(404, CORS).end();
  await sendFile(state, request, response, body, fault);
}

async function sendFile(
  state: ServerState,
  request: IncomingMessage,
  response: ServerResponse,
  file: Uint8Array,
  fault: Fault | null,
): Promise<void> {
  const range = fault?.kind === 'whole' ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = Number(range?.[1] ?? 0);
  const end = range?.[2] ? Math.min(Number(range[2]) + 1, file.length) : file.length;
  let body = Buffer.from(file.subarray(start, end));
  if (fault?.kind === 'flip') body[body.length >> 1]! ^= 1;
  if (fault?.kind === 'short') body = body.subarray(0, body.length - 1);
  response.writeHead(range ? 206 : 200, {
    ...CORS,
    'Content-Length': body.length,
    ...(range ? { 'Content-Range': `bytes ${start}-${end - 1}/${file.length}` } : {}),
  });
  const isEarly = fault?.kind === 'cut' || fault?.kind === 'stall';
  await sendBody(state, response, isEarly ? body.subarray(0, Math.floor(body.length * fault.at)) : body);
  if (fault?.kind === 'cut') response.destroy();
  else if (fault?.kind !== 'stall') response.end();
}

async function sendBody(state: ServerState, response: ServerResponse, body: Uint8Array): Promise<void> {
  state.load.now += 1;
  state.load.most = Math.max(state.load.most, state.load.now);
  for (let at = 0; at < body.length && !response.destroyed; at += PIECE) {
    const piece = body.subarray(at, at + PIECE);
    await pause(state, piece.length);
    if (response.destroyed) break;
    if (!response.write(piece)) await drained(response);
    state.sent += piece.length;
    state.onSent?.(state.sent);
  }
  state.load.now -= 1;
}

/** Responses take turns, so that the pace is that of all together. */
function pause(state: ServerState, bytes: number): Promise<void> {
  if (state.pace === null) return Promise.resolve();
  const ms = (bytes * 1000) / state.pace;
  state.turn = state.turn.then(() => new Promise((resolve) => setTimeout(resolve, ms)));
  return state.turn;
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
