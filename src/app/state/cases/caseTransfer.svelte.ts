/** Cases out of the browser and into it: files, Markdown, and the hand-out that is printed. */
import { RoundsError } from '../../../shared/errors';
import { saveFile } from '../../browser/exporting';
import { CASE_FILE_ENDING, readCaseFile, writeCaseFile, type FullCase } from '../../cases/caseFile';
import { isoNow, type CaseRecord } from '../../cases/caseFormat';
import { caseMarkdown } from '../../cases/caseMarkdown';
import { asCopy, blobOf, picturesOf, withoutOriginals } from './buildCase';
import { dataUrl, type CaseImages } from './caseImages';
import type { Cases } from './cases.svelte';
import { inputOf } from './savedEntries';

/** What is done with a case of a file that is here already, in another state. */
export type ClashChoice = 'replace' | 'both' | 'skip';

/** What a hand-out shows beside images, questions and choices. */
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
  /** Were here already, in the same state. */
  same: number;
  /** Of the only case of the file. */
  onlyId: string | null;
}

export class CaseTransfer {
  /** Cases of a file that are here already in another state, until the visitor has decided. */
  clashes = $state.raw<readonly FullCase[]>([]);
  imported = $state.raw<Imported | null>(null);
  problem = $state.raw<RoundsError | null>(null);
  isBusy = $state(false);
  /** The last file was opened for this visit only. */
  shownOnly = $state(false);
  handout = $state.raw<Handout | null>(null);

  readonly #cases: Cases;
  readonly #images: CaseImages;

  constructor(cases: Cases, images: CaseImages) {
    this.#cases = cases;
    this.#images = images;
  }

  /** Saves cases as one file. @param withOriginals the files themselves, with all that their headers tell */
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

  /** Saves a case as a Markdown file that holds its pictures. */
  exportMarkdown(full: FullCase): Promise<void> {
    return this.#guard(async () => {
      const pictures: string[] = [];
      for (const picture of await picturesOf(full, this.#images)) pictures.push(await dataUrl(picture));
      const text = new Blob([caseMarkdown(full.record, pictures)], { type: 'text/markdown' });
      saveFile(text, `${fileName(1, isoNow())}.md`);
    });
  }

  /** Checks a file whole, then keeps what is new; where cases clash, the visitor is asked (see `clashes`). */
  importFile(file: Blob): Promise<void> {
    return this.#guard(async () => {
      this.imported = null;
      this.shownOnly = false;
      const cases = await readCaseFile(file);
      await this.#cases.load();
      const stateOf = (id: string) => this.#cases.summaries.find((summary) => summary.id === id)?.changedAt;
      const fresh = cases.filter(({ record }) => stateOf(record.id) === undefined);
      const same = cases.filter(({ record }) => stateOf(record.id) === record.changedAt);
      this.clashes = cases.filter((full) => !fresh.includes(full) && !same.includes(full));
      for (const full of fresh) await this.#write(full);
      const onlyId = cases.length === 1 ? (cases[0]?.record.id ?? null) : null;
      this.imported = { added: fresh.length, same: same.length, onlyId };
    });
  }

  /** Checks a file and keeps nothing. Empty where it cannot be read: see `problem`. */
  async readFile(file: Blob): Promise<FullCase[]> {
    let cases: FullCase[] = [];
    await this.#guard(async () => {
      cases = await readCaseFile(file);
      this.shownOnly = true;
    });
    return cases;
  }

  settle(choice: ClashChoice): Promise<void> {
    const { clashes } = this;
    this.clashes = [];
    if (choice === 'skip') return Promise.resolve();
    return this.#guard(async () => {
      for (const full of clashes) await this.#write(choice === 'both' ? asCopy(full) : full);
      const { added = 0, same = 0 } = this.imported ?? {};
      this.imported = { added: added + clashes.length, same, onlyId: null };
    });
  }

  /** Shows the hand-out for printing; `dropHandout` takes it away. */
  prepareHandout(full: FullCase, parts: HandoutParts): Promise<void> {
    return this.#guard(async () => {
      const blobs = await picturesOf(full, this.#images);
      this.dropHandout();
      const pictures = blobs.map((blob) => URL.createObjectURL(blob));
      this.handout = { record: full.record, pictures, parts };
    });
  }

  dropHandout(): void {
    for (const url of this.handout?.pictures ?? []) URL.revokeObjectURL(url);
    this.handout = null;
  }

  async #write(full: FullCase): Promise<void> {
    const [first] = full.record.images;
    const thumbnail = first
      ? await this.#images.keep(inputOf(first, blobOf(full.images, first)), true).then(
          (kept) => kept.thumbnail,
          // A picture that cannot be read here is no reason to refuse the case.
          () => '',
        )
      : '';
    await this.#cases.write(full, thumbnail);
    if (this.#cases.problem) throw this.#cases.problem;
  }

  /** One at a time; why it failed is in `problem`. */
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

/** By day, not by title: titles may tell more than a name of a file should. */
function fileName(count: number, now: string): string {
  return `rounds-${count === 1 ? 'case' : `${count}-cases`}-${now.slice(0, 10)}`;
}
