import { describe, expect, it } from 'vitest';
import { STORED, setup, failing } from './testing/scriptedLibrary';

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

  it('reads the space again after a deletion', async () => {
    const { state, library } = setup();
    await state.actions.remove(STORED);
    expect(library.asked.map(([kind]) => kind)).toEqual(['delete', 'storage']);
  });
});
