/**
 * Registers the service worker and says how far offline use and updates are. A store in Svelte's sense
 * (`$offline.offlineReady`), made of plain subscriptions so that it needs no runes and can be tested in Node.
 */
export interface OfflineState {
  /** False where the browser or an insecure address allows no service worker. */
  supported: boolean;
  /** The app itself opens without a network from now on (the model is a matter of its own store). */
  offlineReady: boolean;
  /** A newer version is installed and waits for `applyUpdate`. */
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

  /** Hands over to the waiting version and reloads. Ask the visitor first: a running answer is lost. */
  applyUpdate(): void {
    const waiting = this.#registration?.waiting;
    if (!waiting) return;
    this.#container?.addEventListener('controllerchange', () => this.#reload(), { once: true });
    waiting.postMessage({ type: 'SKIP_WAITING' });
  }

  #watch(worker: ServiceWorker | null): void {
    worker?.addEventListener('statechange', () => {
      // Without a controller it is the first version, which takes over by itself.
      if (worker.state === 'installed' && this.#container?.controller) this.#set({ updateReady: true });
    });
  }

  #set(change: Partial<OfflineState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener(this.#state);
  }
}

/** Called once by the page. The development server has no service worker. */
export function registerServiceWorker(): OfflineSupport {
  const container =
    import.meta.env.PROD && 'serviceWorker' in navigator ? navigator.serviceWorker : undefined;
  const support = new OfflineSupport(container, () => location.reload());
  // Relative to the page: the app may live in any folder.
  void support.register(new URL('sw.js', document.baseURI).href);
  return support;
}
