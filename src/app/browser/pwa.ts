/**
 * Registers the service worker and reports whether offline use and updates are ready. It is a Svelte store
 * (`$offline.offlineReady`) with plain subscriptions: without runes it can be tested in Node.
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

  async register(scriptUrl: string): Promise<void> {
    const container = this.#container;
    if (!container) return;
    try {
      const registration = await container.register(scriptUrl);
      this.#registration = registration;
      registration.addEventListener('updatefound', () => this.#watch(registration.installing));
      this.#watch(registration.installing);
      if (registration.waiting && container.controller) this.#set({ updateReady: true });
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
export function registerServiceWorker(): OfflineSupport {
  const container =
    import.meta.env.PROD && 'serviceWorker' in navigator ? navigator.serviceWorker : undefined;
  const support = new OfflineSupport(container, () => location.reload());
  // Relative to the page: the app may live in any folder.
  void support.register(new URL('sw.js', document.baseURI).href);
  return support;
}
