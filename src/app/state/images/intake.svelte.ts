/**
 * What happens to files that a visitor drops, pastes or chooses, wherever on the page: archives are unpacked, images go to the tray
 * (a series as one stack), cases and models to their dialogs, and what is left out is said.
 */
import { RoundsError } from '../../../shared/errors';
import type { SurveyedFile } from '../../../shared/series';
import { unpackArchives } from '../../browser/archives';
import { isInFolder, type FoundFile, type FoundFiles, type SkippedFile } from '../../browser/foundFiles';
import { modelFolder, type FolderFiles } from '../../browser/localFiles';
import { isCaseFile } from '../../cases/caseFile';
import type { EngineApi } from '../../clients/engineClient';
import type { ImageTray } from './imageTray.svelte';
import { groupImages, type ImageGroup, type SurveyedImage } from './series';

export type LeftOutReason = SkippedFile['reason'] | 'full' | 'notImage' | 'isText' | 'copy';

/** Files, or images of the tray, that were left out for the same reason. */
export interface LeftOut {
  readonly reason: LeftOutReason;
  readonly count: number;
  /** Of how many; for `full` images and series, else files. */
  readonly total: number;
  /** The first few. */
  readonly names: readonly string[];
}

export interface IntakeOptions {
  engine: EngineApi;
  tray: ImageTray;
  importCases: (files: readonly File[]) => Promise<void>;
  importModel: (folder: FolderFiles) => void;
  /** Called after images were added that were given to the list of cases. */
  onImagesFromCases: () => void;
}

const SHOWN_NAMES = 3;
const TEXT_NAME = /\.(txt|text|md|csv|tsv|rtf|gift|aiken)$/i;
/** Files in one call to the worker, so that progress can be shown. */
const BATCH = 50;

export class Intake {
  /** True while folders and archives are being read. */
  isReading = $state(false);
  /** Files read so far. */
  count = $state(0);
  /** About the last files only. */
  leftOut = $state.raw<readonly LeftOut[]>([]);
  /** Why reading failed as a whole. */
  problem = $state.raw<RoundsError | null>(null);

  readonly #options: IntakeOptions;
  #queue: Promise<void> = Promise.resolve();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /**
   * One batch after another, each with its own list of what was left out. Never rejects.
   * @param from where the visitor put the files: what isn't recognized in the list of cases is refused there
   */
  take(files: FoundFiles | Promise<FoundFiles>, from: 'page' | 'cases' = 'page'): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      this.leftOut = [];
      this.problem = null;
      this.count = 0;
      this.isReading = true;
      try {
        await this.#sort(await files, from);
      } catch (thrown) {
        this.problem = RoundsError.from(thrown);
      }
      this.isReading = false;
    });
    return this.#queue;
  }

  dismiss(): void {
    this.leftOut = [];
    this.problem = null;
  }

  async #sort({ files, skipped }: FoundFiles, from: 'page' | 'cases'): Promise<void> {
    const { importCases, importModel } = this.#options;
    const model = await modelFolder(files);
    if (model) importModel(model);
    const rest: FoundFile[] = [];
    const cases: File[] = [];
    for (const found of files) {
      if (model?.files.includes(found.file)) continue;
      if (!isInFolder(found) && (await isCaseFile(found.file))) cases.push(found.file);
      else rest.push(found);
    }
    if (cases.length > 0) await importCases(cases);
    if (rest.length === 0 && skipped.length === 0) return;
    const hasImages = await this.#takeImages({ files: rest, skipped }, from === 'page');
    if (from === 'page') return;
    if (hasImages) this.#options.onImagesFromCases();
    else await importCases(rest.map(({ file }) => file));
  }

  /** @returns whether there were images */
  async #takeImages(found: FoundFiles, isOnPage: boolean): Promise<boolean> {
    const { files, skipped } = await unpackArchives(found, () => (this.count += 1));
    const surveyed = isOnPage && isPlain(files) ? files.map(asImage) : await this.#survey(files);
    const isAlone = isOnPage && files.length === 1 && skipped.length === 0;
    // A single file that can't be opened is shown with the reason; of many, those are left out by number.
    const isKept = (one: SurveyedImage): boolean =>
      one.surveyed.kind !== 'other' || (isAlone && !isQuestion(one) && !isInFolder(one.found));
    const { groups, copies } = groupImages(surveyed.filter(isKept));
    const full = this.#options.tray.add(groups);
    const others = surveyed.filter((one) => !isKept(one));
    if (!isOnPage && groups.length === 0) return false;
    this.leftOut = [
      ...sum('full', full.map(title), groups.length),
      ...leftOutFiles(others, copies, skipped, files.length + skipped.length),
    ];
    return groups.length > 0;
  }

  async #survey(files: readonly FoundFile[]): Promise<SurveyedImage[]> {
    const surveyed: SurveyedImage[] = [];
    for (let at = 0; at < files.length; at += BATCH) {
      const batch = files.slice(at, at + BATCH);
      const kinds = await this.#kindsOf(batch.map(({ file }) => file));
      surveyed.push(
        ...batch.map((found, i) => ({ found, surveyed: kinds[i] ?? { kind: 'image' as const } })),
      );
      this.count = Math.max(this.count, surveyed.length);
    }
    return surveyed;
  }

  #kindsOf(files: File[]): Promise<readonly SurveyedFile[]> {
    return this.#options.engine.call('survey', { files });
  }
}

/** A single file is opened without delay; the viewer says what is wrong with it. */
function isPlain(files: readonly FoundFile[]): boolean {
  const [only, ...others] = files;
  return only !== undefined && others.length === 0 && !isInFolder(only) && !TEXT_NAME.test(only.file.name);
}

function asImage(found: FoundFile): SurveyedImage {
  return { found, surveyed: { kind: 'image' } };
}

function leftOutFiles(
  others: readonly SurveyedImage[],
  copies: readonly FoundFile[],
  skipped: readonly SkippedFile[],
  total: number,
): LeftOut[] {
  const paths = (reason: LeftOutReason): string[] => [
    ...others.filter((one) => reasonOf(one) === reason).map(({ found }) => found.path),
    ...skipped.filter((one) => one.reason === reason).map(({ path }) => path),
  ];
  const reasons: LeftOutReason[] = [
    'isText',
    'notImage',
    'unreadable',
    'archive',
    'tooLarge',
    'tooDeep',
    'tooMany',
  ];
  return [
    ...reasons.flatMap((reason) => sum(reason, paths(reason), total)),
    ...sum(
      'copy',
      copies.map(({ path }) => path),
      total,
    ),
  ];
}

function reasonOf({ found, surveyed }: SurveyedImage): LeftOutReason {
  if (surveyed.kind !== 'other') return 'notImage';
  if (surveyed.what === 'unreadable') return 'unreadable';
  return isQuestion({ found, surveyed }) ? 'isText' : 'notImage';
}

/** A text that a visitor chose by itself may be a question; in a folder, texts are among what isn't an image. */
function isQuestion({ found, surveyed }: SurveyedImage): boolean {
  if (surveyed.kind !== 'other' || surveyed.what !== 'text' || isInFolder(found)) return false;
  return TEXT_NAME.test(found.file.name);
}

function sum(reason: LeftOutReason, names: readonly string[], total: number): LeftOut[] {
  if (names.length === 0) return [];
  return [{ reason, count: names.length, total, names: names.slice(0, SHOWN_NAMES) }];
}

function title({ name }: ImageGroup): string {
  return name;
}
