import { describe, expect, it } from 'vitest';
import { parseCatalogue } from '../../../shared/catalogue';
import { RoundsError, type ErrorCode } from '../../../shared/errors';
import {
  jobIdOf,
  type JobState,
  type LibraryCallName,
  type LibraryCalls,
  type ModelOrigin,
  type ModelPlan,
  type StoredModel,
} from '../../../shared/library';
import type { EngineApi } from '../../clients/engineClient';
import type { LibraryApi } from '../../clients/libraryClient';
import { LibraryState } from './library.svelte';

const ORIGIN: ModelOrigin = {
  kind: 'hub',
  repo: 'org/model',
  revision: 'main',
  endpoint: 'https://huggingface.co',
  weights: 'q4',
  recipe: 'best',
};
const PINNED: ModelOrigin = { ...ORIGIN, revision: 'a'.repeat(40) };
const SOURCE = { repo: 'org/model', revision: PINNED.revision, license: null, files: [] };
const PLAN: ModelPlan = {
  origin: PINNED,
  name: 'model',
  source: SOURCE,
  weights: 'q4 (best)',
  parameters: 3e9,
  downloadBytes: 6e9,
  packBytes: 2e9,
  presentBytes: 0,
  largestTensorBytes: 3e8,
};
const STORED: StoredModel = {
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
const JOB: JobState = {
  id: jobIdOf(PINNED),
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
class ScriptedLibrary implements LibraryApi {
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

const GPU = { description: 'x', software: false, shaderF16: true, maxBufferBytes: 2e9, maxBindingBytes: 2e9 };

function setup(answers: Answers = {}, persist: () => Promise<boolean> = () => Promise.resolve(true)) {
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

const failing = (code: ErrorCode) => (): never => {
  throw new RoundsError(code, 'Scripted.');
};

describe('LibraryState', () => {
  it('looks before it fetches, and fetches the commit that was looked at', async () => {
    const { state, library, probes } = setup();
    state.token = ' hf_secret ';
    await state.prepare(ORIGIN, 'A model');
    expect(library.of('add')).toEqual([]);
    expect(state.preparation).toMatchObject({ status: 'ready', canTestMemory: true });
    expect(state.preparation?.preflight).toMatchObject({ canRun: true, canStore: true });
    await state.preparation?.testMemory();
    expect(probes).toEqual([0, 2_640_000_000]);
    expect(state.preparation?.preflight).toMatchObject({ canRun: false });
    expect(await state.download()).toEqual(STORED);
    expect(library.of('add')).toEqual([{ origin: PINNED, access: { token: 'hf_secret' } }]);
    expect(state.preparation).toBeNull();
  });

  it('says why a model can’t be looked at', async () => {
    const { state } = setup({ plan: failing('model_unsupported') });
    await state.prepare(ORIGIN, 'A model');
    expect(state.preparation).toMatchObject({ status: 'failed', preflight: null });
    expect(state.preparation?.error?.code).toBe('model_unsupported');
  });

  it('never stores the token', async () => {
    const { state } = setup();
    state.token = 'hf_secret';
    await state.prepare(ORIGIN, 'A model');
    await state.download();
    expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain('hf_secret');
  });

  it('asks to persist after the first success only, and shows the answer', async () => {
    let asked = 0;
    const { state } = setup({ plan: () => PLAN }, () => {
      asked += 1;
      return Promise.resolve(false);
    });
    await state.open();
    expect(asked).toBe(0);
    await state.prepare(ORIGIN, 'A model');
    await state.download();
    await state.prepare(ORIGIN, 'A model');
    await state.download();
    expect(asked).toBe(1);
    expect(state.persistAnswer).toBe(false);
  });

  it('does not ask after a failure', async () => {
    let asked = 0;
    const { state } = setup({ add: failing('download_failed') }, () => Promise.resolve(++asked > 0));
    await state.prepare(ORIGIN, 'A model');
    expect(await state.download()).toBeNull();
    expect(asked).toBe(0);
    expect(state.problem?.code).toBe('download_failed');
  });

  it('leaves a failure to the job that shows it, and does not call a pause a failure', async () => {
    const { state, library } = setup({ add: failing('download_failed') });
    const error = new RoundsError('download_failed', 'Scripted.').toWire();
    library.tellJobs([{ ...JOB, phase: 'failed', error }]);
    await state.resume(JOB);
    expect(state.problem).toBeNull();
    library.answers.add = failing('aborted');
    library.tellJobs([]);
    await state.resume(JOB);
    expect(state.problem).toBeNull();
  });

  it('keeps the machine awake as long as a job runs', () => {
    const { library, awake } = setup();
    library.tellJobs([{ ...JOB, phase: 'downloading' }]);
    library.tellJobs([{ ...JOB, phase: 'paused' }]);
    expect(awake).toEqual([true, false]);
  });

  it('forgets jobs that are over, and shows the one that runs', () => {
    const { state, library } = setup();
    library.tellJobs([
      { ...JOB, id: 'a', phase: 'done' },
      { ...JOB, id: 'b', phase: 'cancelled' },
      { ...JOB, id: 'c', phase: 'paused' },
      { ...JOB, id: 'd', phase: 'elsewhere' },
    ]);
    expect(state.jobs.map(({ id }) => id)).toEqual(['c', 'd']);
    expect(state.activeJob?.id).toBe('d');
  });

  it('pauses, resumes with the folder’s files, and cancels by the job’s name', async () => {
    const { state, library } = setup();
    const files = [new File(['{}'], 'config.json')];
    await state.pause(JOB);
    await state.resume(JOB, files);
    await state.cancel(JOB);
    expect(library.of('pause')).toEqual([{ jobId: JOB.id }]);
    expect(library.of('add')).toEqual([{ origin: PINNED, access: { files } }]);
    expect(library.of('cancel')).toEqual([{ jobId: JOB.id }]);
  });

  it('takes packs in, begins with checkpoints, and refuses anything else with a sentence', async () => {
    const { state, library } = setup({ import: () => STORED });
    const pack = [new File(['{}'], 'pack.json'), new File(['x'], 'shard-00000.bin')];
    await state.importFiles({ name: 'pack', files: pack });
    expect(library.of('import')).toEqual([{ files: pack }]);
    const checkpoint = [new File(['{}'], 'config.json')];
    await state.importFiles({ name: 'my-model', files: checkpoint });
    expect(library.of('plan')).toEqual([
      {
        origin: { kind: 'folder', name: 'my-model', weights: 'q4', recipe: 'best' },
        access: { files: checkpoint },
      },
    ]);
    await state.importFiles({ name: 'notes', files: [new File(['x'], 'a.txt'), new File(['x'], 'b.txt')] });
    expect(state.hint).toContain('notes isn’t a model');
  });

  it('uses a model for this visit without storing it', async () => {
    const pack = { manifest: new Blob(['{}']), shards: [] };
    const { state, library } = setup({ addForSession: () => pack });
    await state.prepare(ORIGIN, 'A model');
    expect(await state.downloadForSession()).toEqual({ name: 'model', repo: 'org/model', pack });
    expect(library.of('add')).toEqual([]);
  });

  it('says when the library can’t be read, and reads it again', async () => {
    const { state, library } = setup({ list: failing('storage_failed') });
    await state.open();
    expect(state.status).toBe('failed');
    library.answers.list = () => ({ models: [STORED], jobs: [JOB] });
    await state.open();
    expect(state).toMatchObject({ status: 'ready', problem: null, models: [STORED], jobs: [JOB] });
  });

  it('keeps the hub’s address, in one form, and refuses what is none', () => {
    const { state } = setup();
    expect(state.useHub('https://mirror.example/')).toBe('');
    expect(setup().state.hub).toBe('https://mirror.example');
    expect(state.useHub('ftp://mirror.example')).not.toBe('');
    expect(state.hub).toBe('https://mirror.example');
    expect(state.useHub('')).toBe('');
    expect(setup().state.hub).toBe('https://huggingface.co');
  });
});

describe('ModelActions', () => {
  it('verifies, and offers to fetch again what can be fetched', async () => {
    const { state, library } = setup({ verify: () => ({ intact: 120, damaged: [] }) });
    await state.actions.verify(STORED);
    expect(state.actions.outcomes['id']?.sentence).toBe('Verified: all 120 parts are intact.');
    library.answers.verify = () => ({ intact: 119, damaged: ['shard-00001.bin'] });
    await state.actions.verify(STORED);
    expect(state.actions.outcomes['id']).toMatchObject({
      sentence: '1 damaged part was removed.',
      canRepair: true,
    });
    await state.actions.verify({ ...STORED, origin: { kind: 'import', name: 'x' } });
    expect(state.actions.outcomes['id']?.canRepair).toBe(false);
    await state.repair(STORED);
    expect(state.actions.outcomes['id']).toBeUndefined();
    expect(library.of('add')).toHaveLength(1);
  });

  it('shows the error of an action at its model', async () => {
    const { state } = setup({ verify: failing('storage_failed') });
    await state.actions.verify(STORED);
    expect(state.actions.outcomes['id']?.error?.code).toBe('storage_failed');
    expect(state.actions.busy).toEqual([]);
  });

  it('exports into a folder, or hands the file over', async () => {
    const file = new Blob(['pack']);
    const { state, library } = setup({
      export: ({ directory }) => ({ file: directory ? null : file, name: directory ? 'model' : 'model.zip' }),
    });
    const saved: [Blob, string][] = [];
    await state.actions.exportTo(STORED, { save: (blob, name) => saved.push([blob, name]) });
    expect(saved).toEqual([[file, 'model.zip']]);
    const directory = {} as FileSystemDirectoryHandle;
    await state.actions.exportTo(STORED, { directory });
    expect(library.of('export')).toEqual([{ modelId: 'id' }, { modelId: 'id', directory }]);
    expect(state.actions.outcomes['id']?.sentence).toContain('model');
  });

  it('reads the space anew after a deletion', async () => {
    const { state, library } = setup();
    await state.actions.remove(STORED);
    expect(library.asked.map(([kind]) => kind)).toEqual(['delete', 'storage']);
  });
});
