import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModelInfo, Update } from '../../shared/protocol';
import { LOAD, QUESTION, setup } from './testing/fakeEngineWorker';

describe('EngineClient with a worker that hangs', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  async function stopped() {
    const made = setup();
    const lost = vi.fn();
    made.client.onLost(lost);
    const abort = new AbortController();
    const call = made.client.call('generate', QUESTION, { signal: abort.signal });
    const outcome = vi.fn();
    void call.catch(outcome);
    await vi.advanceTimersByTimeAsync(0);
    abort.abort();
    return { ...made, lost, outcome };
  }

  it('ends it if it is silent for 3 s after Stop, and says that the model is lost', async () => {
    const { client, ports, port, lost, outcome } = await stopped();
    const hung = port();
    await vi.advanceTimersByTimeAsync(2700);
    expect(outcome).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(600);
    expect(outcome.mock.calls[0]?.[0]).toMatchObject({ code: 'aborted' });
    expect(lost.mock.calls[0]?.[0]).toMatchObject({ code: 'aborted' });
    expect(hung.terminated).toBe(true);
    expect(ports).toHaveLength(1);
    void client.call('load', LOAD).catch(() => undefined);
    expect(ports).toHaveLength(2);
  });

  it('lets one that is alive finish its step, but not for ever', async () => {
    const { port, outcome } = await stopped();
    for (let second = 0; second < 9; second++) {
      port().say({ type: 'alive' });
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(outcome).not.toHaveBeenCalled();
    port().say({ type: 'alive' });
    await vi.advanceTimersByTimeAsync(1500);
    expect(outcome).toHaveBeenCalled();
  });

  it('does not count time in which the page itself slept', async () => {
    const { outcome } = await stopped();
    await vi.advanceTimersByTimeAsync(1000);
    // The clock jumps by a minute, the timers don't.
    const now = performance.now();
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now + 60_000);
    await vi.advanceTimersByTimeAsync(250);
    expect(outcome).not.toHaveBeenCalled();
    clock.mockRestore();
  });

  it('ends a load without progress, and gives the load that waits to a new worker', async () => {
    const { client, ports, port } = setup();
    const lost = vi.fn();
    client.onLost(lost);
    const outcome = vi.fn();
    void client.call('load', LOAD).catch(outcome);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(outcome).not.toHaveBeenCalled();
    const next = client.call('load', { ...LOAD, backend: 'wasm' });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(outcome.mock.calls[0]?.[0]).toMatchObject({ code: 'load_stalled' });
    expect(lost).not.toHaveBeenCalled();
    expect(ports).toHaveLength(2);
    expect(port().sent).toMatchObject([{ call: 'load', params: { backend: 'wasm' } }]);
    const info = { imageProcessor: {}, model: { vision: {} } } as unknown as ModelInfo;
    port().say({ type: 'result', id: port().sent[0]!.id, result: info });
    await expect(next).resolves.toBe(info);
  });

  it('waits for a load that advances, however long it takes', async () => {
    const { client, port } = setup();
    const outcome = vi.fn();
    void client.call('load', LOAD).catch(outcome);
    for (let minute = 0; minute < 20; minute++) {
      const update: Update = { kind: 'progress', stage: 'download', done: minute, total: 20 };
      port().say({ type: 'update', id: 1, update });
      await vi.advanceTimersByTimeAsync(50_000);
    }
    expect(outcome).not.toHaveBeenCalled();
  });
});
