import { afterEach, describe, expect, it, vi } from 'vitest';
import { RoundsError } from '../../../shared/errors';
import type { ImagePreview } from '../../../shared/protocol';
import { CaseDatabase } from '../../cases/caseDatabase';
import { writeCaseFile } from '../../cases/caseFile';
import type { CaseRecord } from '../../cases/caseFormat';
import { CASE_ID, testCase } from '../../cases/testing/testCase';
import type { EngineApi } from '../../clients/engineClient';
import { Conversation } from '../ask/conversation.svelte';
import { CaseImages } from './caseImages';
import { CaseList } from './caseList.svelte';
import { CasePreferences } from './casePreferences.svelte';
import { CaseTransfer } from './caseTransfer.svelte';
import { inputOf, restoreEntries } from './savedEntries';

const NAME = 'rounds-case-list-test';
const PREVIEW: ImagePreview = {
  ...{ format: 'PNG', frames: 1, frame: 0, window: null, presets: [], unit: '', pixelAspect: 1 },
  ...{ width: 1, height: 1, rgba: new Uint8ClampedArray([9, 9, 9, 255]) },
  ...{ resizedWidth: 0, resizedHeight: 0, resizedRgba: null, tokens: 0 },
};

/** A list whose conversation has the entries of a case, and an engine whose previews the test settles. */
function setup() {
  const previews: { resolve: (preview: ImagePreview) => void; reject: (error: Error) => void }[] = [];
  const engine = {
    call: () => new Promise((resolve, reject) => previews.push({ resolve, reject })),
    onLost: () => () => undefined,
  } as unknown as EngineApi;
  const unused = () => Promise.reject(new Error('unused'));
  const conversation = new Conversation({ engine, modelReady: unused, modelRecovered: unused });
  const record = testCase();
  conversation.restore(
    restoreEntries(
      record,
      record.images.map((image) => inputOf(image, new Blob(['pixel']))),
    ),
  );
  const images = new CaseImages(engine);
  const list = new CaseList({
    ...{ images, preferences: new CasePreferences(), database: new CaseDatabase(NAME) },
    conversation: () => conversation,
    onRemoved: () => undefined,
  });
  return { list, images, previews };
}

const stored = () => new CaseDatabase(NAME).record(CASE_ID) as Promise<CaseRecord | undefined>;

afterEach(async () => {
  await new CaseDatabase(NAME).clear();
});

describe('saving a case', () => {
  it('writes the text first and the picture once it is ready', async () => {
    const { list, previews } = setup();
    const saving = list.save(CASE_ID);
    await expect.poll(() => stored()).toMatchObject({ images: [] });
    expect((await stored())?.entries).toHaveLength(3);
    expect(list.isStored(CASE_ID)).toBe(true);
    expect(list.savingId).toBe(CASE_ID);
    await expect.poll(() => previews.length).toBe(1);
    // Another change does not wait for the picture.
    await list.rename(CASE_ID, 'Mine');
    previews[0]?.resolve(PREVIEW);
    await saving;
    const record = await stored();
    expect(record?.title).toBe('Mine');
    expect(record?.images).toHaveLength(1);
    expect(record?.entries[0]?.asked.images).toEqual([0]);
    expect(list.savingId).toBeNull();
    expect(list.summaries[0]?.thumbnail).toMatch(/^data:image/);
  });

  it('keeps the text if the picture fails, says so, and adds it at the next attempt', async () => {
    const { list, previews } = setup();
    const saving = list.save(CASE_ID);
    await expect.poll(() => previews.length).toBe(1);
    previews[0]?.reject(new RoundsError('worker_crashed', 'The engine stopped.'));
    await saving;
    expect(list.problem?.code).toBe('worker_crashed');
    expect(list.lacksPictures).toBe(true);
    expect((await stored())?.entries).toHaveLength(3);
    const again = list.save(CASE_ID);
    await expect.poll(() => previews.length).toBe(2);
    previews[1]?.resolve(PREVIEW);
    await again;
    expect(list.problem).toBeNull();
    expect((await stored())?.images).toHaveLength(1);
    // Saved once more before a picture is ready, the stored one stays.
    const { list: other } = setup();
    void other.save(CASE_ID);
    await expect.poll(() => other.isStored(CASE_ID)).toBe(true);
    expect((await stored())?.images).toHaveLength(1);
  });

  it('does not bring back a case that was deleted before its picture was ready', async () => {
    const { list, previews } = setup();
    const saving = list.save(CASE_ID);
    await expect.poll(() => previews.length).toBe(1);
    await list.removeAll([CASE_ID]);
    previews[0]?.resolve(PREVIEW);
    await saving;
    expect(await stored()).toBeUndefined();
  });

  it('is on the disk when it is said to be saved', async () => {
    const spy = vi.spyOn(IDBDatabase.prototype, 'transaction');
    const { list } = setup();
    void list.save(CASE_ID);
    await expect.poll(() => list.isStored(CASE_ID)).toBe(true);
    const writes = spy.mock.calls.filter(([, mode]) => mode === 'readwrite');
    expect(writes.length).toBeGreaterThan(0);
    expect(writes.map(([, , options]) => options?.durability)).toEqual(writes.map(() => 'strict'));
    spy.mockRestore();
  });
});

