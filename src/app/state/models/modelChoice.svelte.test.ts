import { beforeEach, describe, expect, it } from 'vitest';
import { RoundsError } from '../../../shared/errors';
import type { StoredModel } from '../../../shared/library';
import type { PackLocation } from '../../../shared/protocol';
import type { CatalogueEntry } from '../../catalogue/catalogueFile';
import { ModelChoice } from './modelChoice.svelte';
import type { ModelState } from './modelState.svelte';

const EMBEDDED: PackLocation = { kind: 'url', url: 'https://here.example/models/mini', cache: true };
const STORED = {
  id: 'id-1',
  name: 'MedVLM-R1',
  complete: true,
  source: { repo: 'JZPeterPan/MedVLM-R1' },
} as StoredModel;
const ENTRY = { model: { preset: 'medvlm-r1' }, checkpoint: null } as CatalogueEntry;

function setup({ models = [STORED], fails = false }: { models?: StoredModel[]; fails?: boolean } = {}) {
  const used: PackLocation[] = [];
  const presets: string[] = [];
  let finish: (() => void) | null = null;
  const hold = { loads: false };
  const model = {
    isStalled: false,
    error: null as RoundsError | null,
    use: (pack: PackLocation) => {
      used.push(pack);
      return hold.loads ? new Promise<void>((resolve) => (finish = resolve)) : Promise.resolve();
    },
  };
  const choice = new ModelChoice({
    model: model as unknown as ModelState,
    embedded: EMBEDDED,
    listStored: () =>
      fails ? Promise.reject(new RoundsError('storage_failed', 'Scripted.')) : Promise.resolve(models),
    entryOf: (repo) => Promise.resolve(repo === STORED.source.repo ? ENTRY : null),
    usePreset: (preset) => presets.push(preset),
  });
  return { choice, model, used, presets, hold, finish: () => finish?.() };
}

beforeEach(() => localStorage.clear());

describe('ModelChoice', () => {
  it('begins with the embedded model', async () => {
    const { choice, used, presets } = setup();
    await choice.start();
    expect(used).toEqual([EMBEDDED]);
    expect(presets).toEqual([]);
    expect(choice.notice).toBe('');
  });

  it('uses a stored model with the catalogue’s prompt, and again on the next visit, when the prompt is the visitor’s', async () => {
    const first = setup();
    await first.choice.useStored(STORED);
    expect(first.used).toEqual([{ kind: 'stored', id: 'id-1' }]);
    expect(first.presets).toEqual(['medvlm-r1']);
    expect(first.choice.isInUse('id-1')).toBe(true);
    const second = setup();
    await second.choice.start();
    expect(second.used).toEqual([{ kind: 'stored', id: 'id-1' }]);
    expect(second.presets).toEqual([]);
  });

  it.each([
    ['gone', { models: [] }, 'no longer stored', EMBEDDED],
    [
      'incomplete',
      { models: [{ ...STORED, complete: false }] },
      'not completely stored',
      { kind: 'stored', id: 'id-1' },
    ],
    ['out of reach', { fails: true }, 'could not be read', { kind: 'stored', id: 'id-1' }],
  ])(
    'falls back to the embedded model when the remembered one is %s, says so, and forgets only what is gone',
    async (_, world, words, next) => {
      await setup().choice.useStored(STORED);
      const { choice, used } = setup(world);
      await choice.start();
      expect(used).toEqual([EMBEDDED]);
      expect(choice.notice).toContain(words);
      const later = setup();
      await later.choice.start();
      expect(later.used).toEqual([next]);
    },
  );

  it('does not load a model again that took the page down', async () => {
    const first = setup();
    first.hold.loads = true;
    void first.choice.useStored(STORED);
    // The page is gone without having been left.
    const second = setup();
    await second.choice.start();
    expect(second.used).toEqual([EMBEDDED]);
    expect(second.choice.notice).toContain('MedVLM-R1');
    // Once is enough: it may have been something else.
    const third = setup();
    await third.choice.start();
    expect(third.used).toEqual([{ kind: 'stored', id: 'id-1' }]);
  });

  it('does not mistake a visitor who leaves for a crash', async () => {
    const first = setup();
    first.hold.loads = true;
    void first.choice.useStored(STORED);
    dispatchEvent(new Event('pagehide'));
    const second = setup();
    await second.choice.start();
    expect(second.used).toEqual([{ kind: 'stored', id: 'id-1' }]);
  });

  it('remembers a load that hung when the visitor left or reloaded', async () => {
    const first = setup();
    first.hold.loads = true;
    void first.choice.useStored(STORED);
    first.model.isStalled = true;
    dispatchEvent(new Event('pagehide'));
    const second = setup();
    await second.choice.start();
    expect(second.used).toEqual([EMBEDDED]);
    expect(second.choice.notice).toContain('MedVLM-R1 stopped responding');
    const third = setup();
    await third.choice.start();
    expect(third.used).toEqual([{ kind: 'stored', id: 'id-1' }]);
  });

  it('remembers a load that was ended because it hung', async () => {
    const first = setup();
    first.model.error = new RoundsError('load_stalled', 'Scripted.');
    await first.choice.useStored(STORED);
    dispatchEvent(new Event('pagehide'));
    const second = setup();
    await second.choice.start();
    expect(second.used).toEqual([EMBEDDED]);
    expect(second.choice.notice).toContain('stopped responding');
  });

  it('forgets the stored model for the embedded one and for one of this visit', async () => {
    const first = setup();
    await first.choice.useStored(STORED);
    const pack = { manifest: new Blob(), shards: [] };
    await first.choice.useSession('x', 'org/x', pack);
    expect(first.used.at(-1)).toEqual({ kind: 'session', pack });
    const second = setup();
    await second.choice.start();
    expect(second.used).toEqual([EMBEDDED]);
  });
});
