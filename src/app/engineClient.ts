/**
 * The page's end of the worker protocol: typed calls, one promise for each, updates while it runs.
 *
 * The worker is started by the first call and again by the first call after a crash, so a crash costs the
 * loaded model and the running calls but never the page. Params must be plain data (`$state.snapshot`).
 */
import { RoundsError } from '../shared/errors';
import type { CallName, Calls, FromWorker, Request, Update } from '../shared/protocol';

/** The part of `Worker` that the client uses; tests and the component harness give their own. */
export interface EnginePort {
  postMessage(message: Request): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<FromWorker>) => void): void;
  addEventListener(type: 'error' | 'messageerror', listener: (event: Event) => void): void;
  terminate(): void;
}

export interface CallOptions {
  /** Aborting asks the worker to stop; the call still ends with the worker's own reply. */
  signal?: AbortSignal;
  onUpdate?: (update: Update) => void;
}

/** What states and panels need of the engine: EngineClient, or a scripted one in tests. */
export interface EngineApi {
  call<K extends CallName>(kind: K, params: Calls[K][0], options?: CallOptions): Promise<Calls[K][1]>;
  /** The loaded model is gone (device lost, worker crashed) without anyone having asked. Returns an unsubscriber. */
  onLost(listener: (error: RoundsError) => void): () => void;
}

interface Pending {
  resolve(result: Calls[CallName][1]): void;
  reject(error: RoundsError): void;
  onUpdate: ((update: Update) => void) | undefined;
  /** Takes the abort listener off the caller's signal. */
  release(): void;
}

function startWorker(): EnginePort {
  return new Worker(new URL('../worker/engine.worker.ts', import.meta.url), {
    type: 'module',
    name: 'engine',
  });
}

export class EngineClient implements EngineApi {
  readonly #makePort: () => EnginePort;
  readonly #pending = new Map<number, Pending>();
  readonly #lostListeners = new Set<(error: RoundsError) => void>();
  #port: EnginePort | null = null;
  #nextId = 1;
  #disposed = false;

  constructor(makePort: () => EnginePort = startWorker) {
    this.#makePort = makePort;
  }

  call<K extends CallName>(
    kind: K,
    params: Calls[K][0],
    { signal, onUpdate }: CallOptions = {},
  ): Promise<Calls[K][1]> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new RoundsError('aborted', 'Stopped before it began.'));
        return;
      }
      const id = this.#nextId++;
      const cancel = (): void => this.#port?.postMessage({ id, call: 'cancel' });
      // Before the message goes out: a port in the same thread may answer at once.
      this.#pending.set(id, {
        // The worker answers request `id`, whose kind is K.
        resolve: (result) => resolve(result),
        reject,
        onUpdate,
        release: () => signal?.removeEventListener('abort', cancel),
      });
      signal?.addEventListener('abort', cancel, { once: true });
      try {
        this.#ensurePort().postMessage({ id, call: kind, params } as Request);
      } catch (thrown) {
        this.#take(id)?.reject(RoundsError.from(thrown));
      }
    });
  }

  onLost(listener: (error: RoundsError) => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  /** Ends the worker at once, also one that is stuck in a long step; the next call starts a fresh one. */
  restart(): void {
    this.#dropPort();
    this.#rejectAll(new RoundsError('aborted', 'The engine was restarted.'));
  }

  dispose(): void {
    this.#disposed = true;
    this.#dropPort();
    this.#rejectAll(new RoundsError('aborted', 'The engine was closed.'));
    this.#lostListeners.clear();
  }

  #ensurePort(): EnginePort {
    if (this.#disposed) throw new RoundsError('internal', 'The engine was closed.');
    if (this.#port) return this.#port;
    let port: EnginePort;
    try {
      port = this.#makePort();
    } catch (cause) {
      throw RoundsError.from(cause, 'worker_crashed');
    }
    // A port that was replaced may still deliver queued events; they belong to nobody.
    port.addEventListener('message', (event) => {
      if (this.#port === port) this.#receive(event.data);
    });
    port.addEventListener('error', (event) => {
      if (this.#port === port) this.#crash(describeCrash(event));
    });
    port.addEventListener('messageerror', () => {
      if (this.#port === port) this.#crash('A message of the engine could not be read.');
    });
    this.#port = port;
    return port;
  }

  #receive(message: FromWorker): void {
    if (message.type === 'lost') {
      this.#announceLost(RoundsError.fromWire(message.error));
      return;
    }
    if (message.type === 'update') {
      this.#pending.get(message.id)?.onUpdate?.(message.update);
      return;
    }
    const pending = this.#take(message.id);
    if (message.type === 'result') pending?.resolve(message.result);
    else pending?.reject(RoundsError.fromWire(message.error));
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.release();
    return pending;
  }

  #crash(detail: string): void {
    const error = new RoundsError('worker_crashed', detail);
    this.#dropPort();
    this.#rejectAll(error);
    this.#announceLost(error);
  }

  #dropPort(): void {
    this.#port?.terminate();
    this.#port = null;
  }

  #rejectAll(error: RoundsError): void {
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(error);
  }

  #announceLost(error: RoundsError): void {
    for (const listener of this.#lostListeners) listener(error);
  }
}

function describeCrash(event: Event): string {
  // A worker whose script can't be fetched reports a bare Event; a throw reports an ErrorEvent.
  const message = 'message' in event && typeof event.message === 'string' ? event.message : '';
  return message || 'The engine could not be started.';
}
