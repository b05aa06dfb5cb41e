/**
 * The cases saved in this browser: listing, saving, changing and deleting them. Every tab sees the changes of the others.
 */
import { RoundsError } from '../../../shared/errors';
import { parseCase } from '../../cases/caseBounds';
import { CaseDatabase } from '../../cases/caseDatabase';
import type { FullCase } from '../../cases/caseFile';
import { isoNow, unique, type CaseRecord } from '../../cases/caseFormat';
import { mergeCases } from '../../cases/caseMerge';
import { bytesOf, summarize, type CaseSummary } from '../../cases/caseSummary';
import { blobOf, buildCase, buildText, hashesOf, saveable, NO_IMAGES, type BuiltCase } from './buildCase';
import type { CaseImages } from './caseImages';
import type { CasePreferences } from './casePreferences.svelte';
import type { Conversation, Entry } from '../ask/conversation.svelte';

/** How long a deletion can be undone. */
const UNDO_MS = 10_000;
const CHANNEL = 'rounds-cases';

export interface CaseListOptions {
  images: CaseImages;
  preferences: CasePreferences;
  conversation: () => Conversation;
  /** Called with the ids of deleted cases, to remove them from the page. */
  onRemoved: (ids: readonly string[]) => void;
  database?: CaseDatabase;
}

interface Message {
  removed: readonly string[];
}

export class CaseList {
  readonly preferences: CasePreferences;
  summaries = $state.raw<readonly CaseSummary[]>([]);
  status = $state<'idle' | 'loading' | 'ready' | 'failed'>('idle');
  /** Why the last operation failed; null if it succeeded. */
  problem = $state.raw<RoundsError | null>(null);
  /** Whether `problem` is about the pictures of a case whose text is saved. */
  lacksPictures = $state(false);
  /** Id of the case that is being saved. */
  savingId = $state<string | null>(null);
  /** The case deleted last, while the deletion can be undone. */
  deleted = $state.raw<{ title: string; restore: () => Promise<void> } | null>(null);
  /** True after the first answer, until the visitor has chosen whether to save cases. */
  isAsking = $state(false);

  bytes = $derived(bytesOf(this.summaries));

  readonly #images: CaseImages;
  readonly #conversation: () => Conversation;
  readonly #onRemoved: (ids: readonly string[]) => void;
  readonly #database: CaseDatabase;
  readonly #channel = new BroadcastChannel(CHANNEL);
  /** Deleted in this visit: a later answer doesn't save them again. */
  #removed: readonly string[] = [];
  #queue: Promise<void> = Promise.resolve();
  #undoTimer: ReturnType<typeof setTimeout> | undefined;

  constructor({
    images,
    preferences,
    conversation,
    onRemoved,
    database = new CaseDatabase(),
  }: CaseListOptions) {
    this.#onRemoved = onRemoved;
    this.#images = images;
    this.preferences = preferences;
    this.#conversation = conversation;
    this.#database = database;
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => {
      this.#removed = [...this.#removed, ...data.removed];
      if (this.status === 'ready') void this.load();
    };
  }

  /** Reads the list, unless the visitor never chose to save cases: then there is no database. */
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

  isStored(id: string): boolean {
    return this.summaries.some((summary) => summary.id === id);
  }

