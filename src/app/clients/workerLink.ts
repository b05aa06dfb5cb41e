/**
 * The common part of the typed worker clients: a promise for each request, a worker that is started by the first request and
 * by the first one after a crash, and no request left pending when the worker ends.
 */
import { RoundsError, type WireError } from '../../shared/errors';

/** The part of `Worker` that a client uses; tests pass their own. */
export interface WorkerPort<Sent, Received> {
  postMessage(message: Sent): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<Received>) => void): void;
  addEventListener(type: 'error' | 'messageerror', listener: (event: Event) => void): void;
  terminate(): void;
}

export interface LinkHooks<Received> {
  receive(message: Received): void;
  /** The worker crashed; all pending requests have been rejected. */
  crashed(error: RoundsError): void;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: RoundsError): void;
}

export class WorkerLink<Sent, Received> {
  /** The first words of error messages: `The engine`. */
  readonly #subject: string;
  readonly #makePort: () => WorkerPort<Sent, Received>;
  readonly #hooks: LinkHooks<Received>;
  readonly #pending = new Map<number, Pending>();
  #port: WorkerPort<Sent, Received> | null = null;
  #nextId = 1;
  #disposed = false;

  constructor(subject: string, makePort: () => WorkerPort<Sent, Received>, hooks: LinkHooks<Received>) {
    this.#subject = subject;
    this.#makePort = makePort;
    this.#hooks = hooks;
  }

  nextId(): number {
    return this.#nextId++;
  }

  /** Sends a request. `resolveRequest` with its id settles the promise, and so does the end of the worker. */
  request(id: number, message: Sent): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // Before the message is sent: a port in the same thread may answer immediately.
      this.#pending.set(id, { resolve, reject });
      try {
        this.#ensurePort().postMessage(message);
      } catch (thrown) {
        this.#take(id)?.reject(RoundsError.from(thrown));
      }
    });
  }

  /** Sends a message that has no reply; does nothing if no worker is running. */
  send(message: Sent): void {
    this.#port?.postMessage(message);
  }

  /** Settles the promise of a request with the worker's reply. */
  resolveRequest(id: number, outcome: { result: unknown } | { error: WireError }): void {
    const pending = this.#take(id);
    if ('error' in outcome) pending?.reject(RoundsError.fromWire(outcome.error));
    else pending?.resolve(outcome.result);
  }

  /** Ends the worker immediately, even in the middle of a long step; the next request starts a new one. */
  restart(why: string): void {
    this.#dropPort();
    this.#rejectAll(new RoundsError('aborted', `${this.#subject} ${why}`));
  }

  dispose(): void {
    this.#disposed = true;
    this.restart('was closed.');
  }

  #ensurePort(): WorkerPort<Sent, Received> {
    if (this.#disposed) throw new RoundsError('internal', `${this.#subject} was closed.`);
    if (this.#port) return this.#port;
    let port: WorkerPort<Sent, Received>;
    try {
      port = this.#makePort();
    } catch (cause) {
      throw RoundsError.from(cause, 'worker_crashed');
    }
    // Ignore events that a replaced port still delivers.
    port.addEventListener('message', (event) => {
      if (this.#port === port) this.#hooks.receive(event.data);
    });
    port.addEventListener('error', (event) => {
      if (this.#port === port) this.#crash(describeCrash(event, this.#subject));
    });
    port.addEventListener('messageerror', () => {
      if (this.#port === port) this.#crash(`${this.#subject} sent a message that could not be read.`);
    });
    this.#port = port;
    return port;
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #crash(detail: string): void {
    const error = new RoundsError('worker_crashed', detail);
    this.#dropPort();
    this.#rejectAll(error);
    this.#hooks.crashed(error);
  }

  #dropPort(): void {
    this.#port?.terminate();
    this.#port = null;
  }

  #rejectAll(error: RoundsError): void {
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(error);
  }
}

function describeCrash(event: Event, subject: string): string {
  // A worker whose script can't be fetched reports a bare Event; a throw reports an ErrorEvent.
  const message = 'message' in event && typeof event.message === 'string' ? event.message : '';
  return message || `${subject} could not be started.`;
}
