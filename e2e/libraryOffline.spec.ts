/** A stored model in a browser that is started again without a network. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIST } from '../src/cli/build.mjs';
import { serve } from '../src/cli/staticServer.mjs';
import { makeProfile, startBrowser } from './faults/ownBrowser';
import { add, test } from './faults/libraryCalls';
import { expect } from './fixtures';

test.describe.configure({ timeout: 600_000 });
/** First visits. */
test.use({ fresh: true });

/** In a page: has the engine's worker load a stored model and answer, as the app does, without the app. */
async function answerWith([script, id]: [string, string]): Promise<string> {
  const worker = new Worker(script, { type: 'module' });
  let next = 0;
  const ask = (request: object): Promise<{ text: string }> =>
    new Promise((resolve, reject) => {
      const call = ++next;
      worker.addEventListener(
        'message',
        ({ data }: MessageEvent<{ type: string; id: number; result: never; error: Error }>) => {
          if (data.id !== call || data.type === 'update') return;
          if (data.type === 'result') resolve(data.result);
          else reject(new Error(data.error.message));
        },
      );
      worker.postMessage({ id: call, ...request });
    });
  const pack = { kind: 'stored', id };
  await ask({ call: 'load', params: { pack, backend: 'wasm', activations: 'auto' } });
  const settings = {
    maxNewTokens: 4,
    temperature: 0,
    topP: 1,
    topK: 0,
    repetitionPenalty: 1,
    seed: 1,
    ignoreEos: true,
  };
  const messages = [{ role: 'user', content: 'What is this?' }];
  const { text } = await ask({
    call: 'generate',
    params: { messages, settings, decoded: { images: [], decodeMs: 0 } },
  });
  worker.terminate();
  return text;
}

test('a stored model answers after a restart of the browser without any network', async ({ host }) => {
  const MINI = join(DIST, 'models/rounds-mini');
  for (const file of readdirSync(MINI)) host.files.set(file, readFileSync(join(MINI, file)));
  const site = await serve({ root: DIST });
  const engine = readdirSync(join(DIST, 'assets')).find((name) => /^engine\.worker-.*\.js$/.test(name))!;
  const script = `${site.url}assets/${engine}`;
  const profile = await makeProfile();
  let browser = await startBrowser(profile.path);
  try {
    const page = await browser.context.newPage();
    await page.goto(site.url);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page.goto(`${site.url}harness.html`);
    const { id } = await add(page, host);
    await host.close();
    const online = await page.evaluate(answerWith, [script, id] as [string, string]);
    await site.close();
    await browser.kill();

    browser = await startBrowser(profile.path);
    const later = await browser.context.newPage();
    await later.goto(site.url);
    expect(await later.evaluate(answerWith, [script, id] as [string, string])).toBe(online);
    expect(online.length).toBeGreaterThan(0);
  } finally {
    await browser.kill();
    await profile.remove();
    await site.close().catch(() => undefined);
  }
});
