/**
 * The jobs of this browser as the page sees them: those that run here, those of other tabs, and a paused one for each
 * incomplete model that nobody works on. Changes are reported a few times a second at most.
 */
import { jobIdOf, type JobPhase, type JobState, type StoredModel } from '../../shared/library';
import type { LibraryChannel } from './channel';
import type { Locks } from './locks';

const UPDATE_EVERY_MS = 250;
/** Phases after which a job is reported once more and then no longer listed. */
const ENDED: ReadonlySet<JobPhase> = new Set(['done', 'cancelled']);
const tabLock = (tab: string): string => `rounds-tab-${tab}`;

export interface JobBoardPorts {
  channel: LibraryChannel;
  locks: Locks;
  tab: string;
  onChange: (jobs: JobState[]) => void;
  /** Least time between two reports, for tests; 0 reports each change. */
  updateEveryMs?: number;
}

export class JobBoard {
  readonly #ports: JobBoardPorts;
  readonly #own = new Map<string, JobState>();
  readonly #others = new Map<string, JobState[]>();
  #models: readonly StoredModel[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #reportedAt = Number.NEGATIVE_INFINITY;
  /** Own jobs changed since they were last sent to the other tabs. A message of theirs must not cause one to them. */
  #hasUnsent = false;

  constructor(ports: JobBoardPorts) {
    this.#ports = ports;
    // Held as long as the thread lives: when another tab gets the lock, this tab has ended.
    void ports.locks.run(tabLock(ports.tab), () => new Promise(() => undefined));
    ports.channel.post({ type: 'hello', tab: ports.tab });
  }

  /** All jobs of another tab; from now on, also notices when that tab ends. */
  receive(tab: string, jobs: JobState[]): void {
    if (!this.#others.has(tab)) void this.#forgetAtEnd(tab);
    this.#others.set(tab, jobs);
    this.#change();
  }

  /** Another tab has started and needs the jobs of this one. */
  answerHello(): void {
    if (this.#own.size > 0) this.#post();
  }

  setModels(models: readonly StoredModel[]): void {
    this.#models = models;
    this.#change();
  }

  get(id: string): JobState | undefined {
    return this.#own.get(id);
  }

  /** Adds or changes a job of this tab. */
  set(job: JobState): void {
    const before = this.#own.get(job.id);
    this.#own.set(job.id, job);
    this.#hasUnsent = true;
    if (before?.phase === job.phase) return this.#change();
    this.#flush();
    if (!ENDED.has(job.phase) && !this.#isListedAsModel(job)) return;
    this.#own.delete(job.id);
    this.#hasUnsent = true;
    this.#change();
  }

  /** Drops a job that failed. */
  remove(id: string): void {
    if (!this.#own.delete(id)) return;
    this.#hasUnsent = true;
    this.#flush();
  }

  snapshot(): JobState[] {
    const others = [...this.#others.values()].flat();
    const jobs = [...this.#own.values()]
      .filter((job) => !this.#isOutdated(job, others))
      .map((job) =>
        job.phase === 'elsewhere'
          ? follow(
              job,
              others.find((other) => isSame(job, other)),
            )
          : job,
      );
    for (const other of others) {
      if (isActive(other) && !jobs.some((job) => isSame(job, other))) jobs.push(follow(other, other));
    }
    for (const model of this.#models) {
      const id = jobIdOf(model.origin);
      const isListed = jobs.some((job) => job.id === id || job.modelId === model.id);
      if (!model.complete && !isListed) jobs.push(pausedJob(model));
    }
    return jobs;
  }

  /** A paused download is what its incomplete model is listed as, here and in every tab. */
  #isListedAsModel({ phase, kind, modelId }: JobState): boolean {
    return phase === 'paused' && kind === 'store' && modelId !== null;
  }

  /** A paused job that another tab works on, or whose model another tab has completed. */
  #isOutdated(job: JobState, others: readonly JobState[]): boolean {
    if (job.phase !== 'paused') return false;
    if (others.some((other) => isActive(other) && isSame(job, other))) return true;
    const fills = job.kind === 'store' || job.kind === 'import';
    return fills && this.#models.some(({ id, complete }) => id === job.modelId && complete);
  }

  async #forgetAtEnd(tab: string): Promise<void> {
    await this.#ports.locks.run(tabLock(tab), () => Promise.resolve());
    this.#others.delete(tab);
    this.#change();
  }

  #change(): void {
    if (this.#timer !== null) return;
    const everyMs = this.#ports.updateEveryMs ?? UPDATE_EVERY_MS;
    if (everyMs === 0) return this.#flush();
    const wait = Math.max(0, this.#reportedAt + everyMs - performance.now());
    this.#timer = setTimeout(() => this.#flush(), wait);
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#reportedAt = performance.now();
    this.#ports.onChange(this.snapshot());
    if (this.#hasUnsent) this.#post();
  }

  #post(): void {
    this.#hasUnsent = false;
    // Other tabs see the job that a waiting one waits for.
    const jobs = [...this.#own.values()].filter(({ phase }) => phase !== 'elsewhere');
    this.#ports.channel.post({ type: 'jobs', tab: this.#ports.tab, jobs });
  }
}

function isActive({ phase }: JobState): boolean {
  return phase !== 'failed' && phase !== 'paused' && !ENDED.has(phase);
}

function isSame(job: JobState, other: JobState): boolean {
  return job.id === other.id || (job.modelId !== null && job.modelId === other.modelId);
}

/** A job with the progress of the other tab's job that it waits for. */
function follow(job: JobState, other: JobState | undefined): JobState {
  if (!other) return job;
  const { doneBytes, totalBytes, bytesPerSecond, secondsLeft, detail } = other;
  return { ...job, phase: 'elsewhere', doneBytes, totalBytes, bytesPerSecond, secondsLeft, detail };
}

function pausedJob(model: StoredModel): JobState {
  return {
    id: jobIdOf(model.origin),
    kind: model.origin.kind === 'import' ? 'import' : 'store',
    modelId: model.id,
    name: model.name,
    origin: model.origin,
    phase: 'paused',
    doneBytes: model.storedBytes,
    totalBytes: model.totalBytes,
    bytesPerSecond: 0,
    secondsLeft: null,
    detail: null,
    error: null,
  };
}
