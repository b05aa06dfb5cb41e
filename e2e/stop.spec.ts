/** Stop stops, with the real engine on WebAssembly, which computes without giving its thread away. */
import type { Page } from '@playwright/test';
import { RoundsPage, sampleFile } from './fake/pageObject';
import { expect, test } from './fixtures';

/** The page's workers are watched from its first script on. */
test.use({ fresh: true });

interface Watch {
  tokens: number;
  /** Tokens that had come when Stop was pressed; null before. */
  tokensBefore: number | null;
  /** Whether the engine replied to the call. */
  isReplied: boolean;
}

/** Presses Stop, or Escape, when `after` tokens have come. */
async function watch(page: Page, after: number, key: 'click' | 'Escape' | 'nothing'): Promise<void> {
  await page.addInitScript(
    ([limit, how]) => {
      const seen: Watch = { tokens: 0, tokensBefore: null, isReplied: false };
      Object.assign(window, { seen });
      const press = (): void => {
        seen.tokensBefore = seen.tokens;
        if (how === 'Escape')
          document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
        else [...document.querySelectorAll('button')].find((b) => b.innerText.trim() === 'Stop')?.click();
      };
      window.Worker = class extends Worker {
        constructor(address: string | URL, options?: WorkerOptions) {
          super(address, options);
          const isEngine = options?.name === 'engine';
          this.addEventListener(
            'message',
            ({ data }: MessageEvent<{ type: string; update?: { kind: string } }>) => {
              if (data.type === 'result' && isEngine && seen.tokens > 0) seen.isReplied = true;
              if (data.update?.kind !== 'token') return;
              seen.tokens += 1;
              // Once the page has shown it.
              if (seen.tokens === limit && how !== 'nothing') setTimeout(press);
            },
          );
        }
      };
    },
    [after, key] as const,
  );
}

const seen = (page: Page): Promise<Watch> => page.evaluate(() => (window as unknown as { seen: Watch }).seen);

/**
 * Of a whole answer few tokens come after Stop: those that were on their way, and those of the step that was running. Tokens and
 * not milliseconds, because the machine may be busy with other work.
 * @param most tokens that may come after Stop
 */
function expectStopped({ tokens, tokensBefore, isReplied }: Watch, most: number): void {
  expect(isReplied).toBe(true);
  expect(tokensBefore).not.toBeNull();
  expect(tokens - (tokensBefore ?? 0)).toBeLessThanOrEqual(most);
}

async function askOften(rounds: RoundsPage, count: number): Promise<void> {
  await rounds.page.getByRole('button', { name: 'Rollouts' }).click();
  await rounds.page
    .getByRole('spinbutton', { name: /answers|rollouts/i })
    .first()
    .fill(String(count));
  await rounds.page.keyboard.press('Tab');
  await rounds.page.getByRole('button', { name: `Ask ${count} times` }).click();
}

for (const key of ['click', 'Escape'] as const) {
  test(`an answer ends soon after Stop (${key})`, async ({ page, openApp }) => {
    await watch(page, 3, key);
    await openApp(page, { backend: 'wasm' });
    const rounds = new RoundsPage(page);
    await rounds.modelReady();
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await rounds.askAgain.waitFor();
    expectStopped(await seen(page), 20);
    await expect(rounds.reasoning.getByRole('button', { name: 'Continue', exact: true })).toBeVisible();
  });
}

test('rollouts end soon after Stop, and what they wrote stays', async ({ page, openApp }) => {
  await watch(page, 100, 'click');
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  await rounds.takeSample(/^Head CT/);
  await askOften(rounds, 16);
  await rounds.askAgain.waitFor();
  // Of sixteen at once.
  expectStopped(await seen(page), 20 * 16);
  const cards = rounds.reasoning.getByRole('list', { name: 'Rollouts' }).getByRole('listitem');
  await expect(cards.filter({ hasText: 'Stopped.' })).not.toHaveCount(0);
  // They are decoded together, so each has words.
  await expect(cards.filter({ hasText: 'Grey' })).toHaveCount(16);
});

test('an image that is dropped during rollouts appears while they run', async ({ page, openApp }) => {
  await watch(page, 0, 'nothing');
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  await rounds.takeSample(/^Head CT/);
  await askOften(rounds, 16);
  await expect.poll(async () => (await seen(page)).tokens).toBeGreaterThan(2);
  await page.evaluate(() => {
    const { seen } = window as unknown as { seen: Watch };
    const look = (): void => {
      const image = document.querySelector('[role=img][aria-label^="brain-mri"], img[alt^="brain-mri"]');
      if (image) Object.assign(window, { isShownBefore: !seen.isReplied });
      else requestAnimationFrame(look);
    };
    look();
  });
  await rounds.drop(sampleFile('brain-mri.png'));
  await expect(rounds.viewer()).toHaveAccessibleName('brain-mri.png');
  const isShownBefore = (): Promise<unknown> =>
    page.evaluate(() => (window as unknown as { isShownBefore?: boolean }).isShownBefore);
  await expect.poll(isShownBefore, 'the rollouts were still running').toBe(true);
});
