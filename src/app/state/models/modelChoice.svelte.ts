/** Which model is used: the embedded one, a stored one, or one for this visit only; remembered for the next visit. */
import { t } from '../../i18n/i18n.svelte';
import type { CatalogueEntry } from '../../catalogue/catalogueFile';
import { keptText, type KeptText } from '../../browser/keptText';
import { RoundsError } from '../../../shared/errors';
import type { SessionPack, StoredModel } from '../../../shared/library';
import type { PackLocation } from '../../../shared/protocol';
import type { PresetId } from '../../../shared/presets';
import type { ModelState } from './modelState.svelte';

export type ChosenModel =
  | { kind: 'embedded' }
  | { kind: 'stored'; id: string; name: string; repo: string }
  | { kind: 'session'; name: string; repo: string; pack: SessionPack };

export interface ModelChoiceOptions {
  model: ModelState;
  embedded: PackLocation;
  /** All models of the library; asked only where one is remembered. */
  listStored: () => Promise<StoredModel[]>;
  /** What the catalogue says about a repository. */
  entryOf: (repo: string) => Promise<CatalogueEntry | null>;
  usePreset: (preset: PresetId) => void;
}

export class ModelChoice {
  chosen = $state.raw<ChosenModel>({ kind: 'embedded' });
  /** Why another model than the remembered one was loaded, as a sentence. */
  notice = $state('');

  readonly #options: ModelChoiceOptions;
  readonly #remembered: KeptText = keptText('rounds.model');
  /** There while a model loads: still there at the next start, it took the page down with it. */
  readonly #loading: KeptText = keptText('rounds.loading', { always: true });

  constructor(options: ModelChoiceOptions) {
    this.#options = options;
    // A visitor who leaves while it loads has not been thrown out by it.
    addEventListener('pagehide', () => this.#loading.set(null));
  }

  /** Loads the remembered model, or the embedded one where that is gone or failed the page. */
  async start(): Promise<void> {
    const id = this.#remembered.get();
    if (id === null) return this.#load({ kind: 'embedded' });
    const stored = await this.#find(id);
    if (!stored) {
      this.#remembered.set(null);
      this.notice = t('library.lastModelGone');
      return this.#load({ kind: 'embedded' });
    }
    if (this.#loading.get() === id) {
      this.#loading.set(null);
      this.notice = t('library.pageEndedWhileLoading', { name: stored.name });
      return this.#load({ kind: 'embedded' });
    }
    return this.#load({ kind: 'stored', id, name: stored.name, repo: stored.source.repo });
  }

  useEmbedded(): Promise<void> {
    this.#remembered.set(null);
    return this.#use({ kind: 'embedded' });
  }

  useStored({ id, name, source }: StoredModel): Promise<void> {
    this.#remembered.set(id);
    return this.#use({ kind: 'stored', id, name, repo: source.repo });
  }

  useSession(name: string, repo: string, pack: SessionPack): Promise<void> {
    this.#remembered.set(null);
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
      // Another may have been chosen meanwhile.
      if (entry && this.chosen === chosen) this.#options.usePreset(entry.model.preset);
    }
    return loading;
  }

  async #load(chosen: ChosenModel): Promise<void> {
    this.chosen = chosen;
    if (chosen.kind === 'stored') this.#loading.set(chosen.id);
    await this.#options.model.use(this.#location(chosen));
    if (this.chosen === chosen) this.#loading.set(null);
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

  async #find(id: string): Promise<StoredModel | null> {
    try {
      const models = await this.#options.listStored();
      return models.find((model) => model.id === id && model.complete) ?? null;
    } catch (thrown) {
      // Without a library nothing stored can be loaded; why is told where it is opened.
      void RoundsError.from(thrown);
      return null;
    }
  }
}
