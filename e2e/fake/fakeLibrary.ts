/**
 * A library that follows a script: nothing is fetched or stored, but plans, progress, pauses and failures come as the
 * worker's would. It speaks the same protocol as the worker's client.
 */
import { RoundsError } from '../../src/shared/errors';
import {
  jobIdOf,
  type JobPhase,
  type JobState,
  type LibraryCallName,
  type LibraryCalls,
  type ModelOrigin,
  type ModelPlan,
  type StorageReport,
  type StoredModel,
} from '../../src/shared/library';
import type { LibraryApi } from '../../src/app/clients/libraryClient';
import type { Scenario } from './scenarios';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const PACK_BYTES = 2_324_103_542;
const STEP_MS = 60;

export class FakeLibrary implements LibraryApi {
  readonly #scenario: Scenario;
  readonly #jobListeners = new Set<(jobs: JobState[]) => void>();
  readonly #modelListeners = new Set<(models: StoredModel[]) => void>();
  #models: StoredModel[] = [];
  #jobs: JobState[] = [];
  #failures = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    if (scenario === 'library' || scenario === 'verifyFails' || scenario === 'largeFails') {
      this.#models = [storedModel(medvlm(), 'MedVLM-R1', 1_372_149_110)];
    }
    if (scenario === 'library') {
      this.#jobs = [
        job(planOf(thinker('main')), 'paused', 0.43),
        { ...job(planOf(qwen()), 'elsewhere', 0.71), bytesPerSecond: 11_400_000, secondsLeft: 59 },
      ];
    }
  }

  async call<K extends LibraryCallName>(kind: K, params: LibraryCalls[K][0]): Promise<LibraryCalls[K][1]> {
    // What can't be cloned would not reach a worker.
    const cloned: unknown = structuredClone(params);
    await wait(STEP_MS);
    return (await this.#answer(kind, cloned)) as LibraryCalls[K][1];
  }

  onJobs(listener: (jobs: JobState[]) => void): () => void {
    this.#jobListeners.add(listener);
    return () => this.#jobListeners.delete(listener);
  }

  onModels(listener: (models: StoredModel[]) => void): () => void {
    this.#modelListeners.add(listener);
    return () => this.#modelListeners.delete(listener);
  }

  dispose(): void {
    this.#jobListeners.clear();
    this.#modelListeners.clear();
  }

  async #answer(kind: LibraryCallName, params: unknown): Promise<unknown> {
    switch (kind) {
      case 'list':
        if (this.#scenario === 'noLibrary') throw new RoundsError('storage_failed', 'Scripted: no database.');
        return { models: this.#models, jobs: this.#jobs };
      case 'storage':
        return this.#storage();
      case 'plan':
        return planOf((params as LibraryCalls['plan'][0]).origin);
      case 'add':
        return await this.#add((params as LibraryCalls['add'][0]).origin);
      case 'addForSession':
        return { manifest: new Blob(['{}']), shards: [] };
      case 'import':
        return await this.#import((params as LibraryCalls['import'][0]).files);
      case 'verify':
        return this.#verify();
      case 'export':
        return { file: new Blob(['a pack']), name: 'MedVLM-R1.zip' };
      default:
        return await this.#manage(kind, params as { jobId?: string; modelId?: string });
    }
  }

  async #manage(
    kind: LibraryCallName,
    { jobId, modelId }: { jobId?: string; modelId?: string },
  ): Promise<null> {
    if (kind === 'pause') this.#changeJob(jobId, { phase: 'paused' });
    if (kind === 'cancel') this.#setJobs(this.#jobs.filter(({ id }) => id !== jobId));
    if (kind === 'delete') this.#setModels(this.#models.filter(({ id }) => id !== modelId));
    if (kind === 'deleteAll') this.#setModels([]);
    return null;
  }

  async #add(origin: ModelOrigin): Promise<StoredModel> {
    const plan = planOf(origin);
    const before = this.#jobs.find(({ id }) => id === jobIdOf(plan.origin));
    const start = before && before.totalBytes > 0 ? before.doneBytes / before.totalBytes : 0;
    const running = { ...job(plan, 'converting', start), bytesPerSecond: 38_200_000, secondsLeft: 61 };
    this.#setJobs([...this.#jobs.filter(({ id }) => id !== running.id), running]);
    for (let share = start; share < 1; share += 0.08) {
      await wait(STEP_MS);
      const now = this.#jobs.find(({ id }) => id === running.id);
      if (now?.phase !== 'converting') throw new RoundsError('aborted', 'Stopped.');
      if (this.#scenario === 'libraryFails' && share > 0.4 && this.#failures++ === 0) this.#fail(running.id);
      // Paused where a test needs to see it.
      if (this.#scenario === 'slowLibrary' && share > 0.3) {
        share = 0.3;
        continue;
      }
      const layer = Math.floor(share * 36);
      this.#changeJob(running.id, {
        doneBytes: Math.round(share * plan.packBytes),
        detail: { code: 'quantizing', params: { tensor: `model.layers.${layer}.mlp.gate_proj.weight` } },
      });
    }
    this.#setJobs(this.#jobs.filter(({ id }) => id !== running.id));
    const stored = storedModel(plan.origin, plan.name, plan.packBytes);
    this.#setModels([...this.#models.filter(({ id }) => id !== stored.id), stored]);
    return stored;
  }

  #fail(id: string): never {
    const error = new RoundsError('download_failed', 'Scripted: the connection was cut five times.');
    this.#changeJob(id, { phase: 'failed', error: error.toWire() });
    throw error;
  }

  async #import(files: File[]): Promise<StoredModel> {
    const name = files[0]?.name.replace(/\.\w+$/, '') ?? 'pack';
    const stored = storedModel({ kind: 'import', name }, name, 3_771_520);
    this.#setModels([...this.#models, stored]);
    return stored;
  }

  #verify(): LibraryCalls['verify'][1] {
    if (this.#scenario !== 'verifyFails') return { intact: 82, damaged: [] };
    // What is damaged is removed, and with it the model is one that waits to be completed.
    const storedBytes = 80 * 2 ** 24;
    const incomplete = { complete: false, storedShards: 80, storedBytes };
    this.#setModels(this.#models.map((model) => ({ ...model, ...incomplete })));
    this.#setJobs([job(planOf(medvlm()), 'paused', 80 / 82)]);
    return { intact: 80, damaged: ['shard-00003.bin', 'shard-00017.bin'] };
  }

  #storage(): StorageReport {
    const usage = 4_000_000 + this.#models.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    const isPrivate = this.#scenario === 'privateWindow';
    return { usage, quota: usage + 10 * 2 ** 30, persisted: false, isPrivate };
  }

  #changeJob(id: string | undefined, change: Partial<JobState>): void {
    this.#setJobs(this.#jobs.map((known) => (known.id === id ? { ...known, ...change } : known)));
  }

  #setJobs(jobs: JobState[]): void {
    this.#jobs = jobs;
    for (const listener of this.#jobListeners) listener(jobs);
  }

  #setModels(models: StoredModel[]): void {
    this.#models = models;
    for (const listener of this.#modelListeners) listener(models);
  }
}

