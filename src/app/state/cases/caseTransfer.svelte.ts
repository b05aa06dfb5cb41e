/** Import and export of cases: files, Markdown, and the hand-out for printing. */
import { RoundsError } from '../../../shared/errors';
import { saveFile } from '../../browser/exporting';
import { CASE_FILE_ENDING, readCaseFile, writeCaseFile, type FullCase } from '../../cases/caseFile';
import { isoNow, titleOf, unique, type CaseRecord } from '../../cases/caseFormat';
import { caseMarkdown } from '../../cases/caseMarkdown';
import { asCopy, blobOf, picturesOf, withoutOriginals } from './buildCase';
import { dataUrl, type CaseImages } from './caseImages';
import type { CaseList } from './caseList.svelte';
import { inputOf } from './savedEntries';

/** What to do with an imported case that is here already in another state. */
export type ConflictChoice = 'replace' | 'both' | 'skip';

/** What a hand-out shows in addition to images, questions and choices. */
export interface HandoutParts {
  key: boolean;
  answer: boolean;
  thinking: boolean;
  reward: boolean;
  notes: boolean;
}

export interface Handout {
  record: CaseRecord;
  /** Object URLs of the pictures, in the order of the case’s images. */
  pictures: string[];
  parts: HandoutParts;
}

export interface Imported {
  added: number;
  /** Cases that were here already in the same state. */
  same: number;
  /** Id of the file's case if it has only one. */
  onlyId: string | null;
}

export class CaseTransfer {
  /** Imported cases that are here already in another state, until the visitor decides. */
  conflicts = $state.raw<readonly FullCase[]>([]);
  /** The cases of `conflicts`, each once, with the title that its latest state in the files has. */
  clashing = $derived.by(() => {
    const latest = this.conflicts.toSorted((a, b) => (a.record.changedAt < b.record.changedAt ? 1 : -1));
    return unique(this.conflicts.map(({ record }) => record.id)).flatMap((id) => {
      const found = latest.find(({ record }) => record.id === id);
      return found ? [{ id, title: titleOf(found.record) }] : [];
    });
  });
  imported = $state.raw<Imported | null>(null);
  problem = $state.raw<RoundsError | null>(null);
  isBusy = $state(false);
  /** True if the cases of the last file are shown in this visit only, not saved. */
  shownOnly = $state(false);
  handout = $state.raw<Handout | null>(null);

  readonly #list: CaseList;
  readonly #images: CaseImages;

  constructor(list: CaseList, images: CaseImages) {
    this.#list = list;
    this.#images = images;
  }

  /** Saves cases as one file. @param withOriginals include the files as they are, with their headers */
  exportCases(cases: readonly FullCase[], withOriginals: boolean): Promise<void> {
    return this.#guard(async () => {
      const shown: FullCase[] = [];
      for (const full of cases) {
        shown.push(withOriginals ? full : await withoutOriginals(full, this.#images));
      }
      const now = isoNow();
      saveFile(await writeCaseFile(shown, now), `${fileName(cases.length, now)}${CASE_FILE_ENDING}`);
    });
  }

  /** Saves a case as a Markdown file with embedded pictures. */
  exportMarkdown(full: FullCase): Promise<void> {
    return this.#guard(async () => {
      const pictures: string[] = [];
      for (const picture of await picturesOf(full, this.#images)) pictures.push(await dataUrl(picture));
      const text = new Blob([caseMarkdown(full.record, pictures)], { type: 'text/markdown' });
      saveFile(text, `${fileName(1, isoNow())}.md`);
    });
  }

