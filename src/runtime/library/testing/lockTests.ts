/** What every kind of lock must do. */
import { expect, it } from 'vitest';
import type { Locks } from '../locks';

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

export function testLocks(locks: Locks): void {
  const uniqueName = (): string => `rounds-test-${crypto.randomUUID()}`;

  /** Holds the lock until `release` is called. */
  async function hold(name: string): Promise<{ release: () => void; done: Promise<void> }> {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let done: Promise<void> = Promise.resolve();
    await new Promise<void>((started) => {
      done = locks.run(name, () => {
        started();
        return held;
      });
    });
    return { release, done };
  }

  it('lets one in at a time, in turn', async () => {
    const name = uniqueName();
    const order: string[] = [];
    const { release, done } = await hold(name);
    const waiting = ['a', 'b'].map((who) => locks.run(name, () => Promise.resolve(void order.push(who))));
    await soon();
    expect(order).toEqual([]);
    release();
    await Promise.all([done, ...waiting]);
    expect(order).toEqual(['a', 'b']);
  });

  it('lets nobody else in when a waiter gives up', async () => {
    const name = uniqueName();
    const { release, done } = await hold(name);
    const abort = new AbortController();
    let waits = 0;
    const waiter = locks.run(name, () => Promise.resolve('in'), {
      signal: abort.signal,
      onWait: () => (waits += 1),
    });
    await soon();
    abort.abort();
    await expect(waiter).rejects.toMatchObject({ code: 'aborted' });
    let isIn = false;
    const next = locks.run(name, () => Promise.resolve(void (isIn = true)), { onWait: () => (waits += 1) });
    await soon();
    expect([isIn, waits]).toEqual([false, 2]);
    release();
    await Promise.all([done, next]);
    expect(isIn).toBe(true);
  });

  it('is free after work that fails, and after a waiter between two gave up', async () => {
    const name = uniqueName();
    await expect(locks.run(name, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    const { release, done } = await hold(name);
    const abort = new AbortController();
    const waiter = locks.run(name, () => Promise.resolve(), { signal: abort.signal });
    const last = locks.run(name, () => Promise.resolve('in'));
    abort.abort();
    await expect(waiter).rejects.toMatchObject({ code: 'aborted' });
    release();
    await done;
    expect(await last).toBe('in');
    expect(await locks.run(name, () => Promise.resolve('again'))).toBe('again');
  });

  it('does not begin work for a signal that is aborted already', async () => {
    const name = uniqueName();
    const { release, done } = await hold(name);
    const late = locks.run(name, () => Promise.resolve(), { signal: AbortSignal.abort() });
    await expect(late).rejects.toMatchObject({ code: 'aborted' });
    release();
    await done;
  });
}