  /** After an answer: saves its case if cases are saved automatically, or if this one is saved already. */
  onEntryFinished(entry: Entry): void {
    const { mode, isPrivate } = this.preferences;
    if (isPrivate || entry.isPrivate || this.#removed.includes(entry.caseId)) return;
    if (mode === 'on' || this.isStored(entry.caseId)) void this.save(entry.caseId);
    else if (mode === 'unasked' && entry.status === 'done') this.isAsking = true;
  }

  /** The visitor’s choice whether to save cases; with `on`, those on the page are saved now. */
  choose(mode: 'on' | 'off'): void {
    this.preferences.mode = mode;
    this.isAsking = false;
    if (mode === 'off') return;
    const ids = unique(saveable(this.#conversation().turns.toReversed()).map(({ caseId }) => caseId));
    for (const id of ids) if (!this.#removed.includes(id)) void this.save(id);
  }

  /**
   * Saves a case of this visit, or updates the saved one: the text at once, and the pictures when they are ready, because
   * decoding them may take long or fail.
   */
  async save(caseId: string): Promise<void> {
    this.#removed = this.#removed.filter((id) => id !== caseId);
    const entries = this.#saveable(caseId);
    if (entries.length === 0) return;
    this.savingId = caseId;
    const withOriginals = this.preferences.savesOriginals;
    const text = buildText(entries, this.#images, withOriginals);
    await this.#enqueue(() => this.#merge(text));
    if (!text.isComplete && !this.problem) await this.#savePictures(caseId, withOriginals);
    if (this.savingId === caseId) this.savingId = null;
  }

  /** Outside the queue until the pictures are ready, so that nothing else waits for them. */
  async #savePictures(caseId: string, withOriginals: boolean): Promise<void> {
    try {
      const entries = this.#saveable(caseId);
      if (entries.length === 0) return;
      const built = await buildCase(entries, this.#images, withOriginals);
      // The visitor may have deleted the case meanwhile.
      if (this.#removed.includes(caseId) || this.preferences.isPrivate) return;
      await this.#enqueue(() => this.#merge(built));
    } catch (thrown) {
      this.problem = RoundsError.from(thrown, 'image_invalid');
      this.lacksPictures = true;
    }
  }

  #saveable(caseId: string): Entry[] {
    return this.preferences.isPrivate ? [] : saveable(this.#conversation().entriesOf(caseId));
  }

  #merge(built: BuiltCase): Promise<void> {
    const { id } = built.record;
    const before = this.summaries.find((summary) => summary.id === id)?.thumbnail ?? '';
    return this.#database.update(id, (stored) => {
      const old = parseStored(stored);
      const record = old ? mergeCases(old, built.record) : built.record;
      return { record, summary: summarize(record, built.thumbnail || before), images: built.images };
    });
  }

  /** @throws RoundsError case_invalid, storage_failed */
  async read(id: string): Promise<FullCase> {
    const stored = await this.#database.record(id);
    if (stored === undefined)
      throw new RoundsError('storage_failed', 'The case was deleted, perhaps in another tab.');
    const record = parseCase(stored);
    const images = await this.#database.images(hashesOf(record));
    for (const image of record.images) blobOf(images, image);
    return { record, images };
  }

  /** Saves an imported case; replaces a saved one with the same id. */
  write({ record, images }: FullCase, thumbnail: string): Promise<void> {
    this.#removed = this.#removed.filter((id) => id !== record.id);
    return this.#enqueue(async () => {
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

  /** Deletes a case; for a few seconds the page can restore it from memory. */
  async remove(summary: CaseSummary): Promise<void> {
    const full = await this.read(summary.id).catch(() => null);
    await this.removeAll([summary.id]);
    clearTimeout(this.#undoTimer);
    if (!full || this.problem) return;
    this.deleted = { title: summary.title, restore: () => this.#restore(full, summary.thumbnail) };
    this.#undoTimer = setTimeout(() => (this.deleted = null), UNDO_MS);
  }

  removeAll(ids: readonly string[]): Promise<void> {
    this.#removed = [...this.#removed, ...ids];
    this.#onRemoved(ids);
    this.deleted = null;
    return this.#enqueue(() => this.#database.remove(ids), ids);
  }

  async #restore(full: FullCase, thumbnail: string): Promise<void> {
    this.deleted = null;
    await this.write(full, thumbnail);
  }

  #change(id: string, change: (record: CaseRecord) => CaseRecord): Promise<void> {
    return this.#enqueue(async () => {
      const thumbnail = this.summaries.find((summary) => summary.id === id)?.thumbnail ?? '';
      await this.#database.update(id, (stored) => {
        const old = parseStored(stored);
        if (!old) return null;
        const record = { ...change(old), changedAt: isoNow() };
        return { record, summary: summarize(record, thumbnail), images: NO_IMAGES };
      });
    });
  }

  /** Runs one change at a time; afterwards every tab reads the list again. Never rejects: see `problem`. */
  #enqueue(work: () => Promise<void>, removed: readonly string[] = []): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      try {
        await work();
        this.summaries = await this.#database.summaries();
        this.status = 'ready';
        this.problem = null;
        this.lacksPictures = false;
        this.#channel.postMessage({ removed } satisfies Message);
      } catch (thrown) {
        this.problem = RoundsError.from(thrown, 'storage_failed');
        this.lacksPictures = false;
      }
    });
    return this.#queue;
  }
}

/** Null if nothing is stored. @throws RoundsError case_invalid, so that a newer version's case is never overwritten */
function parseStored(stored: unknown): CaseRecord | null {
  return stored === undefined ? null : parseCase(stored);
}
