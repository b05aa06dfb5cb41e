/** Builds a case from answers of this visit: for storing, exporting, printing and copying. */
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
import type { CaseImages, PreparedImage } from './caseImages';
import type { Entry } from '../ask/conversation.svelte';
import { inputOf, saveEntry } from './savedEntries';

export interface BuiltCase extends FullCase {
  thumbnail: string;
}

/**
 * @param entries at least one, all of one case, oldest first, each after the one that it follows
 * @param withOriginals store DICOM files as they are, header included
 */
export async function buildCase(
  entries: readonly Entry[],
  images: CaseImages,
  withOriginals: boolean,
): Promise<BuiltCase> {
  const prepared = new Map<Entry, PreparedImage[]>();
  for (const entry of entries) {
    const own: PreparedImage[] = [];
    for (const input of entry.asked.images) own.push(await images.prepare(input, withOriginals));
    prepared.set(entry, own);
  }
  return assemble(entries, prepared);
}

/** The same at once, with the images that are prepared already; an entry whose images are not all prepared has none. */
export function buildText(
  entries: readonly Entry[],
  images: CaseImages,
  withOriginals: boolean,
): BuiltCase & { isComplete: boolean } {
  let isComplete = true;
  const prepared = new Map<Entry, PreparedImage[]>();
  for (const entry of entries) {
    const own = entry.asked.images.flatMap((input) => images.prepared(input, withOriginals) ?? []);
    const isWhole = own.length === entry.asked.images.length;
    isComplete &&= isWhole;
    prepared.set(entry, isWhole ? own : []);
  }
  return { ...assemble(entries, prepared), isComplete };
}

function assemble(entries: readonly Entry[], prepared: ReadonlyMap<Entry, PreparedImage[]>): BuiltCase {
  const [first] = entries;
  if (!first) throw new RoundsError('internal', 'A case needs a question.');
  const list: CaseImage[] = [];
  const blobs = new Map<string, Blob>();
  let thumbnail = '';
  const place = ({ image, blob, thumbnail: own }: PreparedImage): number => {
    thumbnail ||= own;
    blobs.set(image.sha256, blob);
    const known = list.indexOf(image);
    return known >= 0 ? known : list.push(image) - 1;
  };
  const saved = entries.map((entry) => saveEntry(entry, (prepared.get(entry) ?? []).map(place)));
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

/** The entries that may be saved: finished, not asked in a private visit, and not following one that can't be saved. */
export function saveable(entries: readonly Entry[]): Entry[] {
  const saved: Entry[] = [];
  for (const entry of entries) {
    const { parent } = entry;
    // By uid: a case that is opened again may have a second object for the same parent.
    const follows = parent === null || saved.some(({ uid }) => uid === parent.uid);
    if (entry.isOver && !entry.isPrivate && follows) saved.push(entry);
  }
  return saved;
}

/**
 * The case with PNG pictures instead of files, so that only what was shown is exported.
 * @returns the same case with PNG images
 */
export async function withoutOriginals(
  { record, images }: FullCase,
  caseImages: CaseImages,
): Promise<FullCase> {
  const blobs = new Map<string, Blob>();
  const list: CaseImage[] = [];
  for (const image of record.images) {
    const blob = blobOf(images, image);
    const shown = image.isRendered ? { image, blob } : await caseImages.render(image, inputOf(image, blob));
    blobs.set(shown.image.sha256, shown.blob);
    list.push(shown.image);
  }
  return { record: { ...record, images: list }, images: blobs };
}

/** The images of a case as PNG pictures, in the order of its images. */
export async function picturesOf({ record, images }: FullCase, caseImages: CaseImages): Promise<Blob[]> {
  const pictures: Blob[] = [];
  for (const image of record.images) {
    pictures.push(await caseImages.picture(inputOf(image, blobOf(images, image))));
  }
  return pictures;
}

/** A copy of the case with new ids. */
export function asCopy({ record, images }: FullCase): FullCase {
  const uids = new Map(record.entries.map(({ uid }) => [uid, crypto.randomUUID()]));
  const entries = record.entries.map((entry): CaseEntry => ({
    ...entry,
    uid: uids.get(entry.uid) ?? crypto.randomUUID(),
    parent: entry.parent === null ? null : (uids.get(entry.parent) ?? null),
  }));
  return { record: { ...record, id: crypto.randomUUID(), entries }, images };
}

/** @throws RoundsError storage_failed if the browser has lost the image */
export function blobOf(images: ReadonlyMap<string, Blob>, { sha256 }: CaseImage): Blob {
  const blob = images.get(sha256);
  if (!blob)
    throw new RoundsError(
      'storage_failed',
      `The image ${sha256} of the case is missing from the browser’s storage.`,
    );
  return blob;
}

export const NO_IMAGES: ReadonlyMap<string, Blob> = new Map();

/** The SHA-256 of each image of a case, without duplicates. */
export function hashesOf({ images }: CaseRecord): string[] {
  return unique(images.map(({ sha256 }) => sha256));
}
