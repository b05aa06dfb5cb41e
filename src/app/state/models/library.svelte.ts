/** The model library as the page sees it: what there is, what is stored, what is being fetched, and what can be done. */
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
import { keptText } from '../../browser/keptText';
import type { LibraryApi } from '../../clients/libraryClient';
import { DEFAULT_HUB, DEFAULT_WISH, parseHub } from '../../catalogue/modelAddress';
import { localKind, type FolderFiles } from '../../browser/localFiles';
import { ModelActions } from './modelActions.svelte';
import { Preparation } from './preparation.svelte';

export interface LibraryOptions {
  library: LibraryApi;
  engine: EngineApi;
  loadCatalogue?: () => Promise<Catalogue>;
  /** navigator.storage.persist, where there is one. */
  persist?: () => Promise<boolean>;
  /** Told whether a job is running, so that the machine stays awake for it. */
  keepAwake?: (wanted: boolean) => void;
}

const ENDED: readonly JobState['phase'][] = ['done', 'cancelled'];

export class LibraryState {
  catalogue = $state.raw<Catalogue | null>(null);
  models = $state.raw<StoredModel[]>([]);
  /** Jobs that are running, waiting, paused or failed. */
  jobs = $state.raw<JobState[]>([]);
  storage = $state.raw<StorageReport | null>(null);
  /** What the browser said when it was asked to keep the models for good; null before. */
  persistAnswer = $state<boolean | null>(null);
  status = $state<'idle' | 'reading' | 'ready' | 'failed'>('idle');
  /** The last failure that belongs to no model in particular. */
  problem = $state.raw<RoundsError | null>(null);
  /** Why files that were given are not taken, as a sentence. */
  hint = $state('');
  preparation = $state.raw<Preparation | null>(null);
  hub = $state(keptText('rounds.hub').get() ?? DEFAULT_HUB);
  /** Given for gated models; never stored, gone with the page. */
  token = $state('');

  /** What is done with stored models, and what came of it. */
  readonly actions: ModelActions;
  readonly #options: LibraryOptions;
  #catalogueLoading: Promise<Catalogue> | null = null;