  /**
   * Validates each file as a whole, then saves its new cases; conflicting ones wait for the visitor (see `conflicts`), those of
   * earlier files too. A file that can't be read doesn't stop the others.
   */
  importFiles(files: readonly File[]): Promise<void> {
    return this.#guard(async () => {
      this.imported = null;
      this.shownOnly = false;
      await this.#list.load();
      const ids: string[] = [];
      await this.#readEach(files, async (cases) => {
        ids.push(...cases.map(({ record }) => record.id));
        await this.#import(cases);
      });
      const [only, ...others] = unique(ids);
      const onlyId = others.length === 0 ? (only ?? null) : null;
      if (this.imported) this.imported = { ...(this.imported as Imported), onlyId };
    });
  }

  /** Validates files without saving their cases. Files that can't be read are in `problem`. */
  async readFiles(files: readonly File[]): Promise<FullCase[]> {
    const all: FullCase[] = [];
    await this.#guard(() =>
      this.#readEach(files, (cases) => {
        all.push(...cases);
        this.shownOnly = true;
        return Promise.resolve();
      }),
    );
    return all;
  }

  /** @throws RoundsError case_invalid, naming the files that can't be read, after the others were used */
  async #readEach(files: readonly File[], use: (cases: FullCase[]) => Promise<void>): Promise<void> {
    const failed: string[] = [];
    for (const file of files) {
      let cases: FullCase[];
      try {
        cases = await readCaseFile(file);
      } catch (thrown) {
        failed.push(`${file.name}: ${RoundsError.from(thrown).message}`);
        continue;
      }
      await use(cases);
    }
    if (failed.length > 0) throw new RoundsError('case_invalid', failed.join(' '));
  }

  async #import(cases: readonly FullCase[]): Promise<void> {
    const stateOf = (id: string) => this.#list.summaries.find((summary) => summary.id === id)?.changedAt;
    const fresh = cases.filter(({ record }) => stateOf(record.id) === undefined);
    const same = cases.filter(({ record }) => stateOf(record.id) === record.changedAt);
    const clashing = cases.filter((full) => !fresh.includes(full) && !same.includes(full));
    const isKnown = ({ record }: FullCase): boolean =>
      this.conflicts.some(
        (other) => other.record.id === record.id && other.record.changedAt === record.changedAt,
      );
    this.conflicts = [...this.conflicts, ...clashing.filter((full) => !isKnown(full))];
    for (const full of fresh) await this.#write(full);
    const { added = 0, same: before = 0 } = this.imported ?? {};
    this.imported = { added: added + fresh.length, same: before + same.length, onlyId: null };
  }

  /**
   * Does what the visitor chose with `conflicts`.
   * @param id of the case to settle; without it, all of them
   */
  resolveConflicts(choice: ConflictChoice, id?: string): Promise<void> {
    const isChosen = ({ record }: FullCase): boolean => id === undefined || record.id === id;
    // Of one case in several states, the latest is what remains.
    const conflicts = this.conflicts
      .filter(isChosen)
      .toSorted((a, b) => (a.record.changedAt < b.record.changedAt ? -1 : 1));
    this.conflicts = this.conflicts.filter((full) => !isChosen(full));
    if (choice === 'skip') return Promise.resolve();
    return this.#guard(async () => {
      for (const full of conflicts) await this.#write(choice === 'both' ? asCopy(full) : full);
      const { added = 0, same = 0 } = this.imported ?? {};
      this.imported = { added: added + conflicts.length, same, onlyId: null };
    });
  }

  /** Shows the hand-out for printing; `removeHandout` removes it. */
  prepareHandout(full: FullCase, parts: HandoutParts): Promise<void> {
    return this.#guard(async () => {
      const blobs = await picturesOf(full, this.#images);
      this.removeHandout();
      const pictures = blobs.map((blob) => URL.createObjectURL(blob));
      this.handout = { record: full.record, pictures, parts };
    });
  }

  removeHandout(): void {
    for (const url of this.handout?.pictures ?? []) URL.revokeObjectURL(url);
    this.handout = null;
  }

  async #write(full: FullCase): Promise<void> {
    const [first] = full.record.images;
    const thumbnail = first
      ? await this.#images.prepare(inputOf(first, blobOf(full.images, first)), true).then(
          ({ thumbnail: preview }) => preview,
          // A case is imported even if its first image can't be decoded.
          () => '',
        )
      : '';
    await this.#list.write(full, thumbnail);
    if (this.#list.problem) throw this.#list.problem;
  }

  /** Sets `isBusy` while it runs, and `problem` if it fails. */
  async #guard(work: () => Promise<void>): Promise<void> {
    this.isBusy = true;
    this.problem = null;
    try {
      await work();
    } catch (thrown) {
      this.problem = RoundsError.from(thrown);
    }
    this.isBusy = false;
  }
}

/** By day, not by title: a title may be private. */
function fileName(count: number, now: string): string {
  return `rounds-${count === 1 ? 'case' : `${count}-cases`}-${now.slice(0, 10)}`;
}
