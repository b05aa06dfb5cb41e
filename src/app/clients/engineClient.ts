/**
 * The page's side of the worker protocol: typed calls that return a promise each, with updates while they run.
 *
 * The first call starts the worker, and so does the first call after a crash: a crash loses the loaded model and the running
 * calls, but never the page. A worker that doesn't stop when it is asked to, or that hangs while a model loads, is ended the same
 * way. Images are decoded by another worker (imageClient.ts), before the call that needs them goes to the engine.
 * Params must be plain data (`$state.snapshot`).
 */
import { RoundsError, type WireError } from '../../shared/errors';
import type { ChatMessage } from '../../shared/generation';
import { imagesOf, type ModelInput } from '../../shared/imageProtocol';
import type {
  CallName,
  Calls,
  EngineCallName,
  EngineCalls,
  FromWorker,
  ModelInfo,
  Request,
  Update,
} from '../../shared/protocol';
import { ImageClient } from './imageClient';
import { NamedWorker as Worker } from './namedWorker';
import { QuestionImages, type ReadyImage } from './questionImages';
import type { Patience } from './watchdog';
import { WorkerLink, type RequestOptions, type WorkerPort } from './workerLink';

export type EnginePort = WorkerPort<Request, FromWorker>;

export interface CallOptions {
  /** Aborting asks the worker to stop; the call ends with the worker's own reply, or as aborted when the worker is ended. */
  signal?: AbortSignal;
  onUpdate?: (update: Update) => void;
}

/** What the page needs of the engine: EngineClient, or a scripted one in tests. */
export interface EngineApi {
  call<K extends CallName>(kind: K, params: Calls[K][0], options?: CallOptions): Promise<Calls[K][1]>;
  /**
   * The loaded model was lost: device lost, worker crashed, or `aborted` if the worker was ended because it didn't stop.
   * Returns a function that unsubscribes.
   */
  onLost(listener: (error: RoundsError) => void): () => void;
}

/** After Stop. A GPU that is in the middle of a step leaves its worker alive; a blocked thread is silent. */
const STOP_PATIENCE: Patience = { silentMs: 3_000, totalMs: 10_000 };
/** One step of a load (compiling, a run of the self-test) may block a slow device for long, but not for a minute. */
const LOAD_PATIENCE: Patience = { silentMs: 60_000, idleMs: 300_000 };

/** The engine's reply if it has dropped images. */
class Needed {
  constructor(readonly images: readonly string[]) {}
}

interface RunningCall {
  kind: EngineCallName;
  isStopped: boolean;
  onUpdate: ((update: Update) => void) | undefined;
}

function startWorker(): EnginePort {
  return new Worker(new URL('../../worker/engine.worker.ts', import.meta.url), {
    type: 'module',
    name: 'engine',
  });
}

export class EngineClient implements EngineApi {
  readonly #link: WorkerLink<Request, FromWorker>;
  readonly #images: ImageClient;
  readonly #questionImages: QuestionImages;
  readonly #running = new Map<number, RunningCall>();
  readonly #lostListeners = new Set<(error: RoundsError) => void>();
  /** Of the loaded model; null while there is none. */
  #modelInput: ModelInput | null = null;

