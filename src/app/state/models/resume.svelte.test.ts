import { describe, expect, it } from 'vitest';
import type { JobState } from '../../../shared/library';
import { failing, JOB, ORIGIN, PINNED, PLAN, setup, STORED } from './testing/scriptedLibrary';

const VERIFY: JobState = { ...JOB, id: 'verifying:id', kind: 'verify', phase: 'failed' };
const EXPORT: JobState = { ...JOB, id: 'exporting:id', kind: 'export', phase: 'failed' };
const IMPORT: JobState = { ...JOB, id: 'import:x', kind: 'import', origin: { kind: 'import', name: 'x' } };
const PACK = { manifest: new Blob(['{}']), shards: [] };

describe('resuming', () => {
  it('verifies and exports again, and adds nothing', async () => {
    const file = new Blob(['x']);
    const { state, library } = setup({
      verify: () => ({ intact: 3, damaged: [] }),
      export: () => ({ file, name: 'x.zip' }),
    });
    library.tellModels([STORED]);
    const saved: string[] = [];
    await state.actions.exportTo(STORED, { save: (_, name) => saved.push(name) });
    await state.resume(VERIFY);
    await state.resume(EXPORT);
    expect(library.of('verify')).toEqual([{ modelId: 'id' }]);
    expect(saved).toEqual(['x.zip', 'x.zip']);
    expect(library.of('add')).toEqual([]);
    // The failed jobs are gone from the list; new ones report themselves.
    expect(library.of('cancel')).toEqual([{ jobId: VERIFY.id }, { jobId: EXPORT.id }]);
  });

  it('imports with the files that are chosen, and asks for them', async () => {
    const { state, library } = setup({ import: () => STORED });
    expect(state.needsFiles(IMPORT)).toBe(true);
    await state.resume(IMPORT);
    expect(library.of('import')).toEqual([]);
    const files = [new File(['{}'], 'pack.json')];
    await state.resume(IMPORT, files);
    expect(library.of('import')).toEqual([{ files }]);
    expect(library.of('add')).toEqual([]);
  });

  it('continues a model for this visit, and gives it to be used', async () => {
    const { state, library } = setup({ addForSession: failing('aborted') });
    await state.prepare(ORIGIN, 'A model');
    expect(await state.downloadForSession()).toBeNull();
    library.answers.addForSession = () => PACK;
    const job: JobState = { ...JOB, kind: 'session', modelId: 'id' };
    expect(await state.resume(job)).toEqual({ name: 'model', repo: 'org/model', pack: PACK });
    expect(library.of('add')).toEqual([]);
  });

  it('knows the files of a folder that is for this visit', async () => {
    const origin = { kind: 'folder', name: 'x', weights: 'q4', recipe: 'best' } as const;
    const { state, library } = setup({
      plan: () => ({ ...PLAN, origin }),
      addForSession: failing('aborted'),
    });
    const files = [new File(['{}'], 'config.json')];
    const job: JobState = { ...JOB, id: 'folder:x:q4:best', kind: 'session', origin };
    expect(state.needsFiles(job)).toBe(true);
    await state.prepare(origin, 'x', files);
    await state.downloadForSession();
    expect(state.needsFiles(job)).toBe(false);
    library.answers.addForSession = () => PACK;
    await state.resume(job);
    expect(library.of('addForSession').at(-1)).toEqual({ origin, access: { files } });
  });

  it('sends no token once the field was emptied, and says so to the worker, which remembers it', async () => {
    const { state, library } = setup();
    state.hubAccess.token = 'hf_secret';
    await state.resume(JOB);
    state.hubAccess.token = '';
    await state.resume(JOB);
    expect(library.of('add')).toEqual([
      { origin: PINNED, access: { token: 'hf_secret' } },
      { origin: PINNED, access: { token: '' } },
    ]);
  });
});
