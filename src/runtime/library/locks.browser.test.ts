/** The browser's own lock manager, and the one for browsers that have none. */
import { describe, expect, it } from 'vitest';
import { localLocks, openLocks } from './locks';
import { testLocks } from './testing/lockTests';

describe('openLocks', () => {
  it('are the browser’s', async () => {
    let held: string[] = [];
    await openLocks().run('rounds-test-held', async () => {
      held = ((await navigator.locks.query()).held ?? []).map(({ name }) => name ?? '');
    });
    expect(held).toContain('rounds-test-held');
  });

  testLocks(openLocks());
});

describe('localLocks', () => testLocks(localLocks()));
