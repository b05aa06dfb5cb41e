/**
 * The cases that are kept in this browser: the list, what is saved into it, and what is deleted from it. Every tab sees
 * the changes of the others.
 */
import { RoundsError } from '../../../shared/errors';
import { CaseDatabase } from '../../browser/caseDatabase';
import { parseCase } from '../../cases/caseBounds';
import type { FullCase } from '../../cases/caseFile';
import { isoNow, unique, type CaseRecord } from '../../cases/caseFormat';
import { mergeCases } from '../../cases/caseMerge';
import { bytesOf, summarize, type CaseSummary } from '../../cases/caseSummary';
import { blobOf, buildCase, hashesOf, keepable, NO_IMAGES } from './buildCase';
import type { CaseImages } from './caseImages';
import type { CasePreferences } from './casePreferences.svelte';
import type { Conversation, Entry } from '../ask/conversation.svelte';

/** Long enough to see that it was the wrong one. */
const UNDO_MS = 10_000;
const CHANNEL = 'rounds-cases';

export interface CasesOptions {
  images: CaseImages;
  preferences: CasePreferences;
  conversation: () => Conversation;
  /** Takes deleted cases off the page. */
  forget: (ids: readonly string[]) => void;
  database?: CaseDatabase;
}

interface Message {
  removed: readonly string[];
}

export class Cases {
  readonly preferences: CasePreferences;
  summaries = $state.raw<readonly CaseSummary[]>([]);
  status = $state<'idle' | 'loading' | 'ready' | 'failed'>('idle');
  /** Why the last thing that was wanted of the store failed. */
  problem = $state.raw<RoundsError | null>(null);
  /** Id of the case that is being written. */
  savingId = $state<string | null>(null);
  /** The case that was deleted last, while it can be brought back. */
  deleted = $state.raw<{ title: string; restore: () => Promise<void> } | null>(null);
  /** True after the first answer, until the visitor has said whether cases are to be kept. */
  isAsking = $state(false);

  bytes = $derived(bytesOf(this.summaries));

  readonly #images: CaseImages;
  readonly #conversation: () => Conversation;
  readonly #forget: (ids: readonly string[]) => void;
  readonly #database: CaseDatabase;
  readonly #channel = new BroadcastChannel(CHANNEL);
  /** Deleted while they were open: a later answer does not bring them back by itself. */
  #dropped: readonly string[] = [];
  #queue: Promise<void> = Promise.resolve();
  #undoTimer: ReturnType<typeof setTimeout> | undefined;

  constructor({ images, preferences, conversation, forget, database = new CaseDatabase() }: CasesOptions) {
    this.#forget = forget;
    this.#images = images;
    this.preferences = preferences;
    this.#conversation = conversation;
    this.#database = database;
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => {
      this.#dropped = [...this.#dropped, ...data.removed];
      if (this.status === 'ready') void this.load();
    };
  }

  /** Reads the list where there may be one; a visitor who never kept anything has no database. */
  start(): void {
    if (this.preferences.mode !== 'unasked') void this.load();
  }

  async load(): Promise<void> {
    if (this.status !== 'ready') this.status = 'loading';
    try {
      this.summaries = await this.#database.summaries();
      this.status = 'ready';
      this.problem = null;
    } catch (thrown) {
      this.status = 'failed';
      this.problem = RoundsError.from(thrown);
    }
  }

  isKept(id: string): boolean {
    return this.summaries.some((summary) => summary.id === id);
  }

