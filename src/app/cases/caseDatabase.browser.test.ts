import { afterEach, describe, expect, it } from 'vitest';
import { parseCase } from './caseBounds';
import type { CaseRecord } from './caseFormat';
import { summarize } from './caseSummary';
import { TEST_IMAGE, testCase } from './testing/testCase';
import { CaseDatabase } from './caseDatabase';

const NAME = 'rounds-cases-test';
const OTHER = '88888888-8888-4888-8888-888888888888';
const PICTURE = 'a'.repeat(64);
const SECOND = 'b'.repeat(64);

afterEach(async () => {
  await new CaseDatabase(NAME).clear();
});

function write(database: CaseDatabase, record: CaseRecord, hashes = [PICTURE]): Promise<void> {
  const images = new Map(hashes.map((hash) => [hash, new Blob([hash.slice(0, 5)], { type: 'image/png' })]));
  return database.update(record.id, () => ({ record, images, summary: summarize(record, '') }));
}

const withImages = (id: string, hashes: string[]): CaseRecord =>
  testCase({ id, images: hashes.map((sha256) => ({ ...TEST_IMAGE, sha256 })), entries: [] });

describe('CaseDatabase', () => {
  it('gives back a case and its image in another tab', async () => {
    await write(new CaseDatabase(NAME), testCase());
    const other = new CaseDatabase(NAME);
    expect((await other.summaries()).map(({ title }) => title)).toEqual(['What kind of image is this?']);
    expect(parseCase(await other.record(testCase().id))).toEqual(testCase());
    expect(await (await other.images([PICTURE])).get(PICTURE)?.text()).toBe('aaaaa');
  });

  it('keeps an image as long as a case has it', async () => {
    const database = new CaseDatabase(NAME);
    await write(database, withImages(testCase().id, [PICTURE, SECOND]), [PICTURE, SECOND]);
    await write(database, withImages(OTHER, [PICTURE]));
    await database.remove([testCase().id]);
    expect([...(await database.images([PICTURE, SECOND])).keys()]).toEqual([PICTURE]);
    await database.remove([OTHER]);
    expect((await database.images([PICTURE])).size).toBe(0);
    expect(await database.summaries()).toEqual([]);
  });

  it('gives what is stored to the one who changes it, and writes nothing where that fails', async () => {
    const database = new CaseDatabase(NAME);
    await write(database, testCase());
    await database.update(testCase().id, (stored) => {
      const record = { ...parseCase(stored), title: 'Renamed' };
      return { record, images: new Map(), summary: summarize(record, '') };
    });
    const refused = database.update(testCase().id, () => {
      throw new Error('not like this');
    });
    await expect(refused).rejects.toMatchObject({ code: 'storage_failed' });
    // Half of it can be written before the other half turns out to be impossible.
    const record = { ...testCase(), title: () => 'no data' } as unknown as CaseRecord;
    const half = database.update(testCase().id, () => ({
      record,
      images: new Map([[SECOND, new Blob(['x'])]]),
      summary: summarize(testCase(), ''),
    }));
    await expect(half).rejects.toMatchObject({ code: 'storage_failed' });
    expect((await database.summaries())[0]?.title).toBe('Renamed');
    expect((await database.images([SECOND])).size).toBe(0);
  });

  it('reads five hundred summaries without their cases', async () => {
    const database = new CaseDatabase(NAME);
    for (let i = 0; i < 500; i++) {
      await write(
        database,
        withImages(`${String(i).padStart(8, '0')}-8888-4888-8888-888888888888`, [PICTURE]),
      );
    }
    expect(await database.summaries()).toHaveLength(500);
  });
});