  constructor(makePort: () => EnginePort = startWorker, images = new ImageClient()) {
    this.#images = images;
    this.#questionImages = new QuestionImages(images);
    this.#link = new WorkerLink('The engine', makePort, {
      receive: (message) => this.#receive(message),
      crashed: (error) => this.#announceLost(error),
      stuck: (id) => this.#endStuck(id),
    });
  }

  async call<K extends CallName>(
    kind: K,
    params: Calls[K][0],
    options: CallOptions = {},
  ): Promise<Calls[K][1]> {
    if (options.signal?.aborted) throw new RoundsError('aborted', 'Stopped before it started.');
    // Each method takes the params of its kind; the compiler doesn't follow that through the table.
    return await this.#dispatch(kind, params, options);
  }

  #dispatch(kind: CallName, params: Calls[CallName][0], options: CallOptions): Promise<Calls[CallName][1]> {
    switch (kind) {
      case 'load':
        return this.#load(params as Calls['load'][0], options);
      case 'survey':
        return this.#images.call('survey', params as Calls['survey'][0], options.signal);
      case 'preview': {
        const preview = { ...(params as Calls['preview'][0]), model: this.#modelInput };
        return this.#images.call('preview', preview, options.signal);
      }
      case 'prepare': {
        const prepare = params as Calls['prepare'][0];
        return this.#answer('prepare', prepare, prepare.messages, options);
      }
      case 'generate': {
        const generate = params as Calls['generate'][0];
        return this.#answer('generate', generate, generate.messages, options);
      }
      case 'rollouts': {
        const rollouts = params as Calls['rollouts'][0];
        return this.#answer('rollouts', rollouts, rollouts.request.messages, options);
      }
      case 'unload':
        this.#modelInput = null;
        return this.#request('unload', params as Calls['unload'][0], options);
      case 'probe':
        return this.#request('probe', params as Calls['probe'][0], options);
      case 'measure': {
        this.#modelInput = null;
        const measure = params as Calls['measure'][0];
        return this.#request('measure', measure, options, { patience: LOAD_PATIENCE });
      }
    }
  }

  async #load(params: Calls['load'][0], options: CallOptions): Promise<ModelInfo> {
    this.#modelInput = null;
    const info = await this.#request('load', params, options, { patience: LOAD_PATIENCE });
    this.#modelInput = { imageProcessor: info.imageProcessor, vision: info.model.vision };
    return info;
  }

  /** Decodes the images that the engine doesn't have, then sends the call; once more if the engine has dropped some of them. */
  async #answer<K extends 'prepare' | 'generate' | 'rollouts'>(
    kind: K,
    params: Calls[K][0],
    messages: readonly ChatMessage[],
    options: CallOptions,
  ): Promise<EngineCalls[K][1]> {
    for (;;) {
      const startedMs = performance.now();
      const ready = await this.#decode(messages, options);
      if (options.signal?.aborted) throw new RoundsError('aborted', 'Stopped before it started.');
      const images = ready.map((image) => this.#questionImages.take(image));
      const transfer = images.flatMap(({ data }) => (data ? [data.buffer] : []));
      const decoded = { images, decodeMs: performance.now() - startedMs };
      const request = { ...params, decoded } as EngineCalls[K][0];
      const result = await this.#request(kind, request, options, { transfer });
      if (!(result instanceof Needed)) return result;
      this.#questionImages.resend(result.images);
    }
  }

  async #decode(messages: readonly ChatMessage[], { signal, onUpdate }: CallOptions): Promise<ReadyImage[]> {
    const inputs = imagesOf(messages);
    const images: ReadyImage[] = [];
    for (const [done, image] of inputs.entries()) {
      onUpdate?.({ kind: 'progress', stage: 'image', done, total: inputs.length });
      images.push(await this.#questionImages.decode(image, signal));
    }
    return images;
  }

  async #request<K extends EngineCallName>(
    kind: K,
    params: EngineCalls[K][0],
    { signal, onUpdate }: CallOptions,
    options: RequestOptions = {},
  ): Promise<EngineCalls[K][1]> {
    if (signal?.aborted) throw new RoundsError('aborted', 'Stopped before it started.');
    const id = this.#link.nextId();
    const running: RunningCall = { kind, isStopped: false, onUpdate };
    const cancel = (): void => {
      running.isStopped = true;
      // Work ahead ends after its current step; nobody waits for it.
      if (kind !== 'prepare') this.#link.watch(id, STOP_PATIENCE);
      this.#link.send({ id, call: 'cancel' });
    };
    this.#running.set(id, running);
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      // The worker answers request `id`, whose kind is K.
      const request = { id, call: kind, params } as Request;
      return (await this.#link.request(id, request, options)) as EngineCalls[K][1];
    } finally {
      this.#running.delete(id);
      signal?.removeEventListener('abort', cancel);
    }
  }

  onLost(listener: (error: RoundsError) => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  dispose(): void {
    this.#link.dispose();
    this.#images.dispose();
    this.#lostListeners.clear();
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'alive':
        return;
      case 'lost':
        return this.#announceLost(RoundsError.fromWire(message.error));
      case 'update':
        this.#link.progress();
        return this.#running.get(message.id)?.onUpdate?.(message.update);
      case 'result':
        return this.#resolve(message.id, { result: message.result });
      case 'error':
        return this.#resolve(message.id, { error: message.error });
      case 'needed':
        return this.#resolve(message.id, { result: new Needed(message.images) });
    }
  }

  #resolve(id: number, outcome: { result: unknown } | { error: WireError }): void {
    // Now, not when the caller resumes: updates after the reply are ignored.
    this.#running.delete(id);
    this.#link.resolveRequest(id, outcome);
  }

  /** The only remedy for a blocked thread. What it held, the page loads again. */
  #endStuck(id: number): void {
    const { kind, isStopped } = this.#running.get(id) ?? { kind: 'unload', isStopped: true };
    const error = isStopped
      ? new RoundsError('aborted', 'The engine did not stop in time, so it was ended.')
      : new RoundsError('load_stalled', 'Loading the model made no progress, so it was ended.');
    this.#link.endStuck(id, error);
    // A load has lost nothing: the model before it was unloaded.
    if (kind !== 'load') this.#announceLost(error);
  }

  #announceLost(error: RoundsError): void {
    this.#modelInput = null;
    for (const listener of this.#lostListeners) listener(error);
  }
}
