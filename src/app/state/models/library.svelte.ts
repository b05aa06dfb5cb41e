/** The state of the model library: catalogue, stored models, jobs, storage, and the operations on them. */
import { t } from '../../i18n/i18n.svelte';
import type { Catalogue } from '../../../shared/catalogue';
import { RoundsError } from '../../../shared/errors';
import type { JobState, ModelOrigin, OriginAccess, StoredModel } from '../../../shared/library';
import { fetchCatalogue, findEntry, type CatalogueEntry } from '../../catalogue/catalogueFile';
import type { EngineApi } from '../../clients/engineClient';
import type { LibraryApi } from '../../clients/libraryClient';
import { DEFAULT_CONVERSION } from '../../catalogue/modelAddress';
import type { FolderFiles } from '../../browser/localFiles';
import { whatFilesAre, type OtherPlace } from './givenFiles';
import { HubAccess } from './hubAccess.svelte';
import { ModelActions } from './modelActions.svelte';
import { Preparation } from './preparation.svelte';
import { BrowserStorage } from './browserStorage.svelte';
import { SessionDownloads, type SessionDownload, type SessionModel } from './sessionModels';

export interface LibraryOptions {
  library: LibraryApi;
  engine: EngineApi;
  loadCatalogue?: () => Promise<Catalogue>;
  /** navigator.storage.persist, where there is one. */
  persist?: () => Promise<boolean>;
  /** Called when jobs start or end, to keep the machine awake while one is running. */
  keepAwake?: (isActive: boolean) => void;
}

const ENDED: readonly JobState['phase'][] = ['done', 'cancelled'];

export class LibraryState {
  catalogue = $state.raw<Catalogue | null>(null);
  models = $state.raw<StoredModel[]>([]);
  /** Jobs that are running, waiting, paused or failed. */
  jobs = $state.raw<JobState[]>([]);
  status = $state<'idle' | 'reading' | 'ready' | 'failed'>('idle');
  /** The last error that doesn't belong to a single model. */
  problem = $state.raw<RoundsError | null>(null);
  /** Why chosen files can't be used, as a sentence. */
  hint = $state('');
  /** Files that aren't a model and belong elsewhere on the page. */
  misplaced = $state.raw<{ place: OtherPlace; name: string; files: File[] } | null>(null);
  preparation = $state.raw<Preparation | null>(null);
  readonly hubAccess = new HubAccess();
  readonly storage: BrowserStorage;
  /** Actions on stored models, and their outcomes. */
  readonly actions: ModelActions;
  readonly #options: LibraryOptions;
  #catalogueLoading: Promise<Catalogue> | null = null;
  readonly #sessionDownloads = new SessionDownloads();

  constructor(options: LibraryOptions) {
    this.#options = options;
    this.storage = new BrowserStorage(options.library, options.persist);
    this.actions = new ModelActions(options.library, () => this.storage.refresh());
    options.library.onModels((models) => (this.models = models));
    options.library.onJobs((jobs) => {
      this.jobs = jobs.filter(({ phase }) => !ENDED.includes(phase));
      options.keepAwake?.(this.activeJob !== null);
    });
  }

  /** The job to show where there is room for only one. */
  activeJob = $derived.by(
    () => this.jobs.find(({ phase }) => phase !== 'paused' && phase !== 'failed') ?? null,
  );

  /** Reads everything again; see `status`. The first call starts the library's worker. */
  async open(): Promise<void> {
    if (this.status === 'idle') this.status = 'reading';
    try {
      const [catalogue, { models, jobs }] = await Promise.all([
        this.#loadCatalogue(),
        this.#options.library.call('list', {}),
        this.storage.read(),
      ]);
      this.catalogue = catalogue;
      this.models = models;
      this.jobs = jobs.filter(({ phase }) => !ENDED.includes(phase));
      this.status = 'ready';
      this.problem = null;
    } catch (thrown) {
      this.problem = RoundsError.from(thrown);
      this.status = 'failed';
    }
  }

