/** The common part of an answer and a group of rollouts: waiting for the model, phases, a clock, stopping, errors. */
import { isPrivateVisit } from '../../browser/privateVisit';
import { isoNow } from '../../cases/caseFormat';
import type { SavedDevice } from '../../../shared/device';
import { RoundsError, type ErrorCode } from '../../../shared/errors';
import type { PackSource } from '../../../shared/pack';
import type { ModelInfo, Phase, Stage, Update } from '../../../shared/protocol';
import type { EngineApi } from '../../clients/engineClient';
import type { Asked } from '../../question/prompting';
import { TimeLeft, type StageProgress } from '../timeLeft';

/** The clock shows tenths of a second. */
const CLOCK_MS = 100;

/**
 * Errors that lose the model, but not what the page has of the run. `model_not_loaded`: the worker has no model though the page
 * shows one, for whatever reason; then it is loaded again.
 */
const LOSSES: ReadonlySet<ErrorCode> = new Set(['device_lost', 'worker_crashed', 'model_not_loaded']);

export type RunStatus = 'waiting' | 'running' | 'done' | 'stopped' | 'failed';
/** What the engine is doing. `recovering`: the model was lost during the run and is being loaded again. */
export type RunPhase =
  'waiting' | 'recovering' | Extract<Stage, 'image' | 'vision' | 'prefill'> | Phase | 'over';

/** What a run needs of the page. */
export interface RunContext {
  engine: EngineApi;
  /** Resolves once the model can answer. */
  modelReady: () => Promise<ModelInfo>;
  /**
   * Resolves when the model that was lost during a run is loaded again; rejects with `error`, the cause of the loss, if it
   * isn't.
   */
  modelRecovered: (lost: ModelInfo, error: RoundsError) => Promise<ModelInfo>;
}

/** The model that answers: the part of ModelInfo that a saved case stores. */
export type RunModel = Pick<ModelInfo, 'name' | 'packHash' | 'parameters' | 'weights'> & {
  source: Pick<PackSource, 'repo' | 'revision' | 'license'>;
  device: SavedDevice;
};

/** Identifies a question across visits. */
export interface RunOrigin {
  /** UUIDs. */
  uid: string;
  caseId: string;
  /** ISO time. */
  askedAt: string;
}

/** The state of a run when it was saved. */
export interface SavedRun extends RunOrigin {
  status: 'done' | 'stopped' | 'failed';
  error: RoundsError | null;
  elapsedMs: number;
  model: RunModel | null;
}

let nextId = 1;

export abstract class Run {
  readonly id = nextId++;
  readonly uid: string;
  /** Questions about the same images belong to one case; see CaseState. */
  readonly caseId: string;
  readonly askedAt: string;
  /** Asked in a private visit, so it is never saved. */
  readonly isPrivate: boolean = isPrivateVisit();
  readonly asked: Asked;
  status = $state<RunStatus>('waiting');
  phase = $state<RunPhase>('waiting');
  progress = $state.raw<StageProgress | null>(null);
  /** Since the question was sent to the engine; stops when the run is over, and continues when the answer is continued. */
  elapsedMs = $state(0);
  error = $state.raw<RoundsError | null>(null);
  /** The model that answers. */
  model = $state.raw<RunModel | null>(null);

  isOver = $derived(this.status !== 'waiting' && this.status !== 'running');

  #abort = new AbortController();
  #timeLeft = new TimeLeft();
  #startedMs = 0;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor(asked: Asked, origin: Partial<RunOrigin> = {}) {
    this.asked = asked;
    this.uid = origin.uid ?? crypto.randomUUID();
    this.caseId = origin.caseId ?? crypto.randomUUID();
    this.askedAt = origin.askedAt ?? isoNow();
  }

  stop(): void {
    this.#abort.abort();
  }

  /**
   * Waits for the model, then does the work. Never rejects: see `status` and `error`.
   * @param work returns the final status
   */
  protected async perform(
    { modelReady }: RunContext,
    work: (info: ModelInfo, signal: AbortSignal) => Promise<RunStatus>,
  ): Promise<void> {
    this.#abort = new AbortController();
    this.#timeLeft = new TimeLeft();
    this.status = 'waiting';
    this.phase = 'waiting';
    this.error = null;
    try {
      const info = await untilAborted(modelReady(), this.#abort.signal);
      this.#start(info);
      this.status = await work(info, this.#abort.signal);
    } catch (thrown) {
      this.error = RoundsError.from(thrown);
      this.status = this.error.code === 'aborted' ? 'stopped' : 'failed';
    } finally {
      clearInterval(this.#clock);
      this.tick();
      this.#startedMs = 0;
      this.progress = null;
      this.phase = 'over';
    }
  }

  /**
   * After a failure during a run: if the model was lost, waits until it is loaded again, so that the run can continue.
   * @throws RoundsError the failure itself if the model wasn't lost or can't be loaded again; aborted
   */
  protected async recovered(
    context: RunContext,
    lost: ModelInfo,
    thrown: unknown,
    signal: AbortSignal,
  ): Promise<ModelInfo> {
    if (signal.aborted) throw RoundsError.from(thrown);
    const again = this.modelAgain(context, lost, thrown);
    if (isLoss(thrown)) {
      this.phase = 'recovering';
      this.progress = null;
    }
    const info = await untilAborted(again, signal);
    this.#requireSameModel(info);
    return info;
  }

  /** The model, loaded again after `thrown` lost it. @throws RoundsError `thrown` itself if it didn't */
  protected async modelAgain(
    { modelRecovered }: RunContext,
    lost: ModelInfo,
    thrown: unknown,
  ): Promise<ModelInfo> {
    if (!isLoss(thrown)) throw RoundsError.from(thrown);
    return modelRecovered(lost, RoundsError.from(thrown));
  }

  /** Restores the state of a run of an earlier visit. */
  protected restoreRun({ status, error, elapsedMs, model }: SavedRun): void {
    this.status = status;
    this.error = error;
    this.elapsedMs = elapsedMs;
    this.model = model;
    this.phase = 'over';
  }

  /** Follows the stages before the first token. */
  protected followStage(update: Update): void {
    if (update.kind !== 'progress') return;
    const { stage, done, total } = update;
    if (stage !== 'image' && stage !== 'vision' && stage !== 'prefill') return;
    this.phase = stage;
    this.progress = this.#timeLeft.report(stage, done, total);
  }

  /** Updates the clock. */
  protected tick(): void {
    if (this.#startedMs > 0) this.elapsedMs = performance.now() - this.#startedMs;
  }

  #start(info: ModelInfo): void {
    this.#requireSameModel(info);
    this.model = info;
    this.status = 'running';
    this.phase = 'image';
    this.#startedMs = performance.now() - this.elapsedMs;
    this.#clock = setInterval(() => this.tick(), CLOCK_MS);
  }

  /** Token ids are valid only for the model that wrote them. */
  #requireSameModel({ packHash }: ModelInfo): void {
    if (this.model === null || this.model.packHash === packHash) return;
    throw new RoundsError(
      'model_changed',
      'Another model wrote this answer. Ask the question again instead.',
    );
  }
}

function isLoss(thrown: unknown): boolean {
  return LOSSES.has(RoundsError.from(thrown).code);
}

/** Loading a model may take minutes, and Stop must not wait for it. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new RoundsError('aborted', 'Stopped before it started.')), {
      once: true,
    });
    promise.then(resolve, reject);
  });
}
