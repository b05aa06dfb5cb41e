/** Measures the transfer speed over the last seconds and estimates the remaining time. */

const WINDOW_MS = 8_000;
/** Over a shorter time, a measurement is too noisy. */
const MIN_SPAN_MS = 1_000;
const SAMPLE_EVERY_MS = 200;

interface Sample {
  at: number;
  received: number;
}

export class SpeedMeter {
  readonly #now: () => number;
  /** The first sample is the start of the window. */
  #samples: Sample[] = [];
  #done = 0;
  /** All bytes received, including bytes fetched again. */
  #received = 0;

  /** @param now a monotonic clock in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Records progress.
   * @param done bytes so far; decreases if a part is fetched again. The first call sets the starting point.
   */
  add(done: number): void {
    const at = this.#now();
    const last = this.#samples.at(-1);
    if (last) this.#received += Math.max(0, done - this.#done);
    this.#done = done;
    if (last && at - last.at < SAMPLE_EVERY_MS) return;
    this.#samples.push({ at, received: this.#received });
    while ((this.#samples[1]?.at ?? at) < at - WINDOW_MS) this.#samples.shift();
  }

  /** Measured up to now, so it decreases while nothing arrives; 0 before the first measurement. */
  get bytesPerSecond(): number {
    const first = this.#samples[0];
    if (!first) return 0;
    const span = this.#now() - first.at;
    return span < MIN_SPAN_MS ? 0 : ((this.#received - first.received) * 1000) / span;
  }

  /** Null while the speed is 0. @param total in bytes */
  secondsLeft(total: number): number | null {
    const speed = this.bytesPerSecond;
    return speed > 0 ? Math.max(total - this.#done, 0) / speed : null;
  }
}
