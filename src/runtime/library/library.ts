/** Implements the calls of src/shared/library.ts with the stored models, the jobs, and the other tabs. */
import { DOWNLOAD_FAILURES, RoundsError } from '../../shared/errors';
import { fullName } from '../../shared/hubName';
import {
  jobIdOf,
  type JobKind,
  type JobState,
  type LibraryCallName,
  type LibraryCalls,
  type ModelOrigin,
  type OriginAccess,
  type SessionPack,
  type StoredModel,
} from '../../shared/library';
import type { ModelStorage } from '../storage/modelStorage';
import { readManifest } from '../storage/fetchPack';
import { memoryShardStore, type MemoryShardStore } from '../storage/shardStore';
import type { LibraryChannel, LibraryMessage } from './channel';
import { exportPack } from './exportPack';
import { JobBoard } from './jobBoard';
import { JobRunner, type JobStart, type RunningJob } from './jobRunner';
import type { Locks } from './locks';
import { openModelSource } from './openModelSource';
import { openPackFiles } from './packFiles';
import { fillStore, StoredModels } from './storedModels';
import { storageReport } from './storageReport';
import { startTrialThread } from '../trial/trialThread';
import type { StartThread } from '../trial/tryModel';
import { Trials } from './trials';
import { planOf, type ModelSource, type SourceHooks } from './modelSource';

export interface LibraryPorts {
  storage: ModelStorage;
  channel: LibraryChannel;
  locks: Locks;
  /** Names this thread among the tabs. */
  tab: string;
  onJobs: (jobs: JobState[]) => void;
  onModels: (models: StoredModel[]) => void;
  /** Starts the thread in which a model is tried before it is taken in; for tests. */
  startTrial?: StartThread;
  /** Least time between two reports of jobs, for tests; 0 reports each change. */
  updateEveryMs?: number;
}

/** One method for each call of the protocol. */
export type LibraryService = {
  [K in LibraryCallName]: (params: LibraryCalls[K][0]) => Promise<LibraryCalls[K][1]>;
};

type StopMessage = Extract<LibraryMessage, { type: 'stop' }>;

export class Library implements LibraryService {
  readonly #ports: LibraryPorts;
  readonly #models: StoredModels;
  readonly #board: JobBoard;
  readonly #runner: JobRunner;
  readonly #trials: Trials;
  /** Models that are fetched for this session only; in memory until they are complete, so that they can be resumed. */
  readonly #sessions = new Map<string, MemoryShardStore>();
  /** By hub. Given with a call, remembered for resuming, never stored or sent anywhere else. */
  readonly #tokens = new Map<string, string>();