  /** After an answer: it is kept if the visitor wants that, or if its case is kept already. */
  noteOver(entry: Entry): void {
    const { mode, isPrivate } = this.preferences;
    if (isPrivate || entry.isPrivate || this.#dropped.includes(entry.caseId)) return;
    if (mode === 'on' || this.isKept(entry.caseId)) void this.save(entry.caseId);
    else if (mode === 'unasked' && entry.status === 'done') this.isAsking = true;
  }

  /** The visitor’s answer to whether cases are to be kept; what is on the page is kept at once. */
  choose(mode: 'on' | 'off'): void {
    this.preferences.mode = mode;
    this.isAsking = false;
    if (mode === 'off') return;
    const ids = unique(keepable(this.#conversation().turns.toReversed()).map(({ caseId }) => caseId));
    for (const id of ids) if (!this.#dropped.includes(id)) void this.save(id);
  }

  /** Keeps a case of this visit, or brings what is kept of it up to date. */
  save(caseId: string): Promise<void> {
    this.#dropped = this.#dropped.filter((id) => id !== caseId);
    return this.#inTurn(async () => {
      const entries = keepable(this.#conversation().entriesOf(caseId));
      if (entries.length === 0 || this.preferences.isPrivate) return;
      this.savingId = caseId;
      const built = await buildCase(entries, this.#images, this.preferences.keepsOriginals);
      await this.#database.update(caseId, (stored) => {
        const old = parseStored(stored);
        const record = old ? mergeCases(old, built.record) : built.record;
        return { record, summary: summarize(record, built.thumbnail), images: built.images };
      });
    });
  }

  /** @throws RoundsError case_invalid, storage_failed */
  async read(id: string): Promise<FullCase> {
    const stored = await this.#database.record(id);
    if (stored === undefined) throw new RoundsError('storage_failed', 'The case is no longer there.');
    const record = parseCase(stored);
    const images = await this.#database.images(hashesOf(record));
    for (const image of record.images) blobOf(images, image);
    return { record, images };
  }

  /** A case from a file, under its own id or another; what was there under it is replaced. */
  write({ record, images }: FullCase, thumbnail: string): Promise<void> {
    this.#dropped = this.#dropped.filter((id) => id !== record.id);
    return this.#inTurn(async () => {
      const summary = summarize(record, thumbnail);
      await this.#database.update(record.id, () => ({ record, summary, images }));
    });
  }

  rename(id: string, title: string): Promise<void> {
    return this.#change(id, (record) => ({ ...record, title: title.trim() }));
  }

  annotate(id: string, notes: string): Promise<void> {
    return this.#change(id, (record) => ({ ...record, notes: notes.trim() }));
  }

  /** Deletes at once; for some seconds the page can bring it back from its own memory. */
  async remove(summary: CaseSummary): Promise<void> {
    const full = await this.read(summary.id).catch(() => null);
    await this.removeAll([summary.id]);
    clearTimeout(this.#undoTimer);
    if (!full || this.problem) return;
    this.deleted = { title: summary.title, restore: () => this.#bringBack(full, summary.thumbnail) };
    this.#undoTimer = setTimeout(() => (this.deleted = null), UNDO_MS);
  }

  removeAll(ids: readonly string[]): Promise<void> {
    this.#dropped = [...this.#dropped, ...ids];
    this.#forget(ids);
    this.deleted = null;
    return this.#inTurn(() => this.#database.remove(ids), ids);
  }

  async #bringBack(full: FullCase, thumbnail: string): Promise<void> {
    this.deleted = null;
    await this.write(full, thumbnail);
  }

  #change(id: string, change: (record: CaseRecord) => CaseRecord): Promise<void> {
    return this.#inTurn(async () => {
      const thumbnail = this.summaries.find((summary) => summary.id === id)?.thumbnail ?? '';
      await this.#database.update(id, (stored) => {
        const old = parseStored(stored);
        if (!old) return null;
        const record = { ...change(old), changedAt: isoNow() };
        return { record, summary: summarize(record, thumbnail), images: NO_IMAGES };
      });
    });
  }

  /** One change after the other; then every tab reads the list anew. Never rejects: see `problem`. */
  #inTurn(work: () => Promise<void>, removed: readonly string[] = []): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      try {
        await work();
        this.summaries = await this.#database.summaries();
        this.status = 'ready';
        this.problem = null;
        this.#channel.postMessage({ removed } satisfies Message);
      } catch (thrown) {
        this.problem = RoundsError.from(thrown, 'storage_failed');
      }
      this.savingId = null;
    });
    return this.#queue;
  }
}

/** Null where nothing is stored. @throws RoundsError case_invalid: what a newer page wrote is not written over */
function parseStored(stored: unknown): CaseRecord | null {
  return stored === undefined ? null : parseCase(stored);
}
