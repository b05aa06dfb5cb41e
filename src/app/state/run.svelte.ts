/** What one answer and a group of rollouts have in common: waiting for the model, phases, a clock, stopping, errors. */
import { RoundsError } from '../../shared/errors';
import type { ModelInfo, Phase, Stage, Update } from '../../shared/protocol';
import type { EngineApi } from '../clients/engineClient';
import type { Asked } from '../prompting';
import { TimeLeft, type StageProgress } from './timeLeft';

/** Often enough for a tenth of a second in the clock, seldom enough to cost nothing. */
const CLOCK_MS = 100;

export type RunStatus = 'waiting' | 'running' | 'done' | 'stopped' | 'failed';
/** What the engine is doing, in the words of the page. */
export type RunPhase = 'waiting' | Extract<Stage, 'image' | 'vision' | 'prefill'> | Phase | 'over';

/** What a run needs of the page. */
export interface RunContext {
  engine: EngineApi;
  /** Resolves once the model can answer. */
  modelReady: () => Promise<ModelInfo>;
}

let nextId = 1;

export abstract class Run {
  readonly id = nextId++;
  readonly asked: Asked;
  status = $state<RunStatus>('waiting');
  phase = $state<RunPhase>('waiting');
  progress = $state.raw<StageProgress | null>(null);
  /** Since the question was put to the engine; stands still when the run is over, and goes on when it is continued. */
  elapsedMs = $state(0);
  error = $state.raw<RoundsError | null>(null);
  /** The model that answers. */
  model = $state.raw<ModelInfo | null>(null);

  isOver = $derived(this.status !== 'waiting' && this.status !== 'running');

  #abort = new AbortController();
  #timeLeft = new TimeLeft();
  #startedMs = 0;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor(asked: Asked) {
    this.asked = asked;
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
      'request_invalid',
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
