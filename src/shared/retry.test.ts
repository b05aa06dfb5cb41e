import { afterEach, describe, expect, it, vi } from 'vitest';
import { retry, RetryableError, retryAfterMs, type RetryPolicy } from './retry';

const busy = (after: number | null = null): RetryableError =>
  new RetryableError({ code: 'server_status', params: { status: 503 } }, 'busy', { retryAfterMs: after });

function policy(over: Partial<RetryPolicy> = {}): { waits: (number | null)[]; policy: RetryPolicy } {
  const waits: (number | null)[] = [];
  const onWait: RetryPolicy['onWait'] = (_, milliseconds) => waits.push(milliseconds);
  return { waits, policy: { attempts: 4, firstDelayMs: 2, maxDelayMs: 5, onWait, ...over } };
}

/** Fails with `errors` in turn, then succeeds. */
function failing(...errors: unknown[]): (attempt: number) => Promise<number> {
  return async (attempt) => {
    const error = errors.shift();
    if (error) throw error as Error;
    return attempt;
  };
}

afterEach(() => vi.unstubAllGlobals());

describe('retry', () => {
  it('doubles the wait up to the largest', async () => {
    const { waits, policy: options } = policy();
    expect(await retry(failing(busy(), busy(), busy()), options)).toBe(4);
    expect(waits).toEqual([2, 4, 5]);
  });

  it('shortens waits by up to half with jitter', async () => {
    const { waits, policy: options } = policy({ jitter: true });
    await retry(failing(busy()), options);
    expect(waits[0]).toBeGreaterThanOrEqual(1);
    expect(waits[0]).toBeLessThanOrEqual(2);
  });

  it('takes Retry-After instead of the back-off, or as the least wait', async () => {
    const replaced = policy();
    await retry(failing(busy(1)), replaced.policy);
    expect(replaced.waits).toEqual([1]);
    const lengthened = policy({ retryAfter: 'lengthens' });
    await retry(failing(busy(1), busy(7)), lengthened.policy);
    expect(lengthened.waits).toEqual([2, 7]);
  });

  it('throws the last failure after the attempts, and a final one at once', async () => {
    const last = busy();
    await expect(retry(failing(busy(), last), policy({ attempts: 2 }).policy)).rejects.toBe(last);
    const final = new Error('final');
    await expect(retry(failing(final), policy().policy)).rejects.toBe(final);
  });

  it('is a failure at once without a network, unless it is waited for', async () => {
    const online = { onLine: false };
    vi.stubGlobal('navigator', online);
    const { waits, policy: options } = policy({ attempts: 2 });
    await expect(retry(failing(busy()), options)).rejects.toThrow('busy');
    expect(waits).toEqual([]);
    const waiting = retry(failing(busy(), busy(), busy()), { ...options, waitForNetwork: true });
    await expect.poll(() => waits).toEqual([null]);
    online.onLine = true;
    // Being offline cost no attempt: of two, one failed before and one after the network came back.
    await expect(waiting).rejects.toThrow('busy');
    expect(waits).toEqual([null, 2]);
  });

  it('stops while it waits', async () => {
    const abort = new AbortController();
    const stopped = retry(failing(busy(60_000)), policy({ signal: abort.signal }).policy);
    setTimeout(() => abort.abort(), 5);
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('retryAfterMs', () => {
  it.each([
    ['2', 2000],
    ['9999', 10_000],
    ['0', null],
    ['soon', null],
  ])('%s → %s', (text, ms) => {
    expect(retryAfterMs(new Headers({ 'Retry-After': text }), 10_000)).toBe(ms);
  });

  it('reads a date', () => {
    const date = new Date(Date.now() + 5_000).toUTCString();
    const ms = retryAfterMs(new Headers({ 'Retry-After': date }), 10_000);
    expect(ms).toBeGreaterThan(3_000);
    expect(ms).toBeLessThanOrEqual(5_000);
  });
});
