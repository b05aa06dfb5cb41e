/**
 * The common part of the typed worker clients: a promise for each request, a worker that is started by the first request and
 * by the first one after a crash, and no request left pending when the worker ends.
 */
import { RoundsError, type WireError } from '../../shared/errors';
import { explainStart } from './startProblem';
import { Watchdog, type Patience } from './watchdog';

/** The part of `Worker` that a client uses; tests pass their own. */
export interface WorkerPort<Sent, Received> {
  postMessage(message: Sent, transfer?: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<Received>) => void): void;
  addEventListener(type: 'error' | 'messageerror', listener: (event: Event) => void): void;
  terminate(): void;
  /** Address of its script, for saying why it can't be started. */
  readonly address?: string;
}

export interface LinkHooks<Received> {
  receive(message: Received): void;
  /** The worker crashed; all pending requests have been rejected. */
  crashed(error: RoundsError): void;
  /** A request made no progress for as long as it may. `endStuck` ends the worker. */
  stuck?(id: number): void;
}

export interface RequestOptions {
  transfer?: Transferable[];
  /** Without it the request may take any time. */
  patience?: Patience;
}

interface Pending<Sent> {
  /** Null if it can't be sent again, because it took buffers along. */
  message: Sent | null;
  resolve(result: unknown): void;
  reject(error: RoundsError): void;
}

export class WorkerLink<Sent, Received> {
  /** The first words of error messages: `The engine`. */
  readonly #subject: string;
  readonly #makePort: () => WorkerPort<Sent, Received>;
  readonly #hooks: LinkHooks<Received>;
  readonly #pending = new Map<number, Pending<Sent>>();
  readonly #watchdog = new Watchdog((id) => this.#hooks.stuck?.(id));
  #port: WorkerPort<Sent, Received> | null = null;
  /** Whether the port has sent a message: before that, an error means that it can't be started. */
  #hasStarted = false;
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
  request(id: number, message: Sent, { transfer = [], patience }: RequestOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // Before the message is sent: a port in the same thread may answer immediately.
      this.#pending.set(id, { message: transfer.length === 0 ? message : null, resolve, reject });
      if (patience) this.#watchdog.watch(id, patience);
      try {
        this.#ensurePort().postMessage(message, transfer);
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

  /** From now on the request may take only this long. */
  watch(id: number, patience: Patience): void {
    if (this.#pending.has(id)) this.#watchdog.watch(id, patience);
  }

  /** A request made progress. */
  progress(): void {
    this.#watchdog.progress();
  }

  /** Ends the worker, which is stuck with a request. Requests that wait go to a new worker if they can be sent again. */
  endStuck(id: number, error: RoundsError): void {
    this.#dropPort();
    this.#take(id)?.reject(error);
    const lost = new RoundsError('worker_crashed', `${this.#subject} was ended, because it did not respond.`);
    for (const [other, { message }] of [...this.#pending]) {
      if (message === null) this.#take(other)?.reject(lost);
      else this.#sendAgain(other, message);
    }
  }

  /** Ends the worker immediately, even in the middle of a long step. */
  dispose(): void {
    this.#disposed = true;
    this.#dropPort();
    this.#rejectAll(new RoundsError('aborted', `${this.#subject} was closed.`));
  }

  #sendAgain(id: number, message: Sent): void {
    try {
      this.#ensurePort().postMessage(message);
    } catch (thrown) {
      this.#take(id)?.reject(RoundsError.from(thrown));
    }
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
      if (this.#port !== port) return;
      this.#hasStarted = true;
      this.#watchdog.heard();
      this.#hooks.receive(event.data);
    });
    port.addEventListener('error', (event) => {
      if (this.#port === port) this.#onError(event, port);
    });
    port.addEventListener('messageerror', () => {
      if (this.#port === port) this.#crash(this.#crashError('sent a message that could not be read.'));
    });
    this.#port = port;
    this.#hasStarted = false;
    return port;
  }

  #take(id: number): Pending<Sent> | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    this.#watchdog.forget(id);
    return pending;
  }

  #onError(event: Event, port: WorkerPort<Sent, Received>): void {
    // A worker whose script can't be fetched reports a bare Event; a throw reports an ErrorEvent.
    const detail = 'message' in event && typeof event.message === 'string' ? event.message : '';
    if (detail || this.#hasStarted) return this.#crash(this.#crashError(detail || 'failed.', detail));
    const unknown = this.#crashError('could not be started.');
    if (port.address === undefined) return this.#crash(unknown);
    void explainStart(port.address, unknown).then((error) => {
      if (this.#port === port) this.#crash(error);
    });
  }

  #crashError(what: string, detail = ''): RoundsError {
    return new RoundsError('worker_crashed', detail || `${this.#subject} ${what}`);
  }

  #crash(error: RoundsError): void {
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
