/** Estimates how much longer a stage takes from its speed so far. Use one instance for a series of stages. */
import type { Stage } from '../../shared/protocol';
import { stepOf, type Step } from './steps';

/** Below these limits an estimate would be noise. */
const MIN_ELAPSED_MS = 400;
const MIN_SHARE = 0.03;

export interface StageProgress {
  stage: Stage;
  done: number;
  total: number;
  /** Null until an estimate is possible. */
  msLeft: number | null;
  /** The step of the series. It never goes back, even if a stage is repeated. */
  step: Step;
}

export class TimeLeft {
  #stage: Stage | null = null;
  #startMs = 0;
  /** Progress at the start of the stage: shards that are stored already are counted at once. */
  #startDone = 0;
  #step: Step | null = null;

  constructor(private readonly now: () => number = () => performance.now()) {}

  report(stage: Stage, done: number, total: number): StageProgress {
    if (stage !== this.#stage) {
      this.#stage = stage;
      this.#startMs = this.now();
      this.#startDone = done;
    }
    const step = stepOf(stage, done, total, this.#step);
    this.#step = step;
    return { stage, done, total, msLeft: this.#estimate(done, total), step };
  }

  #estimate(done: number, total: number): number | null {
    const elapsedMs = this.now() - this.#startMs;
    const gained = done - this.#startDone;
    if (total <= 0 || elapsedMs < MIN_ELAPSED_MS || gained < total * MIN_SHARE) return null;
    return (elapsedMs * Math.max(total - done, 0)) / gained;
  }
}
