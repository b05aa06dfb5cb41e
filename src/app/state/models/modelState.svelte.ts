/** The one loaded model: how far its loading is, what it is once loaded, and why it is not there. */
import { RoundsError } from '../../../shared/errors';
import type { BackendName, ModelInfo, PackLocation } from '../../../shared/protocol';
import type { EngineApi } from '../../clients/engineClient';
import { TimeLeft, type StageProgress } from '../timeLeft';

/** A device that is lost again so soon would only be lost once more: stop and say so. */
const RECOVERY_PAUSE_MS = 30_000;

export type ModelStatus = 'idle' | 'loading' | 'ready' | 'failed';

export class ModelState {
  status = $state<ModelStatus>('idle');
  /** True while a model that was lost is being loaded again. */
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

  constructor(engine: EngineApi, pack: PackLocation, backend: BackendName | 'auto', onReady: () => void) {
    this.#engine = engine;
    this.#pack = pack;
    this.backend = backend;
    this.#onReady = onReady;
    engine.onLost((error) => this.#recover(error));
  }

  /** Loads, or loads anew; never rejects: the outcome is in `status` and `error`. */
  load(): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.#loading = this.#load(abort);
    return this.#loading;
  }

  /** Resolves once the model can answer; rejects with the reason why it can't. */
  async ready(): Promise<ModelInfo> {
    // A newer load may have replaced the one that was waited for.
    while (this.status === 'loading') await this.#loading;
    if (!this.info) throw this.error ?? new RoundsError('model_not_loaded', 'No model is loaded.');
    return this.info;
  }

  /**
   * After a run has failed because its model was lost: the model as it is once it is back.
   * @throws RoundsError `error` where it is given up; what the load failed with
   */
  modelBack(lost: ModelInfo, error: RoundsError): Promise<ModelInfo> {
    // The run may hear of it before the page does, or after the model is back already.
    if (this.info === lost) this.#recover(error);
    return this.ready();
  }

  /** Loads the model again and has its numbers checked anew, whatever earlier visits found. */
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

  /** Another model takes the place of this one. */
  use(pack: PackLocation): Promise<void> {
    this.#pack = pack;
    return this.load();
  }

  async #load(abort: AbortController): Promise<void> {
    this.status = 'loading';
    this.error = null;
    this.info = null;
    this.progress = null;
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
      this.#fail(RoundsError.from(thrown));
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
    // A crash while loading rejects the load itself, which says what is to be said.
    if (this.status !== 'ready') return;
    const sinceLastMs = performance.now() - this.#lostAtMs;
    this.#lostAtMs = performance.now();
    if (sinceLastMs < RECOVERY_PAUSE_MS) {
      this.#fail(error);
      return;
    }
    this.recovering = true;
    void this.load();
  }
}
