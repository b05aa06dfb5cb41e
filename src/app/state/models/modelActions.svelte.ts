/** Actions on stored models, one at a time for each model, and their outcomes. */
import { RoundsError } from '../../../shared/errors';
import type { StoredModel } from '../../../shared/library';
import { saveFile } from '../../browser/exporting';
import type { LibraryApi } from '../../clients/libraryClient';
import { t } from '../../i18n/i18n.svelte';

/** What an action resulted in: a sentence or an error. */
export interface Outcome {
  sentence: string;
  error: RoundsError | null;
  /** Parts are missing and can be downloaded again. */
  canRepair: boolean;
}

/** Where to export: a folder chosen by the visitor, or a single file that the browser saves. */
export type ExportTarget =
  { directory: FileSystemDirectoryHandle } | { save: (file: Blob, name: string) => void };

export class ModelActions {
  /** By StoredModel.id. */
  outcomes = $state.raw<Readonly<Record<string, Outcome>>>({});
  /** Ids of the models with a running action. */
  busy = $state.raw<readonly string[]>([]);

  readonly #library: LibraryApi;
  /** Where each model was exported to last, by StoredModel.id. */
  #targets: Readonly<Record<string, ExportTarget>> = {};
  /** Called after storage was freed. */
  readonly #spaceChanged: () => Promise<void>;

  constructor(library: LibraryApi, spaceChanged: () => Promise<void>) {
    this.#library = library;
    this.#spaceChanged = spaceChanged;
  }

  async verify({ id, origin }: StoredModel): Promise<void> {
    await this.#act(id, async () => {
      const { intact, damaged } = await this.#library.call('verify', { modelId: id });
      if (damaged.length === 0) {
        return sentenceOutcome(t('library.partsIntact', { count: intact }));
      }
      const removed = t('library.partsDamaged', { count: damaged.length });
      const canRepair = origin.kind === 'pack' || origin.kind === 'hub';
      return {
        ...sentenceOutcome(canRepair ? removed : `${removed} ${t('library.importAgain')}`),
        canRepair,
      };
    });
  }

  async remove({ id }: StoredModel): Promise<void> {
    await this.#act(id, async () => {
      await this.#library.call('delete', { modelId: id });
      await this.#spaceChanged();
      return null;
    });
  }

  async exportTo({ id }: StoredModel, target: ExportTarget): Promise<void> {
    this.#targets = { ...this.#targets, [id]: target };
    await this.#act(id, async () => {
      if ('directory' in target) {
        const { name } = await this.#library.call('export', { modelId: id, directory: target.directory });
        return sentenceOutcome(t('library.exportedToFolder', { name }));
      }
      const { file, name } = await this.#library.call('export', { modelId: id });
      if (!file) throw new RoundsError('internal', 'The export gave no file.');
      target.save(file, name);
      return sentenceOutcome(t('library.exportedToDownloads', { name }));
    });
  }

  /** Exports to where it was exported before; to the downloads if that was in another tab. */
  exportAgain(model: StoredModel): Promise<void> {
    return this.exportTo(model, this.#targets[model.id] ?? { save: saveFile });
  }

  /** Removes the outcome of a model's last action. */
  clearOutcome(id: string): void {
    this.#setOutcome(id, null);
  }

  async #act(id: string, action: () => Promise<Outcome | null>): Promise<void> {
    if (this.busy.includes(id)) return;
    this.#setOutcome(id, null);
    this.busy = [...this.busy, id];
    try {
      this.#setOutcome(id, await action());
    } catch (thrown) {
      const error = RoundsError.from(thrown);
      if (error.code !== 'aborted') this.#setOutcome(id, { sentence: '', error, canRepair: false });
    }
    this.busy = this.busy.filter((other) => other !== id);
  }

  #setOutcome(id: string, outcome: Outcome | null): void {
    const { [id]: _, ...others } = this.outcomes;
    this.outcomes = outcome ? { ...others, [id]: outcome } : others;
  }
}

function sentenceOutcome(sentence: string): Outcome {
  return { sentence, error: null, canRepair: false };
}
