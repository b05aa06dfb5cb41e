/** A command whose page can't be opened leaves no browser behind. */
import type { Browser } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HarnessSession } from '../src/cli/harnessSession';
import { Visit } from '../src/cli/rehearsal/visit';

test('the browser of a command ends when its page fails to open', async () => {
  let browser: Browser | null = null;
  const opening = HarnessSession.open({
    pack: 'public/models/rounds-mini',
    report: () => undefined,
    onPage: (page) => {
      browser = page.context().browser();
      throw new Error('this page does not open');
    },
  });
  await expect(opening).rejects.toThrow('this page does not open');
  expect((browser as Browser | null)?.isConnected()).toBe(false);
});

test('so does that of a rehearsal', async () => {
  const profile = mkdtempSync(join(tmpdir(), 'rounds-visit-'));
  // Nothing listens there.
  await expect(Visit.open(profile, 'http://127.0.0.1:9/', () => undefined)).rejects.toThrow('ERR_');
  // A browser that still ran would hold its profile, and a second one could not open it.
  await expect(Visit.open(profile, 'http://127.0.0.1:9/', () => undefined)).rejects.toThrow('ERR_');
  rmSync(profile, { recursive: true, force: true });
});
