/**
 * The page's side of the image protocol. Requests go to the worker one at a time, so that a hang is the fault of one file: then
 * the worker is ended, the request fails with that file's name, and the next one starts a new worker.
 */
import { RoundsError } from '../../shared/errors';
import type { FromImages, ImageCallName, ImageCalls, ImageRequest } from '../../shared/imageProtocol';
import { NamedWorker as Worker } from './namedWorker';
import type { Patience } from './watchdog';
import { WorkerLink, type WorkerPort } from './workerLink';

export type ImagePort = WorkerPort<ImageRequest, FromImages>;

/** A blocked thread sends nothing. One that waits for a file or for a decoder's download is alive, and may take longer. */
const PATIENCE: Patience = { silentMs: 10_000, totalMs: 120_000 };

function startWorker(): ImagePort {
  return new Worker(new URL('../../worker/image.worker.ts', import.meta.url), {
    type: 'module',
    name: 'images',
  });
}

export class ImageClient {
  readonly #link: WorkerLink<ImageRequest, FromImages>;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(makePort: () => ImagePort = startWorker) {
    this.#link = new WorkerLink('The image decoder', makePort, {
      receive: (message) => this.#receive(message),
      crashed: () => undefined,
      stuck: (id) => this.#link.endStuck(id, STUCK),
    });
  }

  /**
   * Aborting rejects at once; a decoder that is running finishes, and its result is dropped.
   * @throws RoundsError of the decoder, beginning with the file's name; aborted
   */
  call<K extends ImageCallName>(
    kind: K,
    params: ImageCalls[K][0],
    signal?: AbortSignal,
  ): Promise<ImageCalls[K][1]> {
    const run = this.#tail.then(() => this.#send(kind, params, signal));
    this.#tail = run.catch(() => undefined);
    return signal ? untilAborted(run, signal) : run;
  }

  dispose(): void {
    this.#link.dispose();
  }

  async #send<K extends ImageCallName>(
    kind: K,
    params: ImageCalls[K][0],
    signal?: AbortSignal,
  ): Promise<ImageCalls[K][1]> {
    if (signal?.aborted) throw new RoundsError('aborted', 'Stopped before it started.');
    const id = this.#link.nextId();
    try {
      // The worker answers request `id`, whose kind is K.
      const request = { id, call: kind, params } as ImageRequest;
      return (await this.#link.request(id, request, { patience: PATIENCE })) as ImageCalls[K][1];
    } catch (thrown) {
      throw blame(nameOf(params), RoundsError.from(thrown));
    }
  }

  #receive(message: FromImages): void {
    if (message.type === 'result') this.#link.resolveRequest(message.id, { result: message.result });
    if (message.type === 'error') this.#link.resolveRequest(message.id, { error: message.error });
  }
}

const STUCK = new RoundsError(
  'worker_crashed',
  'its decoder made no progress for 10 seconds and was stopped',
);

/** The file of a request, or the first of several. */
function nameOf(params: ImageCalls[ImageCallName][0]): string {
  return 'files' in params ? (params.files[0]?.name ?? 'file') : params.image.name;
}

/** Whatever ended the worker was this file, because it was alone there. */
function blame(name: string, error: RoundsError): RoundsError {
  if (error.code !== 'worker_crashed') return error;
  const reason = error === STUCK ? error.message : `its decoder crashed (${error.message})`;
  return new RoundsError(
    'image_invalid',
    `${name}: ${reason}. The file may be damaged, or need more memory than this device has. Save it again or choose another.`,
    { cause: error },
  );
}

/** The promise, or a rejection as soon as the signal says so. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new RoundsError('aborted', 'Stopped.'));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
