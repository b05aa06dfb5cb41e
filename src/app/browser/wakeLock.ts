/**
 * Keeps the machine from going to sleep while something long is being done. A browser takes the lock back when the page
 * is hidden, so it is asked for again when the page is seen again. Where there is no wake lock, or the battery is low,
 * nothing happens: what was being done resumes anyway.
 */
export class WakeLock {
  #wanted = false;
  #lock: Promise<WakeLockSentinel | null> | null = null;
  readonly #document: Pick<Document, 'visibilityState' | 'addEventListener'>;
  readonly #request: () => Promise<WakeLockSentinel>;

  constructor(
    page: Pick<Document, 'visibilityState' | 'addEventListener'> = document,
    request = (): Promise<WakeLockSentinel> => navigator.wakeLock.request('screen'),
  ) {
    this.#document = page;
    this.#request = request;
    page.addEventListener('visibilitychange', () => this.#update());
  }

  /** Holds the lock from now on, or gives it back. */
  hold(wanted: boolean): void {
    this.#wanted = wanted;
    this.#update();
  }

  #update(): void {
    if (!this.#wanted) {
      void this.#lock?.then((lock) => lock?.release());
      this.#lock = null;
    } else if (!this.#lock && this.#document.visibilityState === 'visible') this.#lock = this.#take();
  }

  async #take(): Promise<WakeLockSentinel | null> {
    try {
      const lock = await this.#request();
      lock.addEventListener('release', () => (this.#lock = null));
      return lock;
    } catch {
      this.#lock = null;
      return null;
    }
  }
}
