/** The loaded model: progress while it loads, its facts once it is loaded, and the error if it isn't. */
import { RoundsError, type ErrorCode } from '../../../shared/errors';
import type { BackendName, ModelInfo, PackLocation } from '../../../shared/protocol';
import type { EngineApi } from '../../clients/engineClient';
import { TimeLeft, type StageProgress } from '../timeLeft';

/** If the device is lost again within this time, recovery stops with the error. */
const RECOVERY_PAUSE_MS = 30_000;

/** A load that ends this way may well work the next time. */
const LOSSES: ReadonlySet<ErrorCode> = new Set(['device_lost', 'worker_crashed']);

/** A load without progress for this long is taken for hung if the visitor leaves now. */
const STALL_MS = 10_000;

export type ModelStatus = 'idle' | 'loading' | 'ready' | 'failed';

export class ModelState {
  status = $state<ModelStatus>('idle');
  /** True while a lost model is being loaded again. */
  recovering = $state(false);
  progress = $state.raw<StageProgress | null>(null);
  info = $state.raw<ModelInfo | null>(null);
  error = $state.raw<RoundsError | null>(null);
  backend = $state<BackendName | 'auto'>('auto');

  readonly #engine: EngineApi;
  readonly #onReady: () => void;
  #pack: PackLocation;
  #abort: AbortController | null = null;
  #loading: Promise<void> | null = null;
  #recheck = false;
  #lostAtMs = Number.NEGATIVE_INFINITY;
  #progressAtMs = 0;

  constructor(engine: EngineApi, pack: PackLocation, backend: BackendName | 'auto', onReady: () => void) {
    this.#engine = engine;
    this.#pack = pack;
    this.backend = backend;
    this.#onReady = onReady;
    engine.onLost((error) => this.#recover(error));
  }

  /** A load is running and has made no progress for a while. */
  get isStalled(): boolean {
    return this.status === 'loading' && performance.now() - this.#progressAtMs >= STALL_MS;
  }

  /** Loads the model, again if it is loaded already. Never rejects: see `status` and `error`. */
  load(): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.#loading = this.#load(abort);
    return this.#loading;
  }

  /** Resolves once the model is loaded; rejects with the reason if it can't be. */
  async ready(): Promise<ModelInfo> {
    // A newer load may have replaced this one.
    while (this.status === 'loading') await this.#loading;
    if (!this.info) throw this.error ?? new RoundsError('model_not_loaded', 'No model is loaded.');
    return this.info;
  }

  /**
   * Call it after a run failed because its model was lost. Resolves once the model is loaded again.
   * @throws RoundsError `error` if the model isn't loaded again; the error of the load if that fails
   */
  modelRecovered(lost: ModelInfo, error: RoundsError): Promise<ModelInfo> {
    // The run may notice the loss before the page does, or after the model was loaded again.
    if (this.info === lost) this.#recover(error);
    return this.ready();
  }

  /** Loads the model again and repeats its self-test, ignoring stored results. */
  recheck(): Promise<void> {
    this.#recheck = true;
    return this.load();
  }

  useBackend(backend: BackendName | 'auto'): Promise<void> {
    this.backend = backend;
    return this.load();
  }

  loadWithoutCache(): Promise<void> {
    if (this.#pack.kind === 'url') this.#pack = { ...this.#pack, cache: false };
    return this.load();
  }

  /** Replaces the model by another one. */
  use(pack: PackLocation): Promise<void> {
    this.#pack = pack;
    return this.load();
  }

  async #load(abort: AbortController): Promise<void> {
    this.status = 'loading';
    this.error = null;
    this.info = null;
    this.progress = null;
    this.#progressAtMs = performance.now();
    const timeLeft = new TimeLeft();
    const recheck = this.#recheck;
    this.#recheck = false;
    try {
      const info = await this.#engine.call(
        'load',
        { pack: this.#pack, backend: this.backend, activations: 'auto', ...(recheck ? { recheck } : {}) },
        {
          signal: abort.signal,
          onUpdate: (update) => {
            if (abort.signal.aborted || update.kind !== 'progress') return;
            this.#progressAtMs = performance.now();
            this.progress = timeLeft.report(update.stage, update.done, update.total);
          },
        },
      );
      if (abort.signal.aborted) return;
      this.info = info;
      this.status = 'ready';
      this.#onReady();
    } catch (thrown) {
      if (abort.signal.aborted) return;
      const error = RoundsError.from(thrown);
      if (LOSSES.has(error.code) && this.#mayRecover()) {
        this.recovering = true;
        return this.load();
      }
      this.#fail(error);
    }
    this.recovering = false;
    this.progress = null;
  }

  #fail(error: RoundsError): void {
    this.status = 'failed';
    this.info = null;
    this.error = error;
  }

  #recover(error: RoundsError): void {
    // A loss while loading rejects the load itself.
    if (this.status !== 'ready') return;
    // Ended because the visitor asked for it, the worker has nothing that could fail again.
    if (error.code !== 'aborted' && !this.#mayRecover()) {
      this.#fail(error);
      return;
    }
    this.recovering = true;
    void this.load();
  }

  /** Not twice within RECOVERY_PAUSE_MS. */
  #mayRecover(): boolean {
    const sinceLastMs = performance.now() - this.#lostAtMs;
    this.#lostAtMs = performance.now();
    return sinceLastMs >= RECOVERY_PAUSE_MS;
  }
}
