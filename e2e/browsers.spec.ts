/**
 * The journey in WebKit and Firefox, where they are installed: a sample, a question, its answer, and the same again after a reload
 * without a network. The answers must be those of Chromium.
 */
import { DIST } from '../src/cli/build.mjs';
import { serve } from '../src/cli/staticServer.mjs';
import { firefoxMissing, openFirefox } from './browsers/firefox';
import { asRemote, askSample, SAMPLES, waitFor, type SampleAnswer } from './browsers/journey';
import type { Remote } from './browsers/remote';
import { openWebkit, webkitMissing } from './browsers/webkit';
import { expect, test } from './fixtures';

test.use({ fresh: true });
test.describe.configure({ mode: 'serial', timeout: 900_000 });

const answers = new Map<string, SampleAnswer>();

test('Chromium: answers to compare with', { tag: '@long' }, async ({ page, site }) => {
  const chromium = asRemote(page);
  await chromium.go(`${site.url}?backend=wasm`);
  await waitFor(chromium, 'the model', ({ ready }) => ready);
  for (const title of SAMPLES) answers.set(title, await askSample(chromium, title));
});

const BROWSERS: readonly [name: string, missing: () => string | null, open: () => Promise<Remote>][] = [
  ['WebKit', webkitMissing, openWebkit],
  ['Firefox', firefoxMissing, openFirefox],
];

for (const [name, missing, open] of BROWSERS) {
  test(`${name}: the same answers, and again without a network`, { tag: '@long' }, async () => {
    const reason = missing();
    test.skip(reason !== null, reason ?? '');
    const host = await serve({ root: DIST });
    const remote = await open();
    try {
      await remote.go(host.url);
      await waitFor(remote, 'the model', ({ ready }) => ready);
      for (const title of SAMPLES) expect(await askSample(remote, title), title).toEqual(answers.get(title));
      await waitFor(remote, 'the service worker', ({ offline }) => offline);
      await host.close();
      await remote.reload();
      await waitFor(remote, 'the model without a network', ({ ready }) => ready);
      const [first] = SAMPLES;
      expect(await askSample(remote, first)).toEqual(answers.get(first));
    } finally {
      await remote.close();
      await host.close().catch(() => undefined);
    }
  });
}
