/** Tries a request again if that can help: back-off, Retry-After, and waiting while there is no network. */
import { RoundsError } from './errors';
import { isOnline, networkBack, wait } from './network';
import type { WaitReason } from './waitReason';

export interface RetryPolicy {
  /** Requests in all before giving up; it may depend on what went wrong. */
  attempts: number | ((failure: RetryableError) => number);
  /** Wait before the second request; doubled for each further one. */
  firstDelayMs: number;
  maxDelayMs: number;
  /** Shortens each wait by a random part of up to half, so that many clients do not come back at once. */
  jitter?: boolean;
  /** Whether a server's Retry-After replaces the back-off, or only lengthens it. */
  retryAfter?: 'replaces' | 'lengthens';
  /** Without a network, wait until it is back; this costs no attempt. Without this, being offline is a failure at once. */
  waitForNetwork?: boolean | (() => boolean);
  signal?: AbortSignal | null;
  /** A wait before the next request, and why. `null`: until the network is back. */
  onWait?: (reason: WaitReason, milliseconds: number | null) => void;
}

/** A failure that another request may not have. The message is English, for the error that is thrown in the end. */
export class RetryableError extends Error {
  readonly reason: WaitReason;
  /** What the server asked for; null where it asked for nothing. */
  readonly retryAfterMs: number | null;

  constructor(
    reason: WaitReason,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number | null } = {},
  ) {
    super(message, { cause: options.cause });
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/**
 * Calls `request` until it succeeds, fails for good, or the attempts are used up.
 * @param request throws RetryableError where another request may help; `attempt` counts from 1
 * @throws RoundsError aborted; the last RetryableError; whatever else `request` throws
 */
export async function retry<T>(request: (attempt: number) => Promise<T>, policy: RetryPolicy): Promise<T> {
  const { attempts, signal, onWait } = policy;
  const limit = typeof attempts === 'function' ? attempts : () => attempts;
  for (let attempt = 1; ; attempt++) {
    try {
      return await request(attempt);
    } catch (thrown) {
      if (signal?.aborted) throw new RoundsError('aborted', 'Stopped.', { cause: thrown });
      if (!(thrown instanceof RetryableError)) throw thrown;
      if (!isOnline() && waitsForNetwork(policy)) {
        attempt = 0;
        onWait?.({ code: 'offline' }, null);
        await networkBack(signal);
        continue;
      }
      if (attempt >= limit(thrown) || !isOnline()) throw thrown;
      const delay = delayOf(attempt, thrown, policy);
      onWait?.(thrown.reason, delay);
      await wait(delay, signal);
    }
  }
}

function waitsForNetwork({ waitForNetwork }: RetryPolicy): boolean {
  return typeof waitForNetwork === 'function' ? waitForNetwork() : waitForNetwork === true;
}

function delayOf(attempt: number, { retryAfterMs }: RetryableError, policy: RetryPolicy): number {
  const { firstDelayMs, maxDelayMs, jitter, retryAfter = 'replaces' } = policy;
  if (retryAfterMs !== null && retryAfter === 'replaces') return retryAfterMs;
  const spread = jitter ? 0.5 + Math.random() / 2 : 1;
  const backOff = Math.min(firstDelayMs * 2 ** (attempt - 1), maxDelayMs) * spread;
  return Math.max(backOff, retryAfterMs ?? 0);
}

/** Retry-After of a response in milliseconds, from seconds or a date; null where there is none. */
export function retryAfterMs(headers: Headers, maxMs: number): number | null {
  const text = headers.get('Retry-After');
  if (!text) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, maxMs) : null;
}
