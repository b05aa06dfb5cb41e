/** Two states of one case, as two tabs leave them, made one: no answer of either is lost. */
import type { CaseEntry, CaseImage, CaseRecord } from './caseFormat';

/**
 * @param old what is stored; its title and notes hold, since they are changed there and nowhere else
 * @param fresh what the page has now; its state of an answer that both have holds
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
  for (const entry of fresh.entries) byUid.set(entry.uid, withPlaces(entry, fresh));
  return {
    ...fresh,
    title: old.title,
    notes: old.notes,
    createdAt: old.createdAt < fresh.createdAt ? old.createdAt : fresh.createdAt,
    images,
    entries: [...byUid.values()].sort((a, b) => (a.askedAt < b.askedAt ? -1 : a.askedAt > b.askedAt ? 1 : 0)),
  };
}

/** The same bytes may be shown as several images: other frames, other windows. */
function keyOf({ sha256, frame, window, plane, volume }: CaseImage): string {
  return JSON.stringify([sha256, frame, window, plane, volume]);
}
