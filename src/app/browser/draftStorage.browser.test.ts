import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deleteDatabase } from '../../shared/indexedDb';
import { DRAFT_DATABASE, DraftStorage } from './draftStorage';
import { setPrivateVisit } from './privateVisit';

const images = (text: string) => ({ facts: [text], files: [new Blob([text])] });
const namesOf = async (storage: DraftStorage) => (await storage.readImages())?.facts;
/** As another tab, which has an id and a key of its own. */
const newTab = (): DraftStorage => {
  sessionStorage.clear();
  return new DraftStorage();
};

beforeEach(() => sessionStorage.clear());
afterEach(async () => {
  vi.useRealTimers();
  setPrivateVisit(false);
  await deleteDatabase(DRAFT_DATABASE);
});

describe('DraftStorage', () => {
  it('gives back text and images after a reload, and to no other tab', async () => {
    const storage = new DraftStorage();
    expect(storage.writeText('question')).toBe(true);
    expect(await storage.writeImages(images('one'))).toBe(true);
    const reloaded = new DraftStorage();
    expect(reloaded.readText()).toBe('question');
    const read = await reloaded.readImages();
    expect(read?.facts).toEqual(['one']);
    expect(await read?.files[0]?.text()).toBe('one');
    const other = newTab();
    expect(other.readText()).toBeNull();
    expect(await other.readImages()).toBeNull();
  });

  it('removes both, and writes nothing in a private visit', async () => {
    const storage = new DraftStorage();
    storage.writeText('question');
    await storage.writeImages(images('one'));
    setPrivateVisit(true);
    expect(storage.writeText('secret')).toBe(false);
    expect(await storage.writeImages(images('secret'))).toBe(false);
    expect(storage.readText()).toBe('question');
    expect(storage.writeText(null)).toBe(true);
    expect(await storage.writeImages(null)).toBe(true);
    expect(storage.readText()).toBeNull();
    expect(await storage.readImages()).toBeNull();
  });

  it('says that a file that can’t be read any more is not stored', async () => {
    const gone = { arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotFoundError')) };
    expect(await new DraftStorage().writeImages({ facts: [], files: [gone as unknown as Blob] })).toBe(false);
  });

  it('deletes the images of old tabs, and of all but the last four', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const tabs: [tab: string, key: string][] = [];
    for (let hour = 0; hour < 7; hour++) {
      vi.setSystemTime(new Date(2026, 0, 1, hour));
      await newTab().writeImages(images(String(hour)));
      tabs.push([
        sessionStorage.getItem('rounds.tab') ?? '',
        sessionStorage.getItem('rounds.draft.key') ?? '',
      ]);
    }
    const left = async (): Promise<unknown[]> => {
      const found: unknown[] = [];
      for (const [tab, key] of tabs) {
        sessionStorage.setItem('rounds.tab', tab);
        sessionStorage.setItem('rounds.draft.key', key);
        found.push(((await namesOf(new DraftStorage())) as string[] | undefined)?.[0] ?? null);
      }
      return found;
    };
    await newTab().tidy();
    expect(await left()).toEqual([null, null, null, '3', '4', '5', '6']);
    vi.setSystemTime(new Date(2026, 0, 3, 5));
    await newTab().tidy();
    expect(await left()).toEqual([null, null, null, null, null, '5', '6']);
  });
});