  constructor(ports: LibraryPorts) {
    this.#ports = ports;
    this.#models = new StoredModels(ports.storage, ports.locks);
    this.#board = new JobBoard({ ...ports, onChange: ports.onJobs });
    this.#runner = new JobRunner(this.#board);
    this.#trials = new Trials(ports.startTrial ?? startTrialThread);
    ports.channel.onMessage((message) => this.#receive(message));
  }

  async list(): Promise<LibraryCalls['list'][1]> {
    const models = await this.#models.list();
    this.#board.setModels(models);
    return { models, jobs: this.#board.snapshot() };
  }

  storage(): Promise<LibraryCalls['storage'][1]> {
    return storageReport();
  }

  async plan({ origin, access }: LibraryCalls['plan'][0]): Promise<LibraryCalls['plan'][1]> {
    const hooks = { signal: new AbortController().signal, onDetail: () => undefined };
    const source = await this.#openModelSource(origin, access, hooks);
    return planOf(source, await this.#storeIfAny(source.id));
  }

  add({ origin, access }: LibraryCalls['add'][0]): Promise<StoredModel> {
    return this.#runner.run(planning(origin, 'store'), async (job) => {
      // A checkpoint at a commit never changes, so no request is needed; an address may hold another pack today.
      const stored = await this.#completeFrom(origin);
      if (stored && origin.kind === 'hub') return stored;
      try {
        return await this.#store(await this.#openModelSource(origin, access, job), job);
      } catch (thrown) {
        if (stored && DOWNLOAD_FAILURES.has(RoundsError.from(thrown).code)) return stored;
        throw thrown;
      }
    });
  }

  addForSession({ origin, access }: LibraryCalls['addForSession'][0]): Promise<SessionPack> {
    return this.#runner.run(planning(origin, 'session'), async (job) => {
      const source = await this.#openModelSource(origin, access, job);
      announce(job, source);
      job.update({ phase: source.phase });
      const store = this.#sessions.get(source.id) ?? memoryShardStore();
      this.#sessions.set(source.id, store);
      const text = await fillStore(source, store, job);
      this.#sessions.delete(source.id);
      await this.#trials.tryPack(source.id, text, store, job.signal);
      return sessionPack(text, store);
    });
  }

  async pause({ jobId }: LibraryCalls['pause'][0]): Promise<null> {
    await this.#stop({ type: 'stop', jobId, how: 'pause' });
    return null;
  }

  async cancel({ jobId }: LibraryCalls['cancel'][0]): Promise<null> {
    const known = this.#board.snapshot().find(({ id }) => id === jobId);
    await this.#stop({ type: 'stop', jobId, how: 'cancel' });
    this.#board.remove(jobId);
    // Verifying and exporting store nothing that would have to go.
    if (known?.kind === 'verify' || known?.kind === 'export') return null;
    const models = await this.#ports.storage.index.list();
    const isMeant = ({ id, origin }: StoredModel): boolean =>
      id === known?.modelId || jobIdOf(origin) === jobId;
    if (known?.modelId) this.#sessions.delete(known.modelId);
    for (const { id } of models.filter(isMeant)) await this.#models.drop(id, { unlessComplete: true });
    await this.#changed();
    return null;
  }

  import({ files }: LibraryCalls['import'][0]): Promise<StoredModel> {
    const name = files[0]?.webkitRelativePath.split('/')[0] || (files[0]?.name ?? '');
    const origin: ModelOrigin = { kind: 'import', name };
    return this.#runner.run(planning(origin, 'import'), async (job) => {
      const source = await openPackFiles(files);
      const before = await this.#ports.storage.index.get(source.id);
      // A download that an import completes stays a download: it can be repaired from where it came.
      return this.#store({ ...source, origin: before?.origin ?? source.origin }, job);
    });
  }

  async export({ modelId, directory }: LibraryCalls['export'][0]): Promise<LibraryCalls['export'][1]> {
    const { model, manifestText } = await this.#models.complete(modelId);
    return this.#runner.run(jobOn(model, 'exporting'), (job) =>
      exportPack(manifestText, this.#models.shards(modelId), directory, job),
    );
  }

  async verify({ modelId }: LibraryCalls['verify'][0]): Promise<LibraryCalls['verify'][1]> {
    const { model } = await this.#models.complete(modelId);
    return this.#runner.run(jobOn(model, 'verifying'), async (job) => {
      const onWait = (): void => job.update({ phase: 'elsewhere' });
      const found = await this.#models.verify(modelId, { ...job, onWait });
      await this.#changed();
      return found;
    });
  }

  async delete({ modelId }: LibraryCalls['delete'][0]): Promise<null> {
    const model = await this.#ports.storage.index.get(modelId);
    const ids = [`verifying:${modelId}`, `exporting:${modelId}`, ...(model ? [jobIdOf(model.origin)] : [])];
    for (const jobId of ids) await this.#stop({ type: 'stop', jobId, how: 'cancel' });
    await this.#models.drop(modelId);
    await this.#changed();
    return null;
  }

  async deleteAll(): Promise<null> {
    await this.#stop({ type: 'stop', jobId: null, how: 'cancel' });
    this.#sessions.clear();
    await this.#models.dropAll();
    await this.#changed();
    return null;
  }

  async #openModelSource(
    origin: ModelOrigin,
    access: OriginAccess | undefined,
    hooks: SourceHooks,
  ): Promise<ModelSource> {
    const { signal } = hooks;
    hooks = {
      ...hooks,
      tryModel: (id, name, files) => this.#trials.tryFiles(id, name, files, signal),
    };
    if (origin.kind !== 'hub') return openModelSource(origin, access ?? {}, hooks);
    const token = access?.token ?? this.#tokens.get(origin.endpoint) ?? '';
    if (token) this.#tokens.set(origin.endpoint, token);
    else this.#tokens.delete(origin.endpoint);
    return openModelSource(origin, { ...access, token }, hooks);
  }

  async #completeFrom(origin: ModelOrigin): Promise<StoredModel | undefined> {
    if (origin.kind !== 'hub' && origin.kind !== 'pack') return undefined;
    const models = await this.#ports.storage.index.list();
    return models.findLast((model) => model.complete && jobIdOf(model.origin) === jobIdOf(origin));
  }

  async #store(source: ModelSource, job: RunningJob): Promise<StoredModel> {
    announce(job, source);
    const start = (): void => {
      job.update({ phase: source.phase });
      void this.#changed();
    };
    const model = await this.#models.fill(source, {
      signal: job.signal,
      onBytes: job.onBytes,
      onDetail: job.onDetail,
      onRecord: start,
      onWait: () => job.update({ phase: 'elsewhere' }),
      check: (id, text, store) => this.#trials.tryPack(id, text, store, job.signal),
    });
    await this.#changed();
    return model;
  }

  /** Does not create a database for a model that is only planned. */
  async #storeIfAny(id: string): Promise<ReturnType<StoredModels['shards']> | null> {
    return (await this.#ports.storage.index.get(id)) ? this.#models.shards(id) : null;
  }

  async #stop(message: StopMessage): Promise<void> {
    this.#ports.channel.post(message);
    await this.#stopHere(message);
  }

  #stopHere({ jobId, how }: StopMessage): Promise<void> {
    return this.#runner.stop(({ id }) => jobId === null || id === jobId, how);
  }

  /** Stored models changed here: this page and all others read them again. */
  async #changed(): Promise<void> {
    this.#ports.channel.post({ type: 'models' });
    await this.#refresh();
  }

  async #refresh(): Promise<void> {
    // Where storage cannot be read there is nothing to report; calls throw the failure.
    const models = await this.#models.list().catch(() => null);
    if (!models) return;
    this.#board.setModels(models);
    this.#ports.onModels(models);
  }

  #receive(message: LibraryMessage): void {
    switch (message.type) {
      case 'models':
        return void this.#refresh();
      case 'jobs':
        return this.#board.receive(message.tab, message.jobs);
      case 'hello':
        return this.#board.answerHello();
      case 'stop':
        return void this.#stopHere(message);
    }
  }
}

