/** The model in use: the embedded one, a stored one, or one for this visit only. Stored for the next visit. */
import { t } from '../../i18n/i18n.svelte';
import type { CatalogueEntry } from '../../catalogue/catalogueFile';
import { storedText, type StoredText } from '../../browser/storedText';
import type { SessionPack, StoredModel } from '../../../shared/library';
import type { PackLocation } from '../../../shared/protocol';
import type { PresetId } from '../../../shared/presets';
import type { ModelState } from './modelState.svelte';

const STALLED = 'stalled ';

export type ChosenModel =
  | { kind: 'embedded' }
  | { kind: 'stored'; id: string; name: string; repo: string }
  | { kind: 'session'; name: string; repo: string; pack: SessionPack };

/** Why the last visit's model isn't loaded. */
const NOTICES = {
  missing: 'library.lastModelMissing',
  incomplete: 'library.lastModelIncomplete',
  unreadable: 'library.lastModelUnreadable',
} as const;

export interface ModelChoiceOptions {
  model: ModelState;
  embedded: PackLocation;
  /** All models of the library; called only if the last visit used a stored one. */
  listStored: () => Promise<StoredModel[]>;
  /** The catalogue's entry for a repository. */
  entryOf: (repo: string) => Promise<CatalogueEntry | null>;
  usePreset: (preset: PresetId) => void;
}

export class ModelChoice {
  chosen = $state.raw<ChosenModel>({ kind: 'embedded' });
  /** Why the last visit's model wasn't loaded, as a sentence. */
  notice = $state('');

  readonly #options: ModelChoiceOptions;
  /** Id of the stored model in use; null for the embedded one. */
  readonly #storedId: StoredText = storedText('rounds.model');
  /**
   * Id of the model while it loads. If it is still set at the next start, loading that model crashed the page; after STALLED, it
   * hung.
   */
  readonly #loading: StoredText = storedText('rounds.loading', { always: true });

  constructor(options: ModelChoiceOptions) {
    this.#options = options;
    // Leaving the page while a model loads is not a crash, but a load that hangs would hang again.
    addEventListener('pagehide', () => {
      if (this.#loading.get()?.startsWith(STALLED)) return;
      this.#loading.set(this.#stalledMark(options.model.isStalled));
    });
  }

  /** Loads the last visit's model, or the embedded one if that is missing or crashed the page. */
  async start(): Promise<void> {
    const id = this.#storedId.get();
    if (id === null) return this.#load({ kind: 'embedded' });
    const stored = await this.#find(id);
    if (typeof stored === 'string') {
      if (stored === 'missing') this.#storedId.set(null);
      this.notice = t(NOTICES[stored]);
      return this.#load({ kind: 'embedded' });
    }
    const mark = this.#loading.get();
    if (mark === id || mark === STALLED + id) {
      this.#loading.set(null);
      const key = mark === id ? 'library.pageClosedWhileLoading' : 'library.hungWhileLoading';
      this.notice = t(key, { name: stored.name });
      return this.#load({ kind: 'embedded' });
    }
    return this.#load({ kind: 'stored', id, name: stored.name, repo: stored.source.repo });
  }

  useEmbedded(): Promise<void> {
    this.#storedId.set(null);
    return this.#use({ kind: 'embedded' });
  }

  useStored({ id, name, source }: StoredModel): Promise<void> {
    this.#storedId.set(id);
    return this.#use({ kind: 'stored', id, name, repo: source.repo });
  }

  useSession(name: string, repo: string, pack: SessionPack): Promise<void> {
    this.#storedId.set(null);
    return this.#use({ kind: 'session', name, repo, pack });
  }

  isInUse(id: string): boolean {
    return this.chosen.kind === 'stored' && this.chosen.id === id;
  }

  async #use(chosen: ChosenModel): Promise<void> {
    this.notice = '';
    const loading = this.#load(chosen);
    if (chosen.kind !== 'embedded') {
      const entry = await this.#options.entryOf(chosen.repo);
      // Another model may have been chosen meanwhile.
      if (entry && this.chosen === chosen) this.#options.usePreset(entry.model.preset);
    }
    return loading;
  }

  async #load(chosen: ChosenModel): Promise<void> {
    this.chosen = chosen;
    if (chosen.kind === 'stored') this.#loading.set(chosen.id);
    await this.#options.model.use(this.#location(chosen));
    if (this.chosen === chosen)
      this.#loading.set(this.#stalledMark(this.#options.model.error?.code === 'load_stalled'));
  }

  #stalledMark(isStalled: boolean): string | null {
    return isStalled && this.chosen.kind === 'stored' ? STALLED + this.chosen.id : null;
  }

  #location(chosen: ChosenModel): PackLocation {
    switch (chosen.kind) {
      case 'embedded':
        return this.#options.embedded;
      case 'stored':
        return { kind: 'stored', id: chosen.id };
      case 'session':
        return { kind: 'session', pack: chosen.pack };
    }
  }

  /** The model, or why it can't be loaded. Only what is known to be gone is forgotten. */
  async #find(id: string): Promise<StoredModel | keyof typeof NOTICES> {
    try {
      const model = (await this.#options.listStored()).find((stored) => stored.id === id);
      if (!model) return 'missing';
      return model.complete ? model : 'incomplete';
    } catch {
      // Without the library no stored model can be loaded; the library's dialog shows why.
      return 'unreadable';
    }
  }
}
