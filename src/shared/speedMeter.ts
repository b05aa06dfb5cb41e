/** How fast bytes came over the last seconds, and how long the rest will take at that speed. */

const WINDOW_MS = 8_000;
/** Below this an estimate is noise. */
const MIN_SPAN_MS = 1_000;
const SAMPLE_EVERY_MS = 200;

interface Sample {
  at: number;
  gained: number;
}

export class SpeedMeter {
  readonly #now: () => number;
  /** The first is the start of the window. */
  #samples: Sample[] = [];
  #done = 0;
  /** Bytes that came, also such that had to be fetched again. */
  #gained = 0;

  /** @param now a monotonic clock in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @param done bytes so far; falls where a part is fetched again. The first call says what was there before. */
  add(done: number): void {
    const at = this.#now();
    const last = this.#samples.at(-1);
    if (last) this.#gained += Math.max(0, done - this.#done);
    this.#done = done;
    if (last && at - last.at < SAMPLE_EVERY_MS) return;
    this.#samples.push({ at, gained: this.#gained });
    while ((this.#samples[1]?.at ?? at) < at - WINDOW_MS) this.#samples.shift();
  }

  /** Up to now, so that it falls while nothing comes; 0 before there is a measure. */
  get bytesPerSecond(): number {
    const first = this.#samples[0];
    if (!first) return 0;
    const span = this.#now() - first.at;
    return span < MIN_SPAN_MS ? 0 : ((this.#gained - first.gained) * 1000) / span;
  }

  /** null while there is no speed. */
  secondsLeft(total: number): number | null {
    const speed = this.bytesPerSecond;
    return speed > 0 ? Math.max(total - this.#done, 0) / speed : null;
  }
}
