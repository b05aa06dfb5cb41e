/** What fetching can wait for: the network, a while, and the next byte. */
import { RoundsError } from '../../shared/errors';

/** No byte for this long means that the connection is dead though nobody said so. */
export const STALL_MS = 25_000;
const ONLINE_POLL_MS = 3_000;
/** What storage behind a redirect answers once the signed address has run out. */
const EXPIRED = new Set([400, 401, 403, 410]);

/** Asking the first address again renews the one that it redirects to. */
export function hasExpired({ redirected, status }: Response): boolean {
  return redirected && EXPIRED.has(status);
}

/** False where the browser knows that there is no network; true says little. */
export function isOnline(): boolean {
  return typeof navigator === 'undefined' || !('onLine' in navigator) || navigator.onLine;
}

/** Gives a request up when nothing has come for a while, or when the caller's signal says so. */
export class StallWatch {
  readonly signal: AbortSignal;
  readonly #stalled = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param stallMs another patience, for tests */
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

  /** Something came. */
  alive(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#stalled.abort(), this.stallMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * `fetch` for code that retries by itself: watched for stalls, rejects where a redirect's signed address has run out, and
 * where the machine has no network the request waits until there is one.
 * @param onWait told when a request waits for the network
 */
export function patientFetch(onWait: () => void, stallMs = STALL_MS): typeof fetch {
  const attempt = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
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
  return async (input, init) => {
    for (;;) {
      try {
        return await attempt(input, init);
      } catch (error) {
        if (init?.signal?.aborted || isOnline()) throw error;
        onWait();
        await networkBack(init?.signal);
      }
    }
  };
}

/** The same response; the watch lives as long as its body is read. */
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
  // Asked for rather than listened to: not every browser sends `online` to workers.
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
