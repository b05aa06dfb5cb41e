import { describe, expect, it } from 'vitest';
import { RoundsError } from '../../../shared/errors';
import { ORIGIN, PINNED, PLAN, STORED, JOB, setup, failing } from './testing/scriptedLibrary';

describe('LibraryState', () => {
  it('looks before it fetches, and fetches the commit that was looked at', async () => {
    const { state, library, probes } = setup();
    state.hubAccess.token = ' hf_secret ';
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
    state.hubAccess.token = 'hf_secret';
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
    expect(state.storage.persistAnswer).toBe(false);
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

  it('plans anything with weights, which says what form they have', async () => {
    const { state, library } = setup({ plan: failing('checkpoint_invalid') });
    for (const name of [
      'model-Q4_K_M.gguf',
      'adapter_config.json',
      'model.safetensors',
      'pytorch_model.bin',
    ]) {
      const files = [new File(['x'], name)];
      await state.importFiles({ name: 'm', files });
      expect(library.of('plan').at(-1)).toMatchObject({
        origin: { kind: 'folder', name: 'm' },
        access: { files },
      });
    }
    expect(library.of('import')).toEqual([]);
    expect(state.preparation?.error?.code).toBe('checkpoint_invalid');
  });

  it('says where an image or a file of cases belongs, and keeps the files for that', async () => {
    const { state, library } = setup({ import: () => STORED });
    const png = new File([new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10])], 'head.bin');
    const dicom = new File([new Uint8Array(128), 'DICM'], 'IM0001');
    const volume = new File(['x'], 'brain.nii.gz');
    for (const file of [png, dicom, volume]) {
      await state.importFiles({ name: file.name, files: [file] });
      expect(state.misplaced).toEqual({ place: 'images', name: file.name, files: [file] });
    }
    const cases = new File(['x'], 'ward.rounds.zip');
    await state.importFiles({ name: cases.name, files: [cases] });
    expect(state.misplaced).toMatchObject({ place: 'cases', files: [cases] });
    const study = [new File(['x'], 'readme.txt'), dicom];
    await state.importFiles({ name: 'study', files: study });
    expect(state.misplaced).toMatchObject({ place: 'images', name: 'study', files: study });
    expect(library.of('import')).toEqual([]);
    const pack = [new File(['{}'], 'pack.json'), png];
    await state.importFiles({ name: 'pack', files: pack });
    expect(state.misplaced).toBeNull();
    expect(library.of('import')).toEqual([{ files: pack }]);
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
    expect(state.hubAccess.useHub('https://mirror.example/')).toBe('');
    expect(setup().state.hubAccess.hub).toBe('https://mirror.example');
    expect(state.hubAccess.useHub('ftp://mirror.example')).not.toBe('');
    expect(state.hubAccess.hub).toBe('https://mirror.example');
    expect(state.hubAccess.useHub('')).toBe('');
    expect(setup().state.hubAccess.hub).toBe('https://huggingface.co');
  });
});
