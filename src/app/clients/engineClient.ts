/**
 * The page's side of the worker protocol: typed calls that return a promise each, with updates while they run.
 *
 * The first call starts the worker, and so does the first call after a crash: a crash loses the loaded model and the running
 * calls, but never the page. Params must be plain data (`$state.snapshot`).
 */
import { RoundsError, type WireError } from '../../shared/errors';
import type { CallName, Calls, FromWorker, Request, Update } from '../../shared/protocol';
import { WorkerLink, type WorkerPort } from './workerLink';

export type EnginePort = WorkerPort<Request, FromWorker>;

export interface CallOptions {
  /** Aborting asks the worker to stop; the call still ends with the worker's own reply. */
  signal?: AbortSignal;
  onUpdate?: (update: Update) => void;
}

/** What the page needs of the engine: EngineClient, or a scripted one in tests. */
export interface EngineApi {
  call<K extends CallName>(kind: K, params: Calls[K][0], options?: CallOptions): Promise<Calls[K][1]>;
  /** The loaded model was lost (device lost, worker crashed). Returns a function that unsubscribes. */
  onLost(listener: (error: RoundsError) => void): () => void;
}

function startWorker(): EnginePort {
  return new Worker(new URL('../../worker/engine.worker.ts', import.meta.url), {
    type: 'module',
    name: 'engine',
  });
}

export class EngineClient implements EngineApi {
  readonly #link: WorkerLink<Request, FromWorker>;
  readonly #updates = new Map<number, (update: Update) => void>();
  readonly #lostListeners = new Set<(error: RoundsError) => void>();

  constructor(makePort: () => EnginePort = startWorker) {
    this.#link = new WorkerLink('The engine', makePort, {
      receive: (message) => this.#receive(message),
      crashed: (error) => this.#announceLost(error),
    });
  }

  async call<K extends CallName>(
    kind: K,
    params: Calls[K][0],
    { signal, onUpdate }: CallOptions = {},
  ): Promise<Calls[K][1]> {
    if (signal?.aborted) throw new RoundsError('aborted', 'Stopped before it started.');
    const id = this.#link.nextId();
    const cancel = (): void => this.#link.send({ id, call: 'cancel' });
    if (onUpdate) this.#updates.set(id, onUpdate);
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      // The worker answers request `id`, whose kind is K.
      return (await this.#link.request(id, { id, call: kind, params } as Request)) as Calls[K][1];
    } finally {
      this.#updates.delete(id);
      signal?.removeEventListener('abort', cancel);
    }
  }

  onLost(listener: (error: RoundsError) => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  /** Ends the worker immediately, even in the middle of a long step; the next call starts a new one. */
  restart(): void {
    this.#link.restart('was restarted.');
  }

  dispose(): void {
    this.#link.dispose();
    this.#lostListeners.clear();
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'lost':
        return this.#announceLost(RoundsError.fromWire(message.error));
      case 'update':
        return this.#updates.get(message.id)?.(message.update);
      case 'result':
        return this.#resolve(message.id, { result: message.result });
      case 'error':
        return this.#resolve(message.id, { error: message.error });
    }
  }

  #resolve(id: number, outcome: { result: unknown } | { error: WireError }): void {
    // Now, not when the caller resumes: updates after the reply are ignored.
    this.#updates.delete(id);
    this.#link.resolveRequest(id, outcome);
  }

  #announceLost(error: RoundsError): void {
    for (const listener of this.#lostListeners) listener(error);
  }
}
