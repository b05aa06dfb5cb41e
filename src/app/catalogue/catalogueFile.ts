/** The catalogue published with the page, and its entry for a given model. */
import {
  CATALOGUE_FILE,
  parseCatalogue,
  type Catalogue,
  type CatalogueCheckpoint,
  type CatalogueModel,
} from '../../shared/catalogue';
import { RoundsError } from '../../shared/errors';
import type { ModelOrigin } from '../../shared/library';
import { dataText, t } from '../i18n/i18n.svelte';

/** @throws RoundsError download_failed; internal for a damaged file */
export async function fetchCatalogue(): Promise<Catalogue> {
  const response = await fetch(catalogueUrl()).catch((cause: unknown) => {
    throw new RoundsError('download_failed', 'The model catalogue could not be downloaded.', { cause });
  });
  if (!response.ok)
    throw new RoundsError(
      'download_failed',
      `The model catalogue could not be downloaded: the server answered ${response.status}.`,
    );
  return parseCatalogue(await response.json());
}

function catalogueUrl(): URL {
  return new URL(`models/${CATALOGUE_FILE}`, document.baseURI);
}

export interface CatalogueEntry {
  model: CatalogueModel;
  /** Null for the embedded model. */
  checkpoint: CatalogueCheckpoint | null;
}

/** The entry for a repository; null if there is none. A pack contains the name of its repository. */
export function findEntry(catalogue: Catalogue | null, repo: string): CatalogueEntry | null {
  for (const model of catalogue?.models ?? []) {
    if (model.kind === 'embedded' && model.id === repo) return { model, checkpoint: null };
    const checkpoint = model.checkpoints.find((candidate) => candidate.repo === repo);
    if (checkpoint) return { model, checkpoint };
  }
  return null;
}

/** The title to show, with the variant if there are several. */
export function entryTitle({ model, checkpoint }: CatalogueEntry): string {
  const title = dataText(model.title);
  return model.checkpoints.length > 1 && checkpoint
    ? t('library.titleAndVariant', { title, variant: dataText(checkpoint.variant) })
    : title;
}

/** The origin to convert a catalogue's checkpoint from. */
export function originOf(
  model: CatalogueModel,
  checkpoint: CatalogueCheckpoint,
  endpoint: string,
): ModelOrigin {
  const { repo, revision, calibration } = checkpoint;
  return {
    kind: 'hub',
    repo,
    revision,
    endpoint,
    weights: model.weights,
    recipe: model.recipe,
    ...(calibration
      ? { calibration: { ...calibration, url: new URL(calibration.url, catalogueUrl()).href } }
      : {}),
  };
}