  constructor(options: LibraryOptions) {
    this.#options = options;
    this.actions = new ModelActions(options.library, () => this.#refreshStorage());
    options.library.onModels((models) => (this.models = models));
    options.library.onJobs((jobs) => {
      this.jobs = jobs.filter(({ phase }) => !ENDED.includes(phase));
      options.keepAwake?.(this.activeJob !== null);
    });
  }

  /** The running job with the most to say: shown where there is room for one. */
  activeJob = $derived.by(
    () => this.jobs.find(({ phase }) => phase !== 'paused' && phase !== 'failed') ?? null,
  );

  /** Reads everything anew; the outcome is in `status`. The first call starts the library's worker. */
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

  /** What the catalogue says about a repository; null where it says nothing or can't be read. */
  async entryOf(repo: string): Promise<CatalogueEntry | null> {
    this.catalogue ??= await this.#loadCatalogue().catch(() => null);
    return findEntry(this.catalogue, repo);
  }

  /** @returns a sentence where the address is none */
  useHub(text: string): string {
    const parsed = parseHub(text);
    if (typeof parsed === 'string') return parsed;
    this.hub = parsed.hub;
    keptText('rounds.hub').set(parsed.hub === DEFAULT_HUB ? null : parsed.hub);
    return '';
  }

  /** Looks at a model and at this device; nothing is fetched before `download`. */
  prepare(origin: ModelOrigin, title: string, files?: File[]): Promise<void> {
    const access: OriginAccess = { ...(files ? { files } : {}), ...this.#tokenAccess() };
    const preparation = new Preparation(this.#options, { origin, access, title });
    this.preparation = preparation;
    return preparation.look();
  }

  dropPreparation(): void {
    this.preparation = null;
  }

  /** Fetches what was prepared. Resolves to null where it failed, was paused or cancelled: the job says so. */
  async download(): Promise<StoredModel | null> {
    const { preparation } = this;
    if (!preparation) return null;
    this.preparation = null;
    return this.#add(preparation.plan?.origin ?? preparation.origin, preparation.access);
  }

  /** The same, kept for this visit only. */
  async downloadForSession(): Promise<{ name: string; repo: string; pack: SessionPack } | null> {
    const { preparation } = this;
    if (!preparation?.plan) return null;
    this.preparation = null;
    const { origin, name, source } = preparation.plan;
    try {
      const pack = await this.#options.library.call('addForSession', { origin, access: preparation.access });
      return { name, repo: source.repo, pack };
    } catch (thrown) {
      this.#tellUnlessJobDoes(RoundsError.from(thrown));
      return null;
    }
  }

  /** Goes on with a paused or failed job. A folder's files have to be given again. */
  resume(job: JobState, files?: File[]): Promise<StoredModel | null> {
    return this.#add(job.origin, { ...(files ? { files } : {}), ...this.#tokenAccess() });
  }

  /** Fetches parts that `verify` took away. */
  repair(model: StoredModel): Promise<StoredModel | null> {
    this.actions.forget(model.id);
    return this.#add(model.origin, this.#tokenAccess());
  }

  async pause(job: JobState): Promise<void> {
    await this.#quietly(() => this.#options.library.call('pause', { jobId: job.id }));
  }

  async cancel(job: JobState): Promise<void> {
    await this.#quietly(() => this.#options.library.call('cancel', { jobId: job.id }));
    await this.#refreshStorage();
  }

  /** Takes a pack in, or begins with a checkpoint's folder. */
  async bringIn(local: FolderFiles): Promise<void> {
    this.problem = null;
    this.hint = '';
    const kind = localKind(local);
    if (kind === 'checkpoint')
      return this.prepare({ kind: 'folder', name: local.name, ...DEFAULT_WISH }, local.name, local.files);
    if (kind === 'unknown') {
      this.hint = local.name ? t('library.notAModel', { name: local.name }) : t('library.namelessNotAModel');
      return;
    }
    try {
      await this.#options.library.call('import', { files: local.files });
      await this.#stored();
    } catch (thrown) {
      this.#tellUnlessJobDoes(RoundsError.from(thrown));
    }
  }

  async removeAll(): Promise<void> {
    await this.#quietly(() => this.#options.library.call('deleteAll', {}));
    await this.#refreshStorage();
  }

  /** Asks the browser not to delete the models when space runs low; best from a click. */
  async askToPersist(): Promise<void> {
    const persist = this.#options.persist ?? (() => navigator.storage.persist());
    try {
      this.persistAnswer = await persist();
    } catch {
      // No such function, or an insecure page: the same as "no".
      this.persistAnswer = false;
    }
    await this.#refreshStorage();
  }

  async #add(origin: ModelOrigin, access: OriginAccess): Promise<StoredModel | null> {
    this.problem = null;
    try {
      const model = await this.#options.library.call('add', { origin, access });
      await this.#stored();
      return model;
    } catch (thrown) {
      this.#tellUnlessJobDoes(RoundsError.from(thrown));
      await this.#refreshStorage();
      return null;
    }
  }

  /** After the first success only: before it there is nothing to keep. */
  async #stored(): Promise<void> {
    if (this.persistAnswer === null && this.storage?.persisted !== true) await this.askToPersist();
    else await this.#refreshStorage();
  }

  /** A pause or a cancellation was asked for, and a failed job has a place of its own. */
  #tellUnlessJobDoes(error: RoundsError): void {
    const isShown = this.jobs.some((job) => job.phase === 'failed' && job.error?.code === error.code);
    if (error.code !== 'aborted' && !isShown) this.problem = error;
  }

  async #quietly(action: () => Promise<unknown>): Promise<void> {
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
      // The last report stands: it is a guess anyway.
    }
  }

  #tokenAccess(): OriginAccess {
    const token = this.token.trim();
    return token === '' ? {} : { token };
  }

  #loadCatalogue(): Promise<Catalogue> {
    this.#catalogueLoading ??= (this.#options.loadCatalogue ?? fetchCatalogue)().catch((thrown: unknown) => {
      // The next opening tries again.
      this.#catalogueLoading = null;
      throw thrown;
    });
    return this.#catalogueLoading;
  }
}
