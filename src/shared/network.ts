/** What a request can wait for: the network, a given time, the next byte. */
import { RoundsError } from './errors';

/** Without a byte for this long a connection counts as dead, though no error was reported. */
const STALL_MS = 25_000;
const ONLINE_POLL_MS = 3_000;
/** What storage behind a redirect answers once its signed address has run out. */
const EXPIRED = new Set([400, 401, 403, 410]);

/** Whether a redirect led to an address that has run out: asking the first address again renews it. */
export function hasExpired({ redirected, status }: Response): boolean {
  return redirected && EXPIRED.has(status);
}

/** False where the browser knows that there is no network; true does not mean that there is one. */
export function isOnline(): boolean {
  return typeof navigator === 'undefined' || !('onLine' in navigator) || navigator.onLine;
}

/** Aborts a request when no byte has come for a while, or when the caller's signal does. */
export class StallWatch {
  readonly signal: AbortSignal;
  readonly #stalled = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param stallMs shorter, for tests */
  constructor(
    signal?: AbortSignal | null,
    private readonly stallMs = STALL_MS,
  ) {
    this.signal = signal ? AbortSignal.any([signal, this.#stalled.signal]) : this.#stalled.signal;
    this.alive();
  }

  get hasStalled(): boolean {
    return this.#stalled.signal.aborted;
  }

  /** A byte came: the time starts again. */
  alive(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#stalled.abort(), this.stallMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * `fetch` for code that retries by itself: aborted when it stalls, and it rejects where a redirect's signed address has
 * run out.
 */
export function fetchWithStallWatch(stallMs = STALL_MS): typeof fetch {
  return async (input, init = {}) => {
    const watch = new StallWatch(init.signal, stallMs);
    try {
      const response = await fetch(input, { ...init, signal: watch.signal });
      if (hasExpired(response)) throw new TypeError(`A redirect led to an answer of ${response.status}.`);
      return watched(response, watch);
    } catch (error) {
      watch.end();
      throw error;
    }
  };
}

/** The same response; the watch ends with its body. */
function watched(response: Response, watch: StallWatch): Response {
  if (!response.body) {
    watch.end();
    return response;
  }
  const body = response.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (chunk, controller) => {
        watch.alive();
        controller.enqueue(chunk);
      },
      flush: () => watch.end(),
    }),
  );
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}

/** @throws RoundsError aborted */
export function networkBack(signal?: AbortSignal | null): Promise<void> {
  // Polled: not every browser sends `online` to workers.
  const poll = async (): Promise<void> => {
    while (!isOnline()) await wait(ONLINE_POLL_MS, signal);
  };
  return poll();
}

/** @throws RoundsError aborted */
export function wait(milliseconds: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(new RoundsError('aborted', 'Stopped.'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
