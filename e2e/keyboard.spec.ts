/** The whole job by keyboard alone: no step needs a pointer, every stop can be seen, and the focus comes back. */
import type { Locator, Page } from '@playwright/test';
import { expect, openReady, test } from './fake/fixture';

const MOST_STOPS = 80;

class Keyboard {
  readonly focused: Locator;

  constructor(readonly page: Page) {
    this.focused = page.locator(':focus');
  }

  press(key: string): Promise<void> {
    return this.page.keyboard.press(key);
  }

  /** Tabs to what has this name; each stop on the way must be visible and show that it has the focus. */
  async to(name: RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
    for (let stops = 0; stops < MOST_STOPS; stops++) {
      await this.press(key);
      const stop = await this.#look();
      if (stop === null) continue;
      expect(stop.isShown, `the focus can be seen on ${stop.name}`).toBe(true);
      if (name.test(stop.name)) return;
    }
    throw new Error(`Tab never reached ${name.source}.`);
  }

  /** Null between the end of the page and its beginning. */
  #look(): Promise<{ name: string; isShown: boolean } | null> {
    return this.page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement) || element === document.body) return null;
      const drawn = [element, element.closest('label')].filter((one) => one !== null);
      return {
        name: (element.ariaLabel ?? element.closest('label')?.innerText ?? element.innerText).trim(),
        isShown: drawn.some((one) => getComputedStyle(one).outlineStyle !== 'none'),
      };
    });
  }
}

test('from the first visit to rollouts without a pointer', async ({ page, openFake }) => {
  const rounds = await openReady(page, openFake, 'slowStream');
  const keys = new Keyboard(page);

  await keys.press('Tab');
  await expect(keys.focused).toHaveText('Skip to the question');
  await expect(keys.focused).toBeInViewport();

  await keys.to(/^Brain MRI/);
  await keys.press('Enter');
  await rounds.viewer().waitFor();
  await keys.to(/^Ask$/);
  await keys.press('Enter');
  await expect(rounds.reasoning.getByText('The picture')).toBeVisible();

  await keys.to(/^Stop$/);
  await keys.press('Enter');
  await expect(rounds.reasoning.getByText('Stopped before the model answered.')).toBeVisible();

  const thinking = rounds.reasoning.getByRole('region', { name: 'Thinking' });
  await keys.to(/^Reasoning/);
  await keys.press('Enter');
  await expect(thinking).toBeHidden();
  await keys.press('Enter');
  await expect(thinking).toBeVisible();

  await keys.to(/^Follow up$/);
  await keys.press('Enter');
  await expect(rounds.question).toBeFocused();
  await page.keyboard.type('And which plane?');
  await keys.press('Control+Enter');
  await expect(rounds.reasoning.getByRole('heading', { name: 'And which plane?' })).toBeVisible();
  await expect(rounds.reasoning.getByText('The picture').first()).toBeVisible();
  await keys.press('Escape');
  await expect(rounds.askAgain).toBeVisible();

  await keys.to(/^rounds-mini/);
  const chip = await keys.focused.elementHandle();
  await keys.press('Enter');
  await expect(page.getByRole('dialog', { name: 'rounds-mini' })).toBeVisible();
  await keys.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(await chip?.evaluate((element) => element === document.activeElement)).toBe(true);

  await keys.to(/^Models/);
  await keys.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Models' })).toBeVisible();
  await keys.press('Escape');
  await expect(keys.focused).toHaveAccessibleName(/^Models/);

  await keys.to(/^Display$/);
  await keys.press('Enter');
  await keys.to(/^System$/);
  await keys.press('ArrowRight');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  await keys.press('Escape');
  await expect(page.getByRole('radio')).toHaveCount(0);
  await expect(keys.focused).toHaveAccessibleName('Display');

  await keys.to(/^Rollouts$/);
  await keys.press('Enter');
  await rounds.question.focus();
  await page.keyboard.type('Is it a head?');
  await keys.to(/^Ask \d+ times$/);
  await keys.press('Enter');
  await expect(rounds.reasoning.getByRole('list', { name: 'Rollouts' })).toBeVisible();
  await keys.press('Escape');
  await expect(rounds.askAgain).toBeVisible();
});

test('the skip links lead to the question and to the answer', async ({ page, openFake }) => {
  const rounds = await openReady(page, openFake);
  const keys = new Keyboard(page);
  await keys.press('Tab');
  await keys.press('Enter');
  await expect(rounds.question).toBeFocused();
  await keys.to(/^Skip to the answer$/, 'Shift+Tab');
  await keys.press('Enter');
  await expect(rounds.reasoning).toBeFocused();
});
