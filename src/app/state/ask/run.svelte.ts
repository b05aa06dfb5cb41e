/** What one answer and a group of rollouts have in common: waiting for the model, phases, a clock, stopping, errors. */
import { isPrivateVisit } from '../../browser/privateVisit';
import { isoNow } from '../../cases/caseFormat';
import type { SavedDevice } from '../../../shared/device';
import { RoundsError, type ErrorCode } from '../../../shared/errors';
import type { PackSource } from '../../../shared/pack';
import type { ModelInfo, Phase, Stage, Update } from '../../../shared/protocol';
import type { EngineApi } from '../../clients/engineClient';
import type { Asked } from '../../question/prompting';
import { TimeLeft, type StageProgress } from '../timeLeft';

/** Often enough for a tenth of a second in the clock, seldom enough to cost nothing. */
const CLOCK_MS = 100;

/** The model went with these; what the page holds of the run is still there. */
const LOSSES: ReadonlySet<ErrorCode> = new Set(['device_lost', 'worker_crashed']);

export type RunStatus = 'waiting' | 'running' | 'done' | 'stopped' | 'failed';
/** What the engine is doing, in the words of the page. */
/** `recovering`: the model was lost under it and is being loaded again. */
export type RunPhase =
  'waiting' | 'recovering' | Extract<Stage, 'image' | 'vision' | 'prefill'> | Phase | 'over';

/** What a run needs of the page. */
export interface RunContext {
  engine: EngineApi;
  /** Resolves once the model can answer. */
  modelReady: () => Promise<ModelInfo>;
  /**
   * Resolves once the model is back that was lost under a run (`error` says how); rejects with `error` where it does not
   * come back.
   */
  modelBack: (lost: ModelInfo, error: RoundsError) => Promise<ModelInfo>;
}

/** The model that answers: of what ModelInfo tells, as much as a saved case can hold. */
export type RunModel = Pick<ModelInfo, 'name' | 'packHash' | 'parameters' | 'weights'> & {
  source: Pick<PackSource, 'repo' | 'revision' | 'license'>;
  device: SavedDevice;
};

/** What makes a question the same one on a later visit. */
export interface RunOrigin {
  /** UUIDs. */
  uid: string;
  caseId: string;
  /** ISO time. */
  askedAt: string;
}

/** What a run was when it was saved. */
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
  /** Questions about the same images belong together; see Cases. */
  readonly caseId: string;
  readonly askedAt: string;
  /** Asked in a private visit, so it is never kept. */
  readonly isPrivate: boolean = isPrivateVisit();
  readonly asked: Asked;
  status = $state<RunStatus>('waiting');
  phase = $state<RunPhase>('waiting');
  progress = $state.raw<StageProgress | null>(null);
  /** Since the question was put to the engine; stands still when the run is over, and goes on when it is continued. */
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
   * Waits for the model, then does the work. Never rejects: the outcome is in `status` and `error`.
   * @param work returns how it ended
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
      this.#begin(info);
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
   * After a failure in the middle of a run: waits for the model if it was lost, so that the run can go on.
   * @throws RoundsError the failure itself where it is another, or where the model does not come back; aborted
   */
  protected async recovered(
    { modelBack }: RunContext,
    lost: ModelInfo,
    thrown: unknown,
    signal: AbortSignal,
  ): Promise<ModelInfo> {
    const error = RoundsError.from(thrown);
    if (!LOSSES.has(error.code) || signal.aborted) throw error;
    this.phase = 'recovering';
    this.progress = null;
    const info = await untilAborted(modelBack(lost, error), signal);
    this.#refuseAnotherModel(info);
    return info;
  }

  /** Takes the state of a run of an earlier visit. */
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

  /** Brings the clock up to now. */
  protected tick(): void {
    if (this.#startedMs > 0) this.elapsedMs = performance.now() - this.#startedMs;
  }

  #begin(info: ModelInfo): void {
    this.#refuseAnotherModel(info);
    this.model = info;
    this.status = 'running';
    this.phase = 'image';
    this.#startedMs = performance.now() - this.elapsedMs;
    this.#clock = setInterval(() => this.tick(), CLOCK_MS);
  }

  /** Ids mean nothing to another model. */
  #refuseAnotherModel({ packHash }: ModelInfo): void {
    if (this.model === null || this.model.packHash === packHash) return;
    throw new RoundsError(
      'model_changed',
      'Another model wrote this answer; ask the question again instead.',
    );
  }
}

/** A model may take minutes to load; Stop must not wait for it. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new RoundsError('aborted', 'Stopped before it began.')), {
      once: true,
    });
    promise.then(resolve, reject);
  });
}
