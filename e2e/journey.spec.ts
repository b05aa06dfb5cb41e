/**
 * The whole way with the real engine and the embedded model: first visit, an image, a streamed answer, and the
 * same again without a network. What the answer says is not judged here (models/train measures that), only
 * that it has the form, streams, and is the same on every device and visit.
 */
import type { Page } from '@playwright/test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DIST } from '../src/cli/build.mjs';
import { RoundsPage, sampleFile } from './fake/pageObject';
import { expect, test } from './fixtures';

/** First visits. */
test.use({ fresh: true });

/** A software GPU beside other work takes its time. */
test.describe.configure({ mode: 'serial', timeout: 600_000 });

interface Answer {
  thinking: string;
  answer: string;
}

const OPTIONS = ['Chest X-ray', 'Head CT', 'Blood smear', 'Hand X-ray'];
/** Filled by the runs, compared by the last test. */
const answers = new Map<string, Answer>();

/** Notes every length that the thinking had: a text that came in one piece has one. */
async function watchThinking(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const lengths = new Set<number>();
    Object.assign(window, { lengths });
    const note = (): void => {
      const length = document.querySelector('[aria-label=Thinking]')?.textContent.length;
      if (length) lengths.add(length);
    };
    new MutationObserver(note).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
  return () => page.evaluate(() => (window as unknown as { lengths: Set<number> }).lengths.size);
}

async function askHeadCt(rounds: RoundsPage): Promise<Answer> {
  await rounds.drop(sampleFile('head-ct.png'));
  await expect(rounds.viewer()).toHaveAccessibleName('head-ct.png');
  await rounds.question.fill('What kind of image is this?');
  await rounds.page.getByRole('button', { name: 'Add answer choices' }).click();
  for (const [index, option] of OPTIONS.entries()) {
    if (index > 1) await rounds.page.getByRole('button', { name: /^Add\s*a choice$/ }).click();
    await rounds.choices.nth(index).fill(option);
  }
  const steps = await watchThinking(rounds.page);
  await rounds.ask.click();
  await rounds.askAgain.waitFor({ timeout: 300_000 });
  expect(await steps(), 'pieces in which the thinking came').toBeGreaterThan(3);
  await expect(rounds.reasoning.getByText(/^\d[\d.]* tokens\/s$/)).toBeVisible();
  const thinking = rounds.reasoning.getByRole('region', { name: 'Thinking' });
  // It stays open once a visitor has opened it.
  if (!(await thinking.isVisible())) await rounds.reasoning.getByText('Reasoning', { exact: true }).click();
  return {
    thinking: await thinking.innerText(),
    answer: await rounds.reasoning.getByRole('listitem').filter({ hasText: 'chosen' }).innerText(),
  };
}

async function expectDevice(page: Page, device: string | RegExp): Promise<void> {
  await page.getByRole('button', { name: /about the model/ }).click();
  await expect(page.getByRole('dialog')).toContainText(device);
}

test('the embedded model is in the build', () => {
  expect(existsSync(join(DIST, 'models/rounds-mini/pack.json'))).toBe(true);
});

// The software adapter takes minutes for it; in every run e2e/goldens.spec.ts compares a case on WebGPU with the reference.
const BACKENDS = [
  { backend: 'auto', details: {} },
  { backend: 'webgpu', details: { tag: '@long' } },
] as const;

for (const { backend, details } of BACKENDS) {
  test(
    `first visit, answer, and again without a network (${backend})`,
    details,
    async ({ page, context, openApp }) => {
      const rounds = new RoundsPage(page);
      await openApp(page, backend === 'auto' ? {} : { backend });
      await rounds.modelReady();
      const first = await askHeadCt(rounds);
      expect(first.thinking.length).toBeGreaterThan(20);
      answers.set(backend, first);

      await expect(page.getByText('Works offline')).toBeVisible();
      await context.setOffline(true);
      await page.reload();
      await rounds.modelReady();
      await expectDevice(page, 'from browser storage');
      await page.keyboard.press('Escape');
      expect(await askHeadCt(rounds)).toEqual(first);
    },
  );
}

test('four rollouts of one prompt, with a key: votes, rewards, advantages', async ({ page, openApp }) => {
  const rounds = new RoundsPage(page);
  await openApp(page, { backend: 'wasm' });
  await rounds.modelReady();
  await rounds.takeSample(/^Head CT/);
  await page.getByRole('button', { name: 'Rollouts' }).click();
  await page.getByRole('button', { name: 'Ask 4 times' }).click();
  await rounds.askAgain.waitFor({ timeout: 300_000 });
  await expect(rounds.reasoning.getByText(/^\d of 4 correct · pass rate \d+%$/)).toBeVisible();
  await expect(rounds.reasoning.getByText('Images and prompt were processed once')).toBeVisible();
  const cards = rounds.reasoning.getByRole('list', { name: 'Rollouts' }).getByRole('listitem');
  await expect(cards).toHaveCount(4);
  await rounds.reasoning.getByText('Show as table').click();
  const rows = rounds.reasoning.getByRole('row');
  const numbers = (column: number): Promise<number[]> =>
    rows.evaluateAll(
      (all, at) =>
        all.slice(1).map((row) => Number(row.children[at]?.textContent.replace('−', '-').replace('+', ''))),
      column,
    );
  const rewards = await numbers(5);
  expect(rewards).toHaveLength(4);
  expect(rewards.every((reward) => reward === 0 || reward === 1)).toBe(true);
  // Advantages of a group add up to nothing, whatever it answered.
  const advantages = await numbers(6);
  expect(Math.abs(advantages.reduce((a, b) => a + b, 0))).toBeLessThan(0.05);
  expect(advantages.some((advantage) => advantage !== 0)).toBe(new Set(rewards).size > 1);
});

test('without a real GPU the small model takes WebAssembly by itself and says why', async ({
  page,
  openApp,
}) => {
  const rounds = new RoundsPage(page);
  await openApp(page);
  const real = await page.evaluate(async () => {
    const adapter = await navigator.gpu?.requestAdapter();
    return adapter
      ? !/swiftshader|llvmpipe/i.test(JSON.stringify([adapter.info.architecture, adapter.info.description]))
      : false;
  });
  test.skip(real, 'this machine has a GPU, which is taken instead');
  await rounds.modelReady();
  await expect(page.getByRole('button', { name: /^rounds-mini\s+WebAssembly/ })).toBeVisible();
  await expectDevice(page, /only a software GPU|WebGPU isn’t available/);
});

test('both devices give the same answer', { tag: '@long' }, async ({ page, openApp }) => {
  const rounds = new RoundsPage(page);
  await openApp(page, { backend: 'wasm' });
  await rounds.modelReady();
  expect(await askHeadCt(rounds)).toEqual(answers.get('webgpu'));
});