  async listStored(): Promise<StoredModel[]> {
    return (await this.#options.library.call('list', {})).models;
  }

  /** The catalogue's entry for a repository; null if there is none or the catalogue can't be read. */
  async entryOf(repo: string): Promise<CatalogueEntry | null> {
    this.catalogue ??= await this.#loadCatalogue().catch(() => null);
    return findEntry(this.catalogue, repo);
  }

  /** Checks a model and this device; nothing is downloaded before `download`. */
  prepare(origin: ModelOrigin, title: string, files?: File[]): Promise<void> {
    const access: OriginAccess = { ...(files ? { files } : {}), ...this.hubAccess.forCall() };
    const preparation = new Preparation(this.#options, { origin, access, title });
    this.preparation = preparation;
    return preparation.check();
  }

  cancelPreparation(): void {
    this.preparation = null;
  }

  /** Downloads the prepared model. Resolves to null if it failed, was paused or cancelled; the job shows which. */
  async download(): Promise<StoredModel | null> {
    const { preparation } = this;
    if (!preparation) return null;
    this.preparation = null;
    return this.#add(preparation.plan?.origin ?? preparation.origin, preparation.access);
  }

  /** Downloads the prepared model for this visit only. */
  async downloadForSession(): Promise<SessionModel | null> {
    const { preparation } = this;
    if (!preparation?.plan) return null;
    this.preparation = null;
    const { origin, name, source } = preparation.plan;
    const { files } = preparation.access;
    const download = { origin, name, repo: source.repo, ...(files ? { files } : {}) };
    this.#sessionDownloads.set(preparation.jobId, download);
    return this.#addForSession(download, preparation.access);
  }

  /**
   * Resumes a paused or failed job as what it is. The files of a folder or an import must be chosen again.
   * @returns a model for this visit only, once it is complete; null for jobs that store, and for failures
   */
  async resume(job: JobState, files?: File[]): Promise<SessionModel | null> {
    const access = { ...(files ? { files } : {}), ...this.hubAccess.forCall() };
    switch (job.kind) {
      case 'store':
        await this.#add(job.origin, access);
        return null;
      case 'session':
        return this.#resumeSession(job, access);
      case 'import':
        if (files) await this.#import(files);
        return null;
      case 'verify':
      case 'export':
        await this.#actAgain(job);
        return null;
    }
  }

  /** Whether files must be chosen before the job can be resumed: the browser does not store them. */
  needsFiles({ id, kind, origin }: JobState): boolean {
    if (kind === 'import') return true;
    return (
      origin.kind === 'folder' &&
      kind !== 'verify' &&
      kind !== 'export' &&
      !this.#sessionDownloads.hasFiles(id)
    );
  }

  /** Downloads parts again that `verify` removed as damaged. */
  repair(model: StoredModel): Promise<StoredModel | null> {
    this.actions.clearOutcome(model.id);
    return this.#add(model.origin, this.hubAccess.forCall());
  }

  async pause(job: JobState): Promise<void> {
    await this.#attempt(() => this.#options.library.call('pause', { jobId: job.id }));
  }

  async cancel(job: JobState): Promise<void> {
    await this.#attempt(() => this.#options.library.call('cancel', { jobId: job.id }));
    await this.storage.refresh();
  }

  /** Imports a pack, or prepares the conversion of a checkpoint's folder. */
  async importFiles(local: FolderFiles): Promise<void> {
    this.problem = null;
    this.hint = '';
    this.misplaced = null;
    const { name, files } = local;
    const found = await whatFilesAre(local);
    switch (found) {
      case 'pack':
        return this.#import(files);
      case 'checkpoint':
        return this.prepare({ kind: 'folder', name, ...DEFAULT_CONVERSION }, name, files);
      case 'unknown':
        this.hint = name ? t('library.notAModel', { name }) : t('library.namelessNotAModel');
        return;
      default:
        this.misplaced = { place: found, name, files };
    }
  }

  async removeAll(): Promise<void> {
    await this.#attempt(() => this.#options.library.call('deleteAll', {}));
    await this.storage.refresh();
  }

  /** A failed or paused one shows its error on the model's own row, where its outcome was shown. */
  async #actAgain({ id, kind, modelId }: JobState): Promise<void> {
    const model = this.models.find((stored) => stored.id === modelId);
    await this.#attempt(() => this.#options.library.call('cancel', { jobId: id }));
    if (!model) return;
    await (kind === 'verify' ? this.actions.verify(model) : this.actions.exportAgain(model));
  }

  async #resumeSession(job: JobState, access: OriginAccess): Promise<SessionModel | null> {
    const download = this.#sessionDownloads.of(job);
    const { files } = download;
    return this.#addForSession(download, { ...(files ? { files } : {}), ...access });
  }

  async #addForSession(
    { origin, name, repo }: SessionDownload,
    access: OriginAccess,
  ): Promise<SessionModel | null> {
    const pack = await this.#run(() => this.#options.library.call('addForSession', { origin, access }));
    return pack && { name, repo, pack };
  }

  async #import(files: File[]): Promise<void> {
    const model = await this.#run(() => this.#options.library.call('import', { files }));
    if (model) await this.storage.afterStored();
  }

  async #add(origin: ModelOrigin, access: OriginAccess): Promise<StoredModel | null> {
    const model = await this.#run(() => this.#options.library.call('add', { origin, access }));
    await (model ? this.storage.afterStored() : this.storage.refresh());
    return model;
  }

  /** @returns null if it failed, was paused or cancelled */
  async #run<T>(job: () => Promise<T>): Promise<T | null> {
    this.problem = null;
    try {
      return await job();
    } catch (thrown) {
      this.#showProblem(RoundsError.from(thrown));
      return null;
    }
  }

  /** Skips pauses and cancellations, which the visitor requested, and errors that their job shows. */
  #showProblem(error: RoundsError): void {
    const isShown = this.jobs.some((job) => job.phase === 'failed' && job.error?.code === error.code);
    if (error.code !== 'aborted' && !isShown) this.problem = error;
  }

  /** Never rejects: an error goes to `problem`. */
  async #attempt(action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (thrown) {
      this.problem = RoundsError.from(thrown);
    }
  }

  #loadCatalogue(): Promise<Catalogue> {
    this.#catalogueLoading ??= (this.#options.loadCatalogue ?? fetchCatalogue)().catch((thrown: unknown) => {
      // Retry when the library is opened again.
      this.#catalogueLoading = null;
      throw thrown;
    });
    return this.#catalogueLoading;
  }
}
