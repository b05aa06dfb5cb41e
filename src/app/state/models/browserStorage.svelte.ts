/** What the browser stores for the model library, and whether it promised not to delete it. */
import type { StorageReport } from '../../../shared/library';
import type { LibraryApi } from '../../clients/libraryClient';

export class BrowserStorage {
  report = $state.raw<StorageReport | null>(null);
  /** The browser's answer to the request for persistent storage; null before the request. */
  persistAnswer = $state<boolean | null>(null);
  readonly #library: LibraryApi;
  readonly #persist: () => Promise<boolean>;

  /** @param persist navigator.storage.persist, where there is one */
  constructor(library: LibraryApi, persist = () => navigator.storage.persist()) {
    this.#library = library;
    this.#persist = persist;
  }

  /** @throws RoundsError of the worker */
  async read(): Promise<void> {
    this.report = await this.#library.call('storage', {});
  }

  /** Never rejects: the last report stays, which is an estimate anyway. */
  async refresh(): Promise<void> {
    await this.read().catch(() => undefined);
  }

  /** Asks the browser not to delete the models when space runs low; best from a click. */
  async requestPersistence(): Promise<void> {
    try {
      this.persistAnswer = await this.#persist();
    } catch {
      // Not supported, or an insecure page: the same as a refusal.
      this.persistAnswer = false;
    }
    await this.refresh();
  }

  /** Persistence is requested after the first model was stored: before, there is nothing to protect. */
  async afterStored(): Promise<void> {
    if (this.persistAnswer === null && this.report?.persisted !== true) await this.requestPersistence();
    else await this.refresh();
  }
}