describe('several files of cases', () => {
  const OTHER = '88888888-8888-4888-8888-888888888888';
  const file = async (name: string, ...records: CaseRecord[]) =>
    new File(
      [
        await writeCaseFile(
          records.map((record) => ({ record, images: new Map() })),
          '',
        ),
      ],
      name,
    );
  const bare = (id: string, changedAt: string) =>
    testCase({ id, changedAt: `2026-01-0${changedAt}T00:00:00.000Z`, images: [], entries: [] });

  it('settle each clash, count together, and name the file that can’t be read', async () => {
    const { list, images } = setup();
    const transfer = new CaseTransfer(list, images);
    await transfer.importFiles([await file('one.zip', bare(CASE_ID, '1'), bare(OTHER, '1'))]);
    expect(transfer.imported).toMatchObject({ added: 2, same: 0, onlyId: null });
    await transfer.importFiles([
      await file('a.zip', bare(CASE_ID, '2')),
      new File(['no'], 'broken.zip'),
      await file('b.zip', bare(OTHER, '3')),
      await file('c.zip', bare(CASE_ID, '1')),
    ]);
    expect(transfer.problem?.code).toBe('case_invalid');
    expect(transfer.problem?.message).toContain('broken.zip: ');
    expect(transfer.imported).toMatchObject({ added: 0, same: 1 });
    expect(transfer.conflicts.map(({ record }) => record.id)).toEqual([CASE_ID, OTHER]);
    await transfer.resolveConflicts('replace');
    expect(transfer.conflicts).toEqual([]);
    const states = list.summaries.map(({ id, changedAt }) => [id, changedAt.slice(8, 10)]);
    expect(Object.fromEntries(states)).toEqual({ [CASE_ID]: '02', [OTHER]: '03' });
  });

  it('settle each clash as the visitor chose for it', async () => {
    const { list, images } = setup();
    const transfer = new CaseTransfer(list, images);
    await transfer.importFiles([await file('one.zip', bare(CASE_ID, '1'), bare(OTHER, '1'))]);
    await transfer.importFiles([
      await file('a.zip', bare(CASE_ID, '2')),
      await file('b.zip', bare(OTHER, '3')),
      await file('c.zip', bare(CASE_ID, '4')),
    ]);
    expect(transfer.clashing.map(({ id }) => id)).toEqual([CASE_ID, OTHER]);
    await transfer.resolveConflicts('replace', CASE_ID);
    expect(transfer.clashing.map(({ id }) => id)).toEqual([OTHER]);
    await transfer.resolveConflicts('both', OTHER);
    expect(transfer.clashing).toEqual([]);
    const days = list.summaries.map(({ changedAt }) => changedAt.slice(8, 10));
    expect(days).toHaveLength(3);
    const states = Object.fromEntries(
      list.summaries.map(({ id, changedAt }) => [id, changedAt.slice(8, 10)]),
    );
    expect(states).toMatchObject({ [CASE_ID]: '04', [OTHER]: '01' });
  });
});