const hub = (repo: string, revision = COMMIT): ModelOrigin => ({
  kind: 'hub',
  repo,
  revision,
  endpoint: 'https://huggingface.co',
  weights: 'q4',
  recipe: 'best',
});
const medvlm = (): ModelOrigin => hub('JZPeterPan/MedVLM-R1');
const qwen = (): ModelOrigin => hub('Qwen/Qwen2.5-VL-3B-Instruct');
const thinker = (revision: string): ModelOrigin => hub('UCSC-VLAA/MedVLThinker-3B-RL_m23k', revision);

function repoOf(origin: ModelOrigin): string {
  if (origin.kind === 'hub') return origin.repo;
  return origin.kind === 'pack' ? (origin.url.split('/').at(-1) ?? '') : origin.name;
}

function planOf(origin: ModelOrigin): ModelPlan {
  const repo = repoOf(origin);
  return {
    origin: origin.kind === 'hub' ? { ...origin, revision: COMMIT } : origin,
    name: repo.split('/').at(-1) ?? repo,
    source: { repo, revision: origin.kind === 'hub' ? COMMIT : null, license: 'apache-2.0', files: [] },
    weights: 'q4 (best)',
    parameters: 3_754_622_976,
    downloadBytes: origin.kind === 'folder' ? 0 : 7_509_245_952,
    packBytes: PACK_BYTES,
    presentBytes: 0,
    largestTensorBytes: 311_164_928,
    defaultMaxPixels: null,
  };
}

function job(plan: ModelPlan, phase: JobPhase, share: number): JobState {
  return {
    id: jobIdOf(plan.origin),
    kind: plan.origin.kind === 'import' ? 'import' : 'store',
    modelId: null,
    name: plan.name,
    origin: plan.origin,
    phase,
    doneBytes: Math.round(plan.packBytes * share),
    totalBytes: plan.packBytes,
    bytesPerSecond: 0,
    secondsLeft: null,
    detail: null,
    error: null,
  };
}

function storedModel(origin: ModelOrigin, name: string, bytes: number): StoredModel {
  const { source, weights } = planOf(origin);
  return {
    id: `id-of-${name}`,
    packHash: 'ab'.repeat(32),
    name,
    origin,
    source,
    weights,
    parameters: 2_208_985_600,
    totalBytes: bytes,
    storedBytes: bytes,
    shards: 82,
    storedShards: 82,
    complete: true,
    addedAt: '2026-10-02T09:00:00Z',
    usedAt: '2026-11-20T15:30:00Z',
    verifiedAt: '2026-11-20T15:31:00Z',
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
