/** One file by HTTP: retried with back-off where that can help, watched for stalls, counted while it arrives. */
import { RoundsError } from '../../shared/errors';
import { hasExpired, isOnline, networkBack, StallWatch, wait } from './network';

export interface FetchOptions {
  signal?: AbortSignal;
  cache?: RequestCache;
  /** Known length: lets the whole be refused when the server sends another file. */
  expectedBytes?: number;
  /** For files of unknown length: more is not read. */
  maxBytes?: number;
  /** Bytes of this file so far; counts from 0 again when it is tried again. */
  onBytes?: (received: number) => void;
  /** Requests in all before giving up. */
  tries?: number;
  /** Where the machine has no network, wait until it has one again; without this that is a failure at once. */
  waitForNetwork?: boolean;
  /** Without a byte for so long the connection counts as dead; for tests. */
  stallMs?: number;
  /** A wait before the next request, and why. `null`: until the network is back. */
  onWait?: (reason: string, milliseconds: number | null) => void;
}

const TRIES = 5;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
/** What a server may ask for by Retry-After; the hub counts requests over five minutes. */
const MAX_RETRY_AFTER_MS = 300_000;
const RETRYABLE = new Set([408, 425, 429, 500, 502, 503, 504]);

class RetryLater extends Error {
  readonly delayMs: number | null;

  constructor(message: string, delayMs: number | null, cause?: unknown) {
    super(message, { cause });
    this.delayMs = delayMs;
  }
}

/** @throws RoundsError download_failed, aborted */
export async function fetchBytes(url: string, options: FetchOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const tries = options.tries ?? TRIES;
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchOnce(url, options);
    } catch (error) {
      if (options.signal?.aborted) throw new RoundsError('aborted', 'Stopped.', { cause: error });
      if (!(error instanceof RetryLater)) throw error;
      const waits = !isOnline() && options.waitForNetwork === true;
      if (!waits && (attempt >= tries || !isOnline())) throw gaveUp(url, error);
      if (waits) {
        // Being without a network is not the server's failure: it costs no try.
        attempt = 0;
        options.onWait?.('there is no network', null);
        await networkBack(options.signal);
      } else {
        const delay = error.delayMs ?? backOff(attempt);
        options.onWait?.(error.message, delay);
        await wait(delay, options.signal);
      }
    }
  }
}

function gaveUp(url: string, cause: RetryLater): RoundsError {
  return new RoundsError('download_failed', `${url} could not be fetched: ${cause.message}.`, { cause });
}

/** Doubled each time, and spread so that many clients do not come back at once. */
function backOff(attempt: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), MAX_DELAY_MS) * (0.5 + Math.random() / 2);
}

async function fetchOnce(url: string, options: FetchOptions): Promise<Uint8Array<ArrayBuffer>> {
  const watch = new StallWatch(options.signal, options.stallMs);
  try {
    const response = await fetch(url, { signal: watch.signal, cache: options.cache ?? 'default' });
    try {
      checkStatus(url, response);
      checkLength(response, options.expectedBytes);
    } catch (refusal) {
      await response.body?.cancel();
      throw refusal;
    }
    return await readBody(url, response, options, watch);
  } catch (error) {
    if (error instanceof RoundsError || error instanceof RetryLater) throw error;
    throw new RetryLater(
      watch.hasStalled ? 'the connection went silent' : 'the connection failed',
      null,
      error,
    );
  } finally {
    watch.end();
  }
}

function checkStatus(url: string, response: Response): void {
  if (response.ok) return;
  if (RETRYABLE.has(response.status)) {
    throw new RetryLater(`the server answered ${response.status}`, retryAfter(response.headers));
  }
  if (hasExpired(response)) {
    throw new RetryLater(`the address it was sent to answered ${response.status}`, null);
  }
  throw new RoundsError(
    'download_failed',
    `${url} could not be fetched: the server answered ${response.status}.`,
  );
}

/** Seconds or a date; null where there is none. */
function retryAfter(headers: Headers): number | null {
  const text = headers.get('Retry-After');
  if (!text) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, MAX_RETRY_AFTER_MS) : null;
}

/** A file that announces another length need not be read to be refused. */
function checkLength({ headers }: Response, expectedBytes: number | undefined): void {
  const announced = headers.get('Content-Length');
  // With a content encoding the header counts what is sent, not what arrives here.
  if (expectedBytes === undefined || announced === null || headers.has('Content-Encoding')) return;
  if (Number(announced) !== expectedBytes) {
    const isPage = headers.get('Content-Type')?.startsWith('text/html') ?? false;
    const what = isPage ? 'a web page' : `a file of ${announced} bytes`;
    throw new RetryLater(`${what} came instead of ${expectedBytes} bytes`, null);
  }
}

async function readBody(
  url: string,
  response: Response,
  { expectedBytes, maxBytes, onBytes }: FetchOptions,
  watch: StallWatch,
): Promise<Uint8Array<ArrayBuffer>> {
  const collector = new ByteCollector(expectedBytes);
  const reader = response.body?.getReader();
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    watch.alive();
    if (collector.received + next.value.length > (expectedBytes ?? maxBytes ?? Infinity)) {
      await reader?.cancel();
      if (expectedBytes === undefined) throw new RoundsError('download_failed', `${url} is far too long.`);
      throw new RetryLater('the file is longer than it should be', null);
    }
    collector.add(next.value);
    onBytes?.(collector.received);
  }
  if (expectedBytes !== undefined && collector.received !== expectedBytes) {
    throw new RetryLater(`${collector.received} of ${expectedBytes} bytes arrived`, null);
  }
  return collector.bytes();
}

/** Puts chunks together; where the length is known, in place, so that a shard is in memory once. */
class ByteCollector {
  received = 0;
  readonly #whole: Uint8Array<ArrayBuffer> | null;
  readonly #chunks: Uint8Array[] = [];

  constructor(expectedBytes: number | undefined) {
    this.#whole = expectedBytes === undefined ? null : new Uint8Array(expectedBytes);
  }

  add(chunk: Uint8Array): void {
    if (this.#whole) this.#whole.set(chunk, this.received);
    else this.#chunks.push(chunk);
    this.received += chunk.length;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    if (this.#whole) return this.#whole;
    const bytes = new Uint8Array(this.received);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}
