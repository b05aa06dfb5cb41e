/** What can be done with a stored model, one action at a time for each, and what came of it. */
import { RoundsError } from '../../../shared/errors';
import type { StoredModel } from '../../../shared/library';
import type { LibraryApi } from '../../clients/libraryClient';
import { t } from '../../i18n/i18n.svelte';

/** A sentence, or an error. */
export interface Outcome {
  sentence: string;
  error: RoundsError | null;
  /** Parts are missing and can be fetched again. */
  canRepair: boolean;
}

/** Where an export goes: a folder that the visitor chose, or one file that the browser saves. */
export type ExportTarget =
  { directory: FileSystemDirectoryHandle } | { save: (file: Blob, name: string) => void };

export class ModelActions {
  /** By StoredModel.id. */
  outcomes = $state.raw<Readonly<Record<string, Outcome>>>({});
  /** Ids of the models that an action runs on. */
  busy = $state.raw<readonly string[]>([]);

  readonly #library: LibraryApi;
  readonly #spaceChanged: () => Promise<void>;

  constructor(library: LibraryApi, spaceChanged: () => Promise<void>) {
    this.#library = library;
    this.#spaceChanged = spaceChanged;
  }

  async verify({ id, origin }: StoredModel): Promise<void> {
    await this.#act(id, async () => {
      const { intact, damaged } = await this.#library.call('verify', { modelId: id });
      if (damaged.length === 0) {
        return said(t('library.partsIntact', { count: intact }));
      }
      const removed = t('library.partsDamaged', { count: damaged.length });
      const canRepair = origin.kind === 'pack' || origin.kind === 'hub';
      return { ...said(canRepair ? removed : `${removed} ${t('library.importAgain')}`), canRepair };
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
    await this.#act(id, async () => {
      if ('directory' in target) {
        const { name } = await this.#library.call('export', { modelId: id, directory: target.directory });
        return said(t('library.writtenAs', { name }));
      }
      const { file, name } = await this.#library.call('export', { modelId: id });
      if (!file) throw new RoundsError('internal', 'The export gave no file.');
      target.save(file, name);
      return said(t('library.handedAs', { name }));
    });
  }

  /** Takes back what was said about a model. */
  forget(id: string): void {
    this.#say(id, null);
  }

  async #act(id: string, action: () => Promise<Outcome | null>): Promise<void> {
    if (this.busy.includes(id)) return;
    this.#say(id, null);
    this.busy = [...this.busy, id];
    try {
      this.#say(id, await action());
    } catch (thrown) {
      const error = RoundsError.from(thrown);
      if (error.code !== 'aborted') this.#say(id, { sentence: '', error, canRepair: false });
    }
    this.busy = this.busy.filter((other) => other !== id);
  }

  #say(id: string, outcome: Outcome | null): void {
    const { [id]: _, ...others } = this.outcomes;
    this.outcomes = outcome ? { ...others, [id]: outcome } : others;
  }
}

function said(sentence: string): Outcome {
  return { sentence, error: null, canRepair: false };
}
