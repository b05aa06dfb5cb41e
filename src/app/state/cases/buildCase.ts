/** Makes a case of answers of this visit: what is stored, exported, printed and copied. */
import { RoundsError } from '../../../shared/errors';
import {
  CASE_VERSION,
  isoNow,
  unique,
  type CaseEntry,
  type CaseImage,
  type CaseRecord,
} from '../../cases/caseFormat';
import type { FullCase } from '../../cases/caseFile';
import type { CaseImages } from './caseImages';
import type { Entry } from '../ask/conversation.svelte';
import { inputOf, saveEntry } from './savedEntries';

export interface BuiltCase extends FullCase {
  thumbnail: string;
}

/**
 * @param entries at least one, of one case, oldest first, each behind the one that it follows
 * @param withOriginals keep DICOM files whole
 */
export async function buildCase(
  entries: readonly Entry[],
  images: CaseImages,
  withOriginals: boolean,
): Promise<BuiltCase> {
  const [first] = entries;
  if (!first) throw new RoundsError('internal', 'A case needs a question.');
  const list: CaseImage[] = [];
  const blobs = new Map<string, Blob>();
  let thumbnail = '';
  const place = async (input: Entry['asked']['images'][number]): Promise<number> => {
    const kept = await images.keep(input, withOriginals);
    thumbnail ||= kept.thumbnail;
    blobs.set(kept.image.sha256, kept.blob);
    const known = list.indexOf(kept.image);
    return known >= 0 ? known : list.push(kept.image) - 1;
  };
  const saved = [];
  for (const entry of entries) {
    const places: number[] = [];
    for (const input of entry.asked.images) places.push(await place(input));
    saved.push(saveEntry(entry, places));
  }
  const record: CaseRecord = {
    version: CASE_VERSION,
    id: first.caseId,
    title: '',
    notes: '',
    createdAt: first.askedAt,
    changedAt: isoNow(),
    images: list,
    entries: saved,
  };
  return { record, images: blobs, thumbnail };
}

/** What may be kept: finished, and neither asked in a private visit nor following on something that is not kept. */
export function keepable(entries: readonly Entry[]): Entry[] {
  const kept: Entry[] = [];
  for (const entry of entries) {
    const { parent } = entry;
    // By name: a case that is opened again may bring its parents a second time.
    const follows = parent === null || kept.some(({ uid }) => uid === parent.uid);
    if (entry.isOver && !entry.isPrivate && follows) kept.push(entry);
  }
  return kept;
}

/**
 * The case with pictures in place of files: nothing but what was shown leaves.
 * @returns the same case, its images PNG
 */
export async function withoutOriginals({ record, images }: FullCase, keeper: CaseImages): Promise<FullCase> {
  const blobs = new Map<string, Blob>();
  const list: CaseImage[] = [];
  for (const image of record.images) {
    const blob = blobOf(images, image);
    const shown = image.isRendered ? { image, blob } : await keeper.render(image, inputOf(image, blob));
    blobs.set(shown.image.sha256, shown.blob);
    list.push(shown.image);
  }
  return { record: { ...record, images: list }, images: blobs };
}

/** Pictures of a case as they are shown, in the order of its images. */
export async function picturesOf({ record, images }: FullCase, keeper: CaseImages): Promise<Blob[]> {
  const pictures: Blob[] = [];
  for (const image of record.images) {
    pictures.push(await keeper.picture(inputOf(image, blobOf(images, image))));
  }
  return pictures;
}

/** The same case under ids of its own. */
export function asCopy({ record, images }: FullCase): FullCase {
  const uids = new Map(record.entries.map(({ uid }) => [uid, crypto.randomUUID()]));
  const entries = record.entries.map((entry): CaseEntry => ({
    ...entry,
    uid: uids.get(entry.uid) ?? crypto.randomUUID(),
    parent: entry.parent === null ? null : (uids.get(entry.parent) ?? null),
  }));
  return { record: { ...record, id: crypto.randomUUID(), entries }, images };
}

/** @throws RoundsError storage_failed where the browser has lost it */
export function blobOf(images: ReadonlyMap<string, Blob>, { sha256 }: CaseImage): Blob {
  const blob = images.get(sha256);
  if (!blob) throw new RoundsError('storage_failed', `The image ${sha256} of the case is gone.`);
  return blob;
}

export const NO_IMAGES: ReadonlyMap<string, Blob> = new Map();

/** Names of all images of a case, each once. */
export function hashesOf({ images }: CaseRecord): string[] {
  return unique(images.map(({ sha256 }) => sha256));
}