function planning(origin: ModelOrigin, kind: JobKind): JobStart {
  const name = 'repo' in origin ? fullName(origin) : 'url' in origin ? origin.url : origin.name;
  return { id: jobIdOf(origin), kind, modelId: null, name, origin, phase: 'planning', totalBytes: 0 };
}

function jobOn(model: StoredModel, phase: 'verifying' | 'exporting'): JobStart {
  const { id: modelId, name, origin, totalBytes } = model;
  const kind = phase === 'verifying' ? 'verify' : 'export';
  return { id: `${phase}:${modelId}`, kind, modelId, name, origin, phase, totalBytes };
}

function announce(job: RunningJob, { id, origin, pack }: ModelSource): void {
  job.update({ modelId: id, origin, name: pack.name, totalBytes: pack.totalBytes });
}

async function sessionPack(text: string, store: MemoryShardStore): Promise<SessionPack> {
  const bytes = new TextEncoder().encode(text);
  const { manifest } = await readManifest(bytes);
  const shards = manifest.shards.map(({ file }) => store.blob(file));
  if (shards.some((shard) => shard === undefined)) {
    throw new RoundsError('internal', 'A shard of the session is missing.');
  }
  return { manifest: new Blob([bytes]), shards: shards.filter((shard) => shard !== undefined) };
}
