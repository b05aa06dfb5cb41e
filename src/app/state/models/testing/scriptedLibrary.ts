/** A library that answers from a script, and what the tests of the library's state share. */
import { parseCatalogue } from '../../../../shared/catalogue';
import { RoundsError, type ErrorCode } from '../../../../shared/errors';
import {
  jobIdOf,
  type JobState,
  type LibraryCallName,
  type LibraryCalls,
  type ModelOrigin,
  type ModelPlan,
  type StoredModel,
} from '../../../../shared/library';
import type { EngineApi } from '../../../clients/engineClient';
import type { LibraryApi } from '../../../clients/libraryClient';
import { LibraryState } from '../library.svelte';

export const ORIGIN: ModelOrigin = {
  kind: 'hub',
  repo: 'org/model',
  revision: 'main',
  endpoint: 'https://huggingface.co',
  weights: 'q4',
  recipe: 'best',
};
export const PINNED: ModelOrigin = { ...ORIGIN, revision: 'a'.repeat(40) };
export const SOURCE = { repo: 'org/model', revision: PINNED.revision, license: null, files: [] };
export const PLAN: ModelPlan = {
  origin: PINNED,
  name: 'model',
  source: SOURCE,
  weights: 'q4 (best)',
  parameters: 3e9,
  downloadBytes: 6e9,
  packBytes: 2e9,
  presentBytes: 0,
  largestTensorBytes: 3e8,
  defaultMaxPixels: null,
};
export const STORED: StoredModel = {
  id: 'id',
  packHash: 'h',
  name: 'model',
  origin: PINNED,
  source: SOURCE,
  weights: 'q4 (best)',
  parameters: 3e9,
  totalBytes: 2e9,
  storedBytes: 2e9,
  shards: 120,
  storedShards: 120,
  complete: true,
  addedAt: '2026-11-01T00:00:00Z',
  usedAt: null,
  verifiedAt: null,
};
export const JOB: JobState = {
  id: jobIdOf(PINNED),
  kind: 'store',
  modelId: 'id',
  name: 'model',
  origin: PINNED,
  phase: 'paused',
  doneBytes: 1,
  totalBytes: 2,
  bytesPerSecond: 0,
  secondsLeft: null,
  detail: null,
  error: null,
};

type Answers = { [K in LibraryCallName]?: (params: LibraryCalls[K][0]) => LibraryCalls[K][1] };

/** A library that answers from a table and notes what it was asked; an answer may throw. */
export class ScriptedLibrary implements LibraryApi {
  readonly asked: [LibraryCallName, unknown][] = [];
  readonly answers: Answers;
  tellJobs: (jobs: JobState[]) => void = () => undefined;
  tellModels: (models: StoredModel[]) => void = () => undefined;

  constructor(answers: Answers) {
    this.answers = {
      list: () => ({ models: [], jobs: [] }),
      storage: () => ({ usage: 0, quota: 1e10, persisted: false, isPrivate: false }),
      plan: () => PLAN,
      add: () => STORED,
      pause: () => null,
      cancel: () => null,
      delete: () => null,
      deleteAll: () => null,
      ...answers,
    };
  }

  async call<K extends LibraryCallName>(kind: K, params: LibraryCalls[K][0]): Promise<LibraryCalls[K][1]> {
    this.asked.push([kind, params]);
    const answer = this.answers[kind];
    if (!answer) throw new RoundsError('internal', `${kind} is not scripted.`);
    return answer(params);
  }

  onJobs(listener: (jobs: JobState[]) => void): () => void {
    this.tellJobs = listener;
    return () => undefined;
  }

  onModels(listener: (models: StoredModel[]) => void): () => void {
    this.tellModels = listener;
    return () => undefined;
  }

  dispose(): void {
    // Nothing is open.
  }

  of<K extends LibraryCallName>(kind: K): LibraryCalls[K][0][] {
    return this.asked.filter(([name]) => name === kind).map(([, params]) => params as LibraryCalls[K][0]);
  }
}

export const GPU = {
  description: 'x',
  software: false,
  shaderF16: true,
  maxBufferBytes: 2e9,
  maxBindingBytes: 2e9,
};

export function setup(answers: Answers = {}, persist: () => Promise<boolean> = () => Promise.resolve(true)) {
  const library = new ScriptedLibrary(answers);
  const probes: number[] = [];
  const engine = {
    call: (_: string, { allocateBytes }: { allocateBytes: number }) => {
      probes.push(allocateBytes);
      const allocation = allocateBytes > 0 ? { askedBytes: allocateBytes, gotBytes: 1e9 } : null;
      return Promise.resolve({ gpu: GPU, allocation });
    },
    onLost: () => () => undefined,
  } as unknown as EngineApi;
  const catalogue = parseCatalogue({ format: 'rounds-catalogue', version: 1, harnesses: {}, models: [] });
  const loadCatalogue = () => Promise.resolve(catalogue);
  const awake: boolean[] = [];
  const keepAwake = (wanted: boolean): number => awake.push(wanted);
  const state = new LibraryState({ library, engine, loadCatalogue, persist, keepAwake });
  return { state, library, probes, awake };
}

export const failing = (code: ErrorCode) => (): never => {
  throw new RoundsError(code, 'Scripted.');
};
