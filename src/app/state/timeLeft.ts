/** How much longer a stage takes, from how fast it went so far. One instance for a whole series of stages. */
import type { Stage } from '../../shared/protocol';
import { stepOf, type Step } from './steps';

/** Below these an estimate is noise: the first chunk of a download says little. */
const MIN_ELAPSED_MS = 400;
const MIN_SHARE = 0.03;

export interface StageProgress {
  stage: Stage;
  done: number;
  total: number;
  /** Null until there is enough to judge by. */
  msLeft: number | null;
  /** Which of the steps this is. It never goes back, also where a stage has to be done twice. */
  step: Step;
}

export class TimeLeft {
  #stage: Stage | null = null;
  #startMs = 0;
  /** What was done when the stage began: shards that are already stored come in one jump. */
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
