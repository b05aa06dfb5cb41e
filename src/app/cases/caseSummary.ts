/** What the list of cases shows of a case: small enough to read hundreds at once, with everything to search and sort by. */
import { judge } from '../question/prompting';
import { CASE_VERSION, titleOf, type CaseEntry, type CaseRecord } from './caseFormat';

/** Only the first characters of a case are searched. */
const MAX_SEARCH = 20_000;
const MAX_OUTCOME = 200;

export interface CaseSummary {
  version: typeof CASE_VERSION;
  id: string;
  title: string;
  notes: string;
  createdAt: string;
  changedAt: string;
  /** When the last question was asked. The list is sorted by it, so that changing notes or titles doesn't move a case. */
  askedAt: string;
  questions: number;
  /** Of the last question. */
  outcome: CaseOutcome | null;
  /** Name of the model that answered last; empty if none did. */
  model: string;
  images: { sha256: string; bytes: number }[];
  /** True if header fields of stored files may identify the patient. */
  identifies: boolean;
  /** Of the record without its images. */
  recordBytes: number;
  /** Data URL of the first image, or empty. */
  thumbnail: string;
  /** Folded: see foldText. */
  searchText: string;
}

export type CaseOutcome =
  | {
      kind: 'answer';
      status: CaseEntry['status'];
      chosen: number | null;
      text: string;
      correct: boolean | null;
    }
  | { kind: 'rollouts'; status: CaseEntry['status']; finished: number; right: number | null };

export type CaseOrder = 'newest' | 'oldest' | 'title';

export function summarize(record: CaseRecord, thumbnail: string): CaseSummary {
  const { id, notes, createdAt, changedAt, entries, images } = record;
  const last = entries.at(-1);
  return {
    version: CASE_VERSION,
    id,
    title: titleOf(record),
    notes,
    createdAt,
    changedAt,
    askedAt: last?.askedAt ?? createdAt,
    questions: entries.length,
    outcome: last ? outcomeOf(last) : null,
    model: entries.findLast(({ model }) => model !== null)?.model?.name ?? '',
    images: images.map(({ sha256, bytes }) => ({ sha256, bytes })),
    identifies: images.some(({ identifying }) => identifying.length > 0),
    recordBytes: new TextEncoder().encode(JSON.stringify(record)).length,
    thumbnail,
    searchText: foldText(searchable(record)).slice(0, MAX_SEARCH),
  };
}

/** Total bytes of cases; a shared image counts once. */
export function bytesOf(summaries: readonly CaseSummary[]): number {
  const images = new Map(
    summaries.flatMap((summary) => summary.images.map((image) => [image.sha256, image.bytes])),
  );
  const records = summaries.reduce(
    (sum, { recordBytes, thumbnail }) => sum + recordBytes + thumbnail.length,
    0,
  );
  return [...images.values()].reduce((sum, bytes) => sum + bytes, records);
}

/** The cases that contain every word of the query, sorted. */
export function findCases(summaries: readonly CaseSummary[], query: string, order: CaseOrder): CaseSummary[] {
  const words = foldText(query).split(' ').filter(Boolean);
  const found = summaries.filter(({ searchText }) => words.every((word) => searchText.includes(word)));
  return found.sort((a, b) => {
    if (order === 'title') return a.title.localeCompare(b.title) || newer(a, b);
    return order === 'newest' ? newer(a, b) : newer(b, a);
  });
}

/** Lower case, without accents, with single spaces: “lesion a” finds “Lésion  Á”. */
export function foldText(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/\s+/g, ' ').trim();
}

function newer(a: CaseSummary, b: CaseSummary): number {
  return a.askedAt < b.askedAt ? 1 : a.askedAt > b.askedAt ? -1 : 0;
}

function searchable(record: CaseRecord): string {
  const texts = record.entries.flatMap((entry) => [
    entry.asked.question,
    ...entry.asked.options,
    ...(entry.kind === 'answer' ? [entry.answer] : []),
    entry.model?.name ?? '',
  ]);
  return [record.title, record.notes, ...texts].join(' ');
}

function outcomeOf(entry: CaseEntry): CaseOutcome {
  const { status, asked } = entry;
  if (entry.kind === 'answer') {
    const verdict = status === 'done' && entry.result ? judge(withoutImages(asked), entry.result.text) : null;
    return {
      kind: 'answer',
      status,
      chosen: verdict?.chosen ?? null,
      text: (optionText(entry, verdict?.chosen ?? null) ?? entry.answer.trim()).slice(0, MAX_OUTCOME),
      correct: verdict?.correct ?? null,
    };
  }
  const finished = entry.rollouts.filter(({ finishReason }) => finishReason !== 'abort');
  const right = finished.filter(({ text }) => judge(withoutImages(asked), text)?.correct === true).length;
  return { kind: 'rollouts', status, finished: finished.length, right: asked.key === null ? null : right };
}

function optionText({ asked }: CaseEntry, chosen: number | null): string | null {
  return chosen === null ? null : (asked.options[chosen] ?? null);
}

/** The part of a question that grading needs. */
function withoutImages(asked: CaseEntry['asked']) {
  return { ...asked, images: [] };
}
