/**
 * Keeps the machine awake during long work. The browser releases the lock when the page is hidden, so it is requested again
 * when the page becomes visible. Without wake locks, or on a low battery, nothing happens: the work can be resumed anyway.
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

  /** Requests the lock, or releases it. */
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
