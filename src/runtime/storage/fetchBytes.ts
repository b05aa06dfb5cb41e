/** One file by HTTP: retried with back-off where that can help, watched for stalls, counted while it arrives. */
import { RoundsError } from '../../shared/errors';

export interface FetchOptions {
  signal?: AbortSignal;
  cache?: RequestCache;
  /** Known length: lets the whole be refused when the server sends another file. */
  expectedBytes?: number;
  onBytes?: (received: number) => void;
}

const TRIES = 5;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 15_000;
/** No byte for this long means that the connection is dead though nobody said so. */
const STALL_MS = 25_000;
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
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchOnce(url, options);
    } catch (error) {
      if (options.signal?.aborted) throw new RoundsError('aborted', 'Stopped.', { cause: error });
      if (!(error instanceof RetryLater)) throw error;
      if (attempt === TRIES || !isOnline()) {
        throw new RoundsError('download_failed', `${url} could not be fetched: ${error.message}`, {
          cause: error,
        });
      }
      const backOff = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), MAX_DELAY_MS);
      await wait(error.delayMs ?? backOff * (0.5 + Math.random() / 2), options.signal);
    }
  }
}

function isOnline(): boolean {
  return typeof navigator === 'undefined' || !('onLine' in navigator) || navigator.onLine;
}

async function fetchOnce(url: string, options: FetchOptions): Promise<Uint8Array<ArrayBuffer>> {
  const watchdog = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, watchdog.signal]) : watchdog.signal;
  let timer = setTimeout(() => watchdog.abort(), STALL_MS);
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => watchdog.abort(), STALL_MS);
  };
  try {
    const response = await fetch(url, { signal, cache: options.cache ?? 'default' });
    checkStatus(url, response);
    return await readBody(response, options, alive);
  } catch (error) {
    if (error instanceof RoundsError || error instanceof RetryLater) throw error;
    const stalled = watchdog.signal.aborted ? 'no data for 25 seconds' : 'the connection failed';
    throw new RetryLater(stalled, null, error);
  } finally {
    clearTimeout(timer);
  }
}

function checkStatus(url: string, response: Response): void {
  if (response.ok) return;
  if (RETRYABLE.has(response.status)) {
    const seconds = Number(response.headers.get('Retry-After'));
    const delayMs = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, 60_000) : null;
    throw new RetryLater(`the server answered ${response.status}`, delayMs);
  }
  throw new RoundsError(
    'download_failed',
    `${url} could not be fetched: the server answered ${response.status}.`,
  );
}

async function readBody(
  response: Response,
  { expectedBytes, onBytes }: FetchOptions,
  alive: () => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let received = 0;
  const reader = response.body?.getReader();
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    alive();
    chunks.push(next.value);
    received += next.value.length;
    if (expectedBytes !== undefined && received > expectedBytes) {
      await reader?.cancel();
      throw new RetryLater('the file is longer than it should be', null);
    }
    onBytes?.(received);
  }
  if (expectedBytes !== undefined && received !== expectedBytes) {
    throw new RetryLater(`${received} of ${expectedBytes} bytes arrived`, null);
  }
  const bytes = new Uint8Array(received);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new RoundsError('aborted', 'Stopped.'));
    });
  });
}
