/**
 * Registers the service worker and reports whether offline use and updates are ready. It is a Svelte store
 * (`$offline.offlineReady`) with plain subscriptions: without runes it can be tested in Node.
 *
 * Registering is what fetches the whole site for offline use, so it waits until nothing else needs the network. A worker of an
 * earlier visit is at work before that.
 */
export interface OfflineState {
  /** False if the browser has no service workers, or doesn't allow them on this (insecure) page. */
  supported: boolean;
  /** The app now opens without a network (models are stored separately). */
  offlineReady: boolean;
  /** A newer version is installed and is waiting for `applyUpdate`. */
  updateReady: boolean;
  /** Why registration failed, or null. */
  error: string | null;
}

export class OfflineSupport {
  #state: OfflineState;
  #listeners = new Set<(state: OfflineState) => void>();
  #registration: ServiceWorkerRegistration | null = null;
  #isRegistered = false;
  readonly #container: ServiceWorkerContainer | undefined;
  readonly #reload: () => void;

  constructor(container: ServiceWorkerContainer | undefined, reload: () => void) {
    this.#container = container;
    this.#reload = reload;
    this.#state = {
      supported: container !== undefined,
      offlineReady: false,
      updateReady: false,
      error: null,
    };
  }

  get state(): OfflineState {
    return this.#state;
  }

  subscribe(listener: (state: OfflineState) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#state);
    return () => this.#listeners.delete(listener);
  }

  /** Reports what an earlier visit has installed, without fetching anything. Never rejects. */
  async findInstalled(): Promise<void> {
    const container = this.#container;
    if (!container?.controller) return;
    this.#set({ offlineReady: true });
    const registration = await container.getRegistration().catch(() => undefined);
    if (registration) this.#adopt(registration);
  }

  /** Fetches the site for offline use, or looks for a newer version of it. Only the first call counts. */
  async register(scriptUrl: string): Promise<void> {
    const container = this.#container;
    if (!container || this.#isRegistered) return;
    this.#isRegistered = true;
    try {
      this.#adopt(await container.register(scriptUrl));
      await container.ready;
      this.#set({ offlineReady: true });
    } catch (thrown) {
      this.#set({ error: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  }

  /** Activates the waiting version and reloads. Ask the visitor first: a running answer is lost. */
  applyUpdate(): void {
    const waiting = this.#registration?.waiting;
    if (!waiting) return;
    this.#container?.addEventListener('controllerchange', () => this.#reload(), { once: true });
    waiting.postMessage({ type: 'SKIP_WAITING' });
  }

  #adopt(registration: ServiceWorkerRegistration): void {
    if (registration.waiting && this.#container?.controller) this.#set({ updateReady: true });
    if (this.#registration === registration) return;
    this.#registration = registration;
    registration.addEventListener('updatefound', () => this.#watch(registration.installing));
    this.#watch(registration.installing);
  }

  #watch(worker: ServiceWorker | null): void {
    worker?.addEventListener('statechange', () => {
      // Without a controller it is the first version, which activates by itself.
      if (worker.state === 'installed' && this.#container?.controller) this.#set({ updateReady: true });
    });
  }

  #set(change: Partial<OfflineState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener(this.#state);
  }
}

/** Call it once. The development server has no service worker. */
export function offlineSupport(): OfflineSupport {
  const container =
    import.meta.env.PROD && 'serviceWorker' in navigator ? navigator.serviceWorker : undefined;
  const support = new OfflineSupport(container, () => location.reload());
  void support.findInstalled();
  // Whoever leaves the page now may come back without a network.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') registerServiceWorker(support);
  });
  return support;
}

/** Relative to the page: the app may live in any folder. */
export function registerServiceWorker(support: OfflineSupport): void {
  void support.register(new URL('sw.js', document.baseURI).href);
}
