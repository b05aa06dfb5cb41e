import { describe, expect, it, vi } from 'vitest';
import { LibraryClient, type LibraryPort } from './libraryClient';
import type { FromLibrary, LibraryRequest, StorageReport } from '../../shared/library';

/** A worker that does nothing by itself: a test reads what it was sent and makes it speak. */
class FakePort implements LibraryPort {
  readonly sent: LibraryRequest[] = [];
  terminated = false;
  readonly #target = new EventTarget();

  postMessage(message: LibraryRequest): void {
    this.sent.push(message);
  }
  addEventListener(type: string, listener: (event: never) => void): void {
    this.#target.addEventListener(type, listener as (event: Event) => void);
  }
  terminate(): void {
    this.terminated = true;
  }
  say(data: FromLibrary): void {
    this.#target.dispatchEvent(new MessageEvent('message', { data }));
  }
  crash(): void {
    this.#target.dispatchEvent(new Event('error'));
  }
}

function setup(): { client: LibraryClient; ports: FakePort[] } {
  const ports: FakePort[] = [];
  const client = new LibraryClient(() => {
    ports.push(new FakePort());
    return ports.at(-1)!;
  });
  return { client, ports };
}

const REPORT: StorageReport = { usage: 1, quota: 2, persisted: false, isPrivate: false };

describe('LibraryClient', () => {
  it('starts its worker with the first call and pairs replies with calls', async () => {
    const { client, ports } = setup();
    expect(ports).toHaveLength(0);
    const storage = client.call('storage', {});
    const failing = client.call('delete', { modelId: 'x' });
    expect(ports).toHaveLength(1);
    const [first, second] = ports[0]!.sent;
    expect(first).toMatchObject({ call: 'storage', params: {} });
    ports[0]!.say({ type: 'error', id: second!.id, error: { code: 'storage_failed', message: 'no' } });
    ports[0]!.say({ type: 'result', id: first!.id, result: REPORT });
    await expect(storage).resolves.toEqual(REPORT);
    await expect(failing).rejects.toMatchObject({ code: 'storage_failed', message: 'no' });
  });

  it('notifies listeners of jobs and models until they unsubscribe', () => {
    const { client, ports } = setup();
    const [jobs, models] = [vi.fn(), vi.fn()];
    const leave = client.onJobs(jobs);
    client.onModels(models);
    client.call('list', {}).catch(() => undefined);
    ports[0]!.say({ type: 'jobs', jobs: [] });
    ports[0]!.say({ type: 'models', models: [] });
    leave();
    ports[0]!.say({ type: 'jobs', jobs: [] });
    expect(jobs).toHaveBeenCalledTimes(1);
    expect(models).toHaveBeenCalledTimes(1);
  });

  it('after a crash lets calls fail, forgets jobs, and starts again', async () => {
    const { client, ports } = setup();
    const jobs = vi.fn();
    client.onJobs(jobs);
    const call = client.call('list', {});
    ports[0]!.crash();
    await expect(call).rejects.toMatchObject({ code: 'worker_crashed' });
    expect(jobs).toHaveBeenLastCalledWith([]);
    expect(ports[0]!.terminated).toBe(true);
    client.call('list', {}).catch(() => undefined);
    expect(ports).toHaveLength(2);
    client.dispose();
    await expect(client.call('list', {})).rejects.toMatchObject({ code: 'internal' });
  });
});
