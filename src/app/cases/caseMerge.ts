/** Merges two states of one case, as two tabs may leave them, without losing an answer of either. */
import type { CaseEntry, CaseImage, CaseRecord } from './caseFormat';

/**
 * @param old the stored case; its title and notes are used, since they are changed only there
 * @param fresh the case as the page has it; used for answers that both have
 */
export function mergeCases(old: CaseRecord, fresh: CaseRecord): CaseRecord {
  const images: CaseImage[] = [];
  const place = (image: CaseImage): number => {
    const known = images.findIndex((other) => keyOf(other) === keyOf(image));
    return known >= 0 ? known : images.push(image) - 1;
  };
  const withPlaces = (entry: CaseEntry, from: CaseRecord): CaseEntry => {
    const places = entry.asked.images.flatMap((index) => {
      const image = from.images[index];
      return image ? [place(image)] : [];
    });
    return { ...entry, asked: { ...entry.asked, images: places } };
  };
  const byUid = new Map(old.entries.map((entry) => [entry.uid, withPlaces(entry, old)]));
  for (const entry of fresh.entries) {
    const made = withPlaces(entry, fresh);
    const known = byUid.get(entry.uid)?.asked.images ?? [];
    // Saved before its images were ready: those that are stored stay.
    const keeps = made.asked.images.length === 0 && known.length > 0;
    byUid.set(entry.uid, keeps ? { ...made, asked: { ...made.asked, images: known } } : made);
  }
  return {
    ...fresh,
    title: old.title,
    notes: old.notes,
    createdAt: old.createdAt < fresh.createdAt ? old.createdAt : fresh.createdAt,
    images,
    entries: [...byUid.values()].sort((a, b) => (a.askedAt < b.askedAt ? -1 : a.askedAt > b.askedAt ? 1 : 0)),
  };
}

/** Several images may have the same bytes: other frames, other windows. */
function keyOf({ sha256, frame, window, plane, volume }: CaseImage): string {
  return JSON.stringify([sha256, frame, window, plane, volume]);
}
