/** The panel of the model and its device: with the real engine, that its figures are those of the run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIST } from '../src/cli/build.mjs';
import { openReady, test as fakeTest } from './fake/fixture';
import { RoundsPage } from './fake/pageObject';
import { expect, test } from './fixtures';

test.describe(() => {
  test.use({ fresh: true });

  test('a fresh visitor sees the first word of an answer after two clicks', async ({ page, openApp }) => {
    await page.addInitScript(() => {
      Object.assign(window, { clicks: 0 });
      addEventListener(
        'click',
        (event) => event.isTrusted && (window as unknown as { clicks: number }).clicks++,
        true,
      );
    });
    await openApp(page, { backend: 'wasm' });
    const rounds = new RoundsPage(page);
    // Nobody waits for the model: a question that is asked before it is there is answered when it is.
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    // Of a fast answer the thinking is folded up again before anybody looks.
    await rounds.askAgain.waitFor({ timeout: 150_000 });
    await expect(rounds.reasoning.getByRole('listitem').filter({ hasText: 'chosen' })).toHaveText(/Head CT/);
    expect(await page.evaluate(() => (window as unknown as { clicks: number }).clicks)).toBe(2);
  });
});

test('the machine: figures of the run, memory, self-test, and a text for reports', async ({
  page,
  openApp,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  await rounds.takeSample(/^Head CT/);
  await rounds.ask.click();
  await rounds.askAgain.waitFor({ timeout: 150_000 });
  const used = await rounds.reasoning.getByText(/^\d+ of 4,096/).innerText();

  await page.getByRole('button', { name: /about the model/ }).click();
  const dialog = page.getByRole('dialog', { name: 'rounds-mini' });
  await expect(dialog.getByText(`${used.trim()} tokens`)).toBeVisible();
  await expect(dialog.getByText('Runs on WebAssembly in float32.')).toBeVisible();
  const manifest = JSON.parse(readFileSync(join(DIST, 'models/rounds-mini/pack.json'), 'utf8')) as {
    totalBytes: number;
  };

  await dialog.getByRole('button', { name: 'Copy as text' }).click();
  const report = await page.evaluate(() => navigator.clipboard.readText());
  const row = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(report)?.[1] ?? '';
  expect(row('pack')).toMatch(/^[0-9a-f]{64}$/);
  expect(Number(row('pack bytes'))).toBe(manifest.totalBytes);
  // The weights on the device: on WebAssembly 4 bits become 32.
  expect(Number(row('memory, weights'))).toBeGreaterThan(0.8 * manifest.totalBytes);
  expect(Number(row('memory, weights'))).toBeLessThan(8 * manifest.totalBytes);
  const [, bytes, tokens, each] = /^(\d+) \((\d+) tokens of (\d+)\)$/.exec(row('memory, KV cache')) ?? [];
  expect(Number(bytes)).toBe(Number(tokens) * Number(each));
  expect(Number(tokens)).toBeGreaterThan(parseInt(used, 10));
  expect(Number(row('memory, activations \\(estimate\\)'))).toBeGreaterThan(0);
  expect(row('self-test')).toMatch(/^(passed|kept)/);
  expect(report, 'nothing of the question').not.toContain('What kind of image');

  await dialog.getByRole('button', { name: 'Copy full hash' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(row('pack'));

  await dialog.getByRole('button', { name: 'Run again' }).click();
  await expect(dialog.getByText(/^Passed in /)).toBeVisible({ timeout: 150_000 });
});

fakeTest('the speeds of the last answers are drawn and said', async ({ page, openFake }) => {
  const rounds = await openReady(page, openFake);
  await rounds.takeSample(/^Head CT/);
  for (let answers = 0; answers < 3; answers++) {
    await rounds.ask.click();
    await rounds.askAgain.waitFor();
  }
  await page.getByRole('button', { name: /about the model/ }).click();
  await expect(page.getByRole('img', { name: /^Tokens per second for the last 3 answers/ })).toBeVisible();
});

fakeTest.describe(() => {
  fakeTest.use({ fresh: true });

  fakeTest('the bar of a load never goes back', async ({ page, openFake }) => {
    await page.addInitScript(() => {
      const seen: number[] = [];
      Object.assign(window, { seen });
      const note = (): void => {
        const value = document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow');
        if (value) seen.push(Number(value));
      };
      new MutationObserver(note).observe(document, { subtree: true, childList: true, attributes: true });
    });
    await openFake(page, 'secondMode');
    await new RoundsPage(page).modelReady();
    const seen = await page.evaluate(() => (window as unknown as { seen: number[] }).seen);
    expect(seen.length).toBeGreaterThan(3);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });
});
