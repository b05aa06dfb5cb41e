/** The state of the model library: catalogue, stored models, jobs, storage, and the operations on them. */
import { t } from '../../i18n/i18n.svelte';
import type { Catalogue } from '../../../shared/catalogue';
import { RoundsError } from '../../../shared/errors';
import type {
  JobState,
  ModelOrigin,
  OriginAccess,
  SessionPack,
  StorageReport,
  StoredModel,
} from '../../../shared/library';
import { fetchCatalogue, findEntry, type CatalogueEntry } from '../../catalogue/catalogueFile';
import type { EngineApi } from '../../clients/engineClient';
import { storedText } from '../../browser/storedText';
import type { LibraryApi } from '../../clients/libraryClient';
import { DEFAULT_HUB, DEFAULT_CONVERSION, parseHub } from '../../catalogue/modelAddress';
import { localKind, type FolderFiles } from '../../browser/localFiles';
import { MANIFEST_FILE } from '../../../shared/pack';
import { hasWeights, otherPlace, type OtherPlace } from './misplaced';
import { ModelActions } from './modelActions.svelte';
import { Preparation } from './preparation.svelte';

export interface LibraryOptions {
  library: LibraryApi;
  engine: EngineApi;
  loadCatalogue?: () => Promise<Catalogue>;
  /** navigator.storage.persist, where there is one. */
  persist?: () => Promise<boolean>;
  /** Called when jobs start or end, to keep the machine awake while one is running. */
  keepAwake?: (isActive: boolean) => void;
}

/** A model that is not stored. */
export interface SessionModel {
  name: string;
  repo: string;
  pack: SessionPack;
}

interface Visit extends Omit<SessionModel, 'pack'> {
  origin: ModelOrigin;
  files?: File[];
}

const ENDED: readonly JobState['phase'][] = ['done', 'cancelled'];

export class LibraryState {
  catalogue = $state.raw<Catalogue | null>(null);
  models = $state.raw<StoredModel[]>([]);
  /** Jobs that are running, waiting, paused or failed. */
  jobs = $state.raw<JobState[]>([]);
  storage = $state.raw<StorageReport | null>(null);
  /** The browser's answer to the request for persistent storage; null before the request. */
  persistAnswer = $state<boolean | null>(null);
  status = $state<'idle' | 'reading' | 'ready' | 'failed'>('idle');
  /** The last error that doesn't belong to a single model. */
  problem = $state.raw<RoundsError | null>(null);
  /** Why chosen files can't be used, as a sentence. */
  hint = $state('');
  /** Files that are no model and belong elsewhere on the page. */
  misplaced = $state.raw<{ place: OtherPlace; name: string; files: File[] } | null>(null);
  preparation = $state.raw<Preparation | null>(null);
  hub = $state(storedText('rounds.hub').get() ?? DEFAULT_HUB);
  /** Access token for gated models; never stored. */
  token = $state('');

  /** Actions on stored models, and their outcomes. */
  readonly actions: ModelActions;
  readonly #options: LibraryOptions;
  #catalogueLoading: Promise<Catalogue> | null = null;
  /** Models for this visit only, by job: what resuming one needs. */
  #visits: Readonly<Record<string, Visit>> = {};
  #hadToken = false;

