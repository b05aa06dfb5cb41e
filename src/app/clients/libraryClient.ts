/**
 * The page's side of the library protocol (src/shared/library.ts). The first call starts the worker, which then also
 * reports what other tabs do; after a crash the next call starts a new one, and `add` resumes the download.
 */
import type {
  FromLibrary,
  JobState,
  LibraryCallName,
  LibraryCalls,
  LibraryRequest,
  StoredModel,
} from '../../shared/library';
import { NamedWorker as Worker } from './namedWorker';
import { WorkerLink, type WorkerPort } from './workerLink';

export type LibraryPort = WorkerPort<LibraryRequest, FromLibrary>;

/** What the page needs of the library: LibraryClient, or a scripted one in tests. */
export interface LibraryApi {
  /**
   * Params must be plain data (`$state.snapshot`); files and directory handles may be among them.
   * @throws RoundsError of the call; worker_crashed
   */
  call<K extends LibraryCallName>(kind: K, params: LibraryCalls[K][0]): Promise<LibraryCalls[K][1]>;
  /** All jobs of this browser, after each change (at most a few times a second). Returns a function that unsubscribes. */
  onJobs(listener: (jobs: JobState[]) => void): () => void;
  /** All stored models, after each change here or in another tab. Returns a function that unsubscribes. */
  onModels(listener: (models: StoredModel[]) => void): () => void;
  dispose(): void;
}

function startWorker(): LibraryPort {
  return new Worker(new URL('../../worker/library.worker.ts', import.meta.url), {
    type: 'module',
    name: 'library',
  });
}

export class LibraryClient implements LibraryApi {
  readonly #link: WorkerLink<LibraryRequest, FromLibrary>;
  readonly #jobListeners = new Set<(jobs: JobState[]) => void>();
  readonly #modelListeners = new Set<(models: StoredModel[]) => void>();

  constructor(makePort: () => LibraryPort = startWorker) {
    this.#link = new WorkerLink('The library', makePort, {
      receive: (message) => this.#receive(message),
      // Its jobs ended with it; the data they stored is still there.
      crashed: () => this.#notify(this.#jobListeners, []),
    });
  }

  call<K extends LibraryCallName>(kind: K, params: LibraryCalls[K][0]): Promise<LibraryCalls[K][1]> {
    const id = this.#link.nextId();
    // The worker answers request `id`, whose kind is K.
    return this.#link.request(id, { id, call: kind, params } as LibraryRequest) as Promise<
      LibraryCalls[K][1]
    >;
  }

  onJobs(listener: (jobs: JobState[]) => void): () => void {
    this.#jobListeners.add(listener);
    return () => this.#jobListeners.delete(listener);
  }

  onModels(listener: (models: StoredModel[]) => void): () => void {
    this.#modelListeners.add(listener);
    return () => this.#modelListeners.delete(listener);
  }

  dispose(): void {
    this.#link.dispose();
    this.#jobListeners.clear();
    this.#modelListeners.clear();
  }

  #receive(message: FromLibrary): void {
    switch (message.type) {
      case 'result':
        return this.#link.resolveRequest(message.id, { result: message.result });
      case 'error':
        return this.#link.resolveRequest(message.id, { error: message.error });
      case 'jobs':
        return this.#notify(this.#jobListeners, message.jobs);
      case 'models':
        return this.#notify(this.#modelListeners, message.models);
    }
  }

  #notify<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
    for (const listener of listeners) listener(value);
  }
}
