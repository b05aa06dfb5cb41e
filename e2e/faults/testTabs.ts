/** Tabs of one browser for unit tests: libraries on the same storage in memory, the same locks and the same channel. */
import { afterEach, beforeEach, expect } from 'vitest';
import type { JobState, ModelOrigin, StoredModel } from '../../src/shared/library';
import { openChannel, type LibraryChannel } from '../../src/runtime/library/channel';
import { Library } from '../../src/runtime/library/library';
import { localLocks, type Locks } from '../../src/runtime/library/locks';
import { memoryModelStorage, type ModelStorage } from '../../src/runtime/storage/modelStorage';
import { startFaultServer, type FaultServer } from './faultServer';
import { sha256, type TestPack } from './testPack';

export interface Tab {
  library: Library;
  jobs: JobState[];
  models: StoredModel[];
  /** Phases that a job went through, without repeats. */
  phases: (jobId: string) => string[];
}

export class TestBrowser {
  storage: ModelStorage = memoryModelStorage();
  server!: FaultServer;
  readonly #channels: LibraryChannel[] = [];
  readonly #channelName = crypto.randomUUID();
  readonly #locks: Locks = localLocks();

  openTab(): Tab {
    const channel = closable(openChannel(this.#channelName));
    this.#channels.push(channel);
    const seen: JobState[] = [];
    const onJobs = (jobs: JobState[]): void => {
      tab.jobs = jobs;
      seen.push(...jobs);
    };
    const tab: Tab = {
      jobs: [],
      models: [],
      phases: (jobId) => {
        const phases = seen.filter(({ id }) => id === jobId).map(({ phase }) => phase);
        return phases.filter((phase, i) => phase !== phases[i - 1]);
      },
      library: new Library({
        storage: this.storage,
        channel,
        locks: this.#locks,
        tab: crypto.randomUUID(),
        onJobs,
        onModels: (models) => (tab.models = models),
      }),
    };
    return tab;
  }

  /** Another machine: it has nothing of what was stored. */
  leave(): void {
    this.storage = memoryModelStorage();
  }

  /** Puts a pack on the server. */
  serve(pack: TestPack, folder: string): Extract<ModelOrigin, { kind: 'pack' }> {
    for (const [name, bytes] of pack.files) this.server.files.set(`${folder}/${name}`, bytes);
    return { kind: 'pack', url: `${this.server.url}${folder}/` };
  }

  /** How often each shard was asked for. */
  shardRequests(folder: string): number[] {
    const isShard = ([path]: [string, number]): boolean => path.startsWith(`${folder}/shard`);
    return [...this.server.requests].filter(isShard).map(([, count]) => count);
  }

  async expectStored(pack: TestPack): Promise<void> {
    const store = this.storage.shards(pack.hash);
    for (const { file, sha256: hash } of pack.manifest.shards) {
      expect(sha256(new Uint8Array((await store.get(file))!))).toBe(hash);
    }
  }

  async close(): Promise<void> {
    for (const channel of this.#channels) channel.close();
    await this.server.close();
  }
}

/** A fresh browser for each test; read it inside of tests only. */
export function useTestBrowser(): () => TestBrowser {
  let browser: TestBrowser;
  beforeEach(async () => {
    browser = new TestBrowser();
    browser.server = await startFaultServer();
  });
  afterEach(() => browser.close());
  return () => browser;
}

export async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A board may still post when its tab ends; a real tab's thread would be gone. */
export function closable(channel: LibraryChannel): LibraryChannel {
  let isOpen = true;
  return {
    ...channel,
    post: (message) => isOpen && channel.post(message),
    close: () => {
      isOpen = false;
      channel.close();
    },
  };
}