  constructor(options: LibraryOptions) {
    this.#options = options;
    this.actions = new ModelActions(options.library, () => this.#refreshStorage());
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
      const [catalogue, { models, jobs }, storage] = await Promise.all([
        this.#loadCatalogue(),
        this.#options.library.call('list', {}),
        this.#options.library.call('storage', {}),
      ]);
      this.catalogue = catalogue;
      this.models = models;
      this.jobs = jobs.filter(({ phase }) => !ENDED.includes(phase));
      this.storage = storage;
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

  /** @returns an error message if the address is invalid, else an empty string */
  useHub(text: string): string {
    const parsed = parseHub(text);
    if (typeof parsed === 'string') return parsed;
    this.hub = parsed.hub;
    storedText('rounds.hub').set(parsed.hub === DEFAULT_HUB ? null : parsed.hub);
    return '';
  }

  /** Checks a model and this device; nothing is downloaded before `download`. */
  prepare(origin: ModelOrigin, title: string, files?: File[]): Promise<void> {
    const access: OriginAccess = { ...(files ? { files } : {}), ...this.#tokenAccess() };
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
    const visit = { origin, name, repo: source.repo, ...(files ? { files } : {}) };
    this.#visits = { ...this.#visits, [preparation.jobId]: visit };
    return this.#addForSession(visit, preparation.access);
  }

  /**
   * Resumes a paused or failed job as what it is. The files of a folder or an import must be chosen again.
   * @returns a model for this visit only, once it is complete; null for jobs that store, and for failures
   */
  async resume(job: JobState, files?: File[]): Promise<SessionModel | null> {
    const access = { ...(files ? { files } : {}), ...this.#tokenAccess() };
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
    return origin.kind === 'folder' && kind !== 'verify' && kind !== 'export' && !this.#visits[id]?.files;
  }

  /** Downloads parts again that `verify` removed as damaged. */
  repair(model: StoredModel): Promise<StoredModel | null> {
    this.actions.clearOutcome(model.id);
    return this.#add(model.origin, this.#tokenAccess());
  }

  async pause(job: JobState): Promise<void> {
    await this.#attempt(() => this.#options.library.call('pause', { jobId: job.id }));
  }

  async cancel(job: JobState): Promise<void> {
    await this.#attempt(() => this.#options.library.call('cancel', { jobId: job.id }));
    await this.#refreshStorage();
  }

  /** Imports a pack, or prepares the conversion of a checkpoint's folder. */
  async importFiles(local: FolderFiles): Promise<void> {
    this.problem = null;
    this.hint = '';
    this.misplaced = null;
    const kind = localKind(local);
    const isNamed = local.files.some(({ name }) => name === MANIFEST_FILE || name === 'config.json');
    const place = isNamed || hasWeights(local.files) ? null : await otherPlace(local.files);
    if (place) {
      this.misplaced = { place, name: local.name, files: local.files };
      return;
    }
    if (kind === 'checkpoint' || (!isNamed && hasWeights(local.files)))
      return this.prepare(
        { kind: 'folder', name: local.name, ...DEFAULT_CONVERSION },
        local.name,
        local.files,
      );
    if (kind === 'unknown') {
      this.hint = local.name ? t('library.notAModel', { name: local.name }) : t('library.namelessNotAModel');
      return;
    }
    await this.#import(local.files);
  }

  async removeAll(): Promise<void> {
    await this.#attempt(() => this.#options.library.call('deleteAll', {}));
    await this.#refreshStorage();
  }

  /** Asks the browser not to delete the models when space runs low; best from a click. */
  async requestPersistence(): Promise<void> {
    const persist = this.#options.persist ?? (() => navigator.storage.persist());
    try {
      this.persistAnswer = await persist();
    } catch {
      // Not supported, or an insecure page: the same as a refusal.
      this.persistAnswer = false;
    }
    await this.#refreshStorage();
  }

  /** A failed or paused one shows its error on the model's own row, where its outcome was shown. */
  async #actAgain({ id, kind, modelId }: JobState): Promise<void> {
    const model = this.models.find((stored) => stored.id === modelId);
    await this.#attempt(() => this.#options.library.call('cancel', { jobId: id }));
    if (!model) return;
    await (kind === 'verify' ? this.actions.verify(model) : this.actions.exportAgain(model));
  }

  async #resumeSession(job: JobState, access: OriginAccess): Promise<SessionModel | null> {
    const visit = this.#visits[job.id] ?? { origin: job.origin, name: job.name, repo: job.name };
    const { files } = visit;
    return this.#addForSession(visit, { ...(files ? { files } : {}), ...access });
  }

  async #addForSession({ origin, name, repo }: Visit, access: OriginAccess): Promise<SessionModel | null> {
    this.problem = null;
    try {
      return { name, repo, pack: await this.#options.library.call('addForSession', { origin, access }) };
    } catch (thrown) {
      this.#showProblem(RoundsError.from(thrown));
      return null;
    }
  }

  async #import(files: File[]): Promise<void> {
    this.problem = null;
    try {
      await this.#options.library.call('import', { files });
      await this.#afterStored();
    } catch (thrown) {
      this.#showProblem(RoundsError.from(thrown));
    }
  }

  async #add(origin: ModelOrigin, access: OriginAccess): Promise<StoredModel | null> {
    this.problem = null;
    try {
      const model = await this.#options.library.call('add', { origin, access });
      await this.#afterStored();
      return model;
    } catch (thrown) {
      this.#showProblem(RoundsError.from(thrown));
      await this.#refreshStorage();
      return null;
    }
  }

  /** After a model was stored. Persistence is requested after the first one: before, there is nothing to protect. */
  async #afterStored(): Promise<void> {
    if (this.persistAnswer === null && this.storage?.persisted !== true) await this.requestPersistence();
    else await this.#refreshStorage();
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

  async #refreshStorage(): Promise<void> {
    try {
      this.storage = await this.#options.library.call('storage', {});
    } catch {
      // Keep the last report, which is an estimate anyway.
    }
  }

  /** An emptied field means no token, also for what the worker remembers. */
  #tokenAccess(): OriginAccess {
    const token = this.token.trim();
    if (token !== '') this.#hadToken = true;
    return this.#hadToken ? { token } : {};
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
