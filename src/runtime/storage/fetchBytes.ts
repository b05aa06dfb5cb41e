/** One file by HTTP: retried where that can help, watched for stalls, counted while it arrives. */
import { RoundsError } from '../../shared/errors';
import {
  FIRST_CONTACT_MS,
  firstContactAttempts,
  isConnectionFailure,
  unreachable,
} from '../../shared/hostProbe';
import { hasExpired, StallWatch } from '../../shared/network';
import { retry, RetryableError, retryAfterMs, type RetryPolicy } from '../../shared/retry';

export interface FetchOptions extends Pick<RetryPolicy, 'waitForNetwork' | 'onWait'> {
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
  /** Nothing is known of the host yet: without a network this is said at once, and nothing is waited for. */
  firstContact?: boolean;
  /** Without a byte for this long the connection counts as dead; for tests. */
  stallMs?: number;
}

const POLICY = { attempts: 5, firstDelayMs: 500, maxDelayMs: 30_000, jitter: true };
/** The longest wait that a server's Retry-After gets; the hub counts requests over five minutes. */
const MAX_RETRY_AFTER_MS = 300_000;
const RETRYABLE = new Set([408, 425, 429, 500, 502, 503, 504]);

/** @throws RoundsError download_failed, host_unreachable, download_blocked, aborted */
export async function fetchBytes(url: string, options: FetchOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const { tries = POLICY.attempts, signal, waitForNetwork, onWait, firstContact } = options;
  try {
    return await retry(() => fetchOnce(url, options), {
      ...POLICY,
      attempts: (failure) =>
        firstContact && isConnectionFailure(failure) ? Math.min(tries, firstContactAttempts(failure)) : tries,
      signal: signal ?? null,
      waitForNetwork: waitForNetwork === true,
      ...(onWait ? { onWait } : {}),
    });
  } catch (thrown) {
    if (!(thrown instanceof RetryableError)) throw thrown;
    if (isConnectionFailure(thrown)) throw await unreachable(url, thrown, signal);
    throw new RoundsError('download_failed', `${url} could not be fetched: ${thrown.message}.`, {
      cause: thrown,
    });
  }
}

async function fetchOnce(url: string, options: FetchOptions): Promise<Uint8Array<ArrayBuffer>> {
  const watch = new StallWatch(
    options.signal,
    options.stallMs ?? (options.firstContact ? FIRST_CONTACT_MS : undefined),
  );
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
    if (error instanceof RoundsError || error instanceof RetryableError) throw error;
    throw watch.hasStalled
      ? new RetryableError({ code: 'connection_stalled' }, 'the connection stalled', { cause: error })
      : new RetryableError({ code: 'connection_failed' }, 'the connection failed', { cause: error });
  } finally {
    watch.end();
  }
}

function checkStatus(url: string, response: Response): void {
  const { ok, status, headers } = response;
  if (ok) return;
  const params = { status };
  if (RETRYABLE.has(status)) {
    throw new RetryableError({ code: 'server_status', params }, `the server answered ${status}`, {
      retryAfterMs: retryAfterMs(headers, MAX_RETRY_AFTER_MS),
    });
  }
  if (hasExpired(response)) {
    throw new RetryableError({ code: 'redirect_status', params }, `a redirect was answered with ${status}`);
  }
  throw new RoundsError('download_failed', `${url} could not be fetched: the server answered ${status}.`);
}

/** A file that announces another length is refused without being read. */
function checkLength({ headers }: Response, expectedBytes: number | undefined): void {
  const announced = headers.get('Content-Length');
  // With a content encoding the header counts what is sent, not what arrives here.
  if (expectedBytes === undefined || announced === null || headers.has('Content-Encoding')) return;
  if (Number(announced) === expectedBytes) return;
  if (headers.get('Content-Type')?.startsWith('text/html')) {
    throw new RetryableError({ code: 'web_page' }, 'a web page came instead of the file');
  }
  throw wrongLength(Number(announced), expectedBytes);
}

/** @param received null where reading was given up because there was more */
function wrongLength(received: number | null, expected: number): RetryableError {
  const message =
    received === null
      ? `the file is longer than ${expected} bytes`
      : `the file has ${received} bytes instead of ${expected}`;
  return new RetryableError({ code: 'wrong_length', params: { received, expected } }, message);
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
      throw wrongLength(null, expectedBytes);
    }
    collector.add(next.value);
    onBytes?.(collector.received);
  }
  if (expectedBytes !== undefined && collector.received !== expectedBytes) {
    throw wrongLength(collector.received, expectedBytes);
  }
  return collector.bytes();
}

/** Joins chunks; where the length is known, in place, so that a shard is in memory only once. */
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
