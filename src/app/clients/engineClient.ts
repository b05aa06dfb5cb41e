/**
 * The page's end of the worker protocol: typed calls, one promise for each, updates while it runs.
 *
 * The worker is started by the first call and again by the first call after a crash, so a crash costs the
 * loaded model and the running calls but never the page. Params must be plain data (`$state.snapshot`).
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

/** What states and panels need of the engine: EngineClient, or a scripted one in tests. */
export interface EngineApi {
  call<K extends CallName>(kind: K, params: Calls[K][0], options?: CallOptions): Promise<Calls[K][1]>;
  /** The loaded model is gone (device lost, worker crashed) without anyone having asked. Returns an unsubscriber. */
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
    if (signal?.aborted) throw new RoundsError('aborted', 'Stopped before it began.');
    const id = this.#link.nextId();
    const cancel = (): void => this.#link.tell({ id, call: 'cancel' });
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

  /** Ends the worker at once, also one that is stuck in a long step; the next call starts a fresh one. */
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
        return this.#settle(message.id, { result: message.result });
      case 'error':
        return this.#settle(message.id, { error: message.error });
    }
  }

  #settle(id: number, outcome: { result: unknown } | { error: WireError }): void {
    // At once, not when the caller runs on: an update after the reply belongs to nobody.
    this.#updates.delete(id);
    this.#link.settle(id, outcome);
  }

  #announceLost(error: RoundsError): void {
    for (const listener of this.#lostListeners) listener(error);
  }
}
