/**
 * Notices requests that make no progress. Time in which this page slept or was throttled itself doesn't count, because the worker
 * may have slept too, and its messages may be waiting.
 */

/** How long a request may take, in milliseconds. */
export interface Patience {
  /** Without any message of the worker: it is blocked or gone. */
  silentMs: number;
  /** Without progress of any request, though the worker is alive. */
  idleMs?: number;
  /** Whatever happens meanwhile. */
  totalMs?: number;
}

interface Watched extends Required<Patience> {
  silent: number;
  idle: number;
  total: number;
}

const TICK_MS = 250;
/** A tick that comes later than this was held up by the page itself. */
const LATE_MS = 2 * TICK_MS;

export class Watchdog {
  readonly #onStuck: (id: number) => void;
  readonly #watched = new Map<number, Watched>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #lastMs = 0;

  constructor(onStuck: (id: number) => void) {
    this.#onStuck = onStuck;
  }

  /** Watches a request from now on, instead of what was said about it before. */
  watch(id: number, patience: Patience): void {
    const limits = { idleMs: Infinity, totalMs: Infinity, ...patience };
    this.#watched.set(id, { ...limits, silent: 0, idle: 0, total: 0 });
    if (this.#timer !== undefined) return;
    this.#lastMs = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** The worker sent a message. */
  heard(): void {
    for (const watched of this.#watched.values()) watched.silent = 0;
  }

  /** A request made progress; one that waits for it waits for a good reason. */
  progress(): void {
    for (const watched of this.#watched.values()) watched.idle = 0;
  }

  forget(id: number): void {
    this.#watched.delete(id);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = performance.now();
    const passed = Math.min(now - this.#lastMs, LATE_MS);
    this.#lastMs = now;
    for (const [id, watched] of [...this.#watched]) {
      watched.silent += passed;
      watched.idle += passed;
      watched.total += passed;
      const { silent, silentMs, idle, idleMs, total, totalMs } = watched;
      const isStuck = silent >= silentMs || idle >= idleMs || total >= totalMs;
      if (!isStuck || !this.#watched.has(id)) continue;
      this.forget(id);
      this.#onStuck(id);
    }
  }
}
