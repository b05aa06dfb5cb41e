/**
 * One tab at a time works on a model. The browser frees a lock however its tab ends, so a lock also shows whether a
 * tab is still open.
 */
import { RoundsError } from '../../shared/errors';

export interface Locks {
  /**
   * Runs `work` while holding the lock. Where another tab or job has it, calls `onWait` and waits for the lock.
   * @throws RoundsError aborted while it waits; what `work` throws
   */
  run<T>(
    name: string,
    work: () => Promise<T>,
    wait?: { signal?: AbortSignal; onWait?: () => void },
  ): Promise<T>;
}

/** Name of the lock that whoever changes a model holds. */
export function modelLock(id: string): string {
  return `rounds-model-${id}`;
}

export function openLocks(): Locks {
  return typeof navigator !== 'undefined' && 'locks' in navigator ? webLocks(navigator.locks) : localLocks();
}

function webLocks(manager: LockManager): Locks {
  return {
    run: async (name, work, { signal, onWait } = {}) => {
      const FREE = { ifAvailable: true } as const;
      // Boxed: the promise type of `request` flattens what work returns.
      const first = await manager.request(name, FREE, async (lock) =>
        lock ? { result: await work() } : null,
      );
      if (first) return first.result;
      onWait?.();
      let started = false;
      try {
        return await manager.request(name, signal ? { signal } : {}, () => {
          started = true;
          return work();
        });
      } catch (thrown) {
        if (!started && signal?.aborted) throw new RoundsError('aborted', 'Stopped.', { cause: thrown });
        throw thrown;
      }
    },
  };
}

/** Within this thread only: for tests, and for insecure contexts, which have no lock manager. */
export function localLocks(): Locks {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run: async (name, work, { signal, onWait } = {}) => {
      const before = tails.get(name);
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      const tail = (before ?? Promise.resolve()).then(() => held);
      tails.set(name, tail);
      try {
        if (before) {
          onWait?.();
          await Promise.race([before, abortion(signal)]);
        }
        return await work();
      } finally {
        release();
        // Whoever was aborted while it waited ends before the lock is free.
        void tail.then(() => {
          if (tails.get(name) === tail) tails.delete(name);
        });
      }
    },
  };
}

function abortion(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new RoundsError('aborted', 'Stopped.'));
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
  });
}
