/** The page for everyone: screen readers, every width, motion, contrast, projectors. On a scripted engine. */
import type { Locator, Page } from '@playwright/test';
import { expect, openReady, test } from './fake/fixture';

/** Every step must be possible at the smallest width; the larger ones only have to show the result. */
const narrow = (page: Page): Promise<void> => page.setViewportSize({ width: 320, height: 800 });

/** @param box what must not be wider than it can show, besides the page */
async function expectNothingCutOff(page: Page, widths: readonly number[], box: Locator): Promise<void> {
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 });
    const overflow = await box.evaluate(async (element) => {
      // Two frames later the page is laid out for the new width.
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      const page = document.documentElement;
      return Math.max(element.scrollWidth - element.clientWidth, page.scrollWidth - innerWidth);
    });
    expect(overflow, `at ${width} pixels`).toBeLessThanOrEqual(0);
  }
}

test.describe('for everyone', () => {
  test('screen readers hear turns of events, not every token', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await page.evaluate(() => {
      const heard: string[] = [];
      Object.assign(window, { heard });
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          if (target.parentElement?.closest('[role=status]')) heard.push(target.textContent ?? '');
        }
      }).observe(document.body, { subtree: true, characterData: true });
    });
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await expect(page.getByRole('status').filter({ hasText: 'Correct.' })).toBeAttached();
    const heard = await page.evaluate(() => (window as unknown as { heard: string[] }).heard);
    expect(heard).toContain('Answer: B. Head CT. Correct.');
    expect(heard.length).toBeLessThanOrEqual(5);
  });

  test('nothing is cut off at 320 to 1920 pixels', async ({ page, openFake }) => {
    await narrow(page);
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await rounds.askAgain.waitFor();
    await page.getByRole('button', { name: 'Probabilities' }).click();
    await page.getByRole('region', { name: 'Probabilities' }).waitFor();
    await page.getByRole('button', { name: 'Rollouts' }).click();
    await page.getByRole('button', { name: 'Ask 4 times' }).click();
    await page.getByText('Show as table').click();
    await rounds.askAgain.waitFor();
    await expectNothingCutOff(page, [320, 360, 768, 1280, 1920], page.locator('html'));
  });

  test('nothing of the machine is cut off at 320 to 1280 pixels', async ({ page, openFake }) => {
    await narrow(page);
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await rounds.askAgain.waitFor();
    await page.getByRole('button', { name: /about the model/ }).click();
    const dialog = page.getByRole('dialog', { name: 'rounds-mini' });
    await dialog.getByText('Copy as text').waitFor();
    await expectNothingCutOff(page, [320, 360, 768, 1280], dialog);
  });

  for (const [name, width, rootSize] of [
    ['of the page, as 640 pixels', 640, '100%'],
    ['of the text alone', 1280, '200%'],
  ] as const) {
    test(`200 % ${name}: nothing is cut off`, async ({ page, openFake }) => {
      await page.setViewportSize({ width, height: 400 });
      const rounds = await openReady(page, openFake);
      await page.evaluate((size) => (document.documentElement.style.fontSize = size), rootSize);
      await rounds.takeSample(/^Head CT/);
      await rounds.ask.click();
      await rounds.askAgain.waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
    });
  }

  test('nothing that is pressed is smaller than 24 pixels', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await rounds.askAgain.waitFor();
    await page.getByRole('button', { name: 'Display' }).click();
    const small = await page.locator('button, summary, select, input, a').evaluateAll((all) =>
      all.flatMap((element) => {
        const { width, height } = element.getBoundingClientRect();
        const isSeen = element.checkVisibility() && width > 0;
        const label = element.closest('label')?.getBoundingClientRect();
        const [w, h] = [Math.max(width, label?.width ?? 0), Math.max(height, label?.height ?? 0)];
        return isSeen && (w < 24 || h < 24)
          ? [`${element.textContent.trim() || (element.ariaLabel ?? element.tagName)}: ${w} × ${h}`]
          : [];
      }),
    );
    expect(small).toEqual([]);
  });

  test('reduced motion: nothing moves while the model loads', async ({ page, openFake }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openFake(page, 'slowLoad');
    await page.getByText('3.2 MB').waitFor();
    const moving = await page.evaluate(
      () => document.getAnimations().filter(({ playState }) => playState === 'running').length,
    );
    expect(moving).toBe(0);
  });

  test('high contrast follows the system, or the visitor, and is remembered', async ({ page, openFake }) => {
    await openReady(page, openFake);
    const html = page.locator('html');
    await page.emulateMedia({ contrast: 'more' });
    await expect(html).toHaveAttribute('data-contrast', 'more');
    await page.getByRole('button', { name: 'Display' }).click();
    const box = page.getByRole('checkbox', { name: /^High contrast/ });
    await expect(box).toBeDisabled();
    await page.emulateMedia({ contrast: null });
    await expect(html).not.toHaveAttribute('data-contrast');
    await box.check();
    await expect(html).toHaveAttribute('data-contrast', 'more');
    await page.reload();
    await expect(html).toHaveAttribute('data-contrast', 'more');
  });

  test('presentation size: larger, without what a class need not see, until Escape', async ({
    page,
    openFake,
  }) => {
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    const models = page.getByRole('button', { name: /^Models/ });
    const size = (): Promise<number> =>
      rounds.question.evaluate((field) => parseFloat(getComputedStyle(field).fontSize));
    const before = await size();
    await page.getByRole('button', { name: 'Display' }).click();
    await page.getByRole('button', { name: /^Presentation mode/ }).click();
    await expect(models).toBeHidden();
    await expect(page.getByRole('button', { name: /is the correct answer$/ })).toHaveCount(0);
    await expect(page.getByText('Not a medical device.')).toBeVisible();
    expect(await size()).toBeGreaterThan(before * 1.1);
    await rounds.ask.click();
    await rounds.askAgain.waitFor();
    await page.keyboard.press('Escape');
    await expect(models).toBeVisible();
    expect(await size()).toBe(before);
    await page.getByRole('button', { name: 'Display' }).click();
    await page.getByRole('button', { name: /^Presentation mode/ }).click();
    await page.getByRole('button', { name: 'Exit presentation' }).click();
    await expect(models).toBeVisible();
  });

  test('nothing of the library is cut off at 320 to 1280 pixels', async ({ page, openFake }) => {
    await narrow(page);
    const rounds = await openReady(page, openFake, 'library');
    const library = await rounds.openLibrary();
    await library.getByRole('button', { name: /download.*MedVLSynther/ }).click();
    await library.getByRole('button', { name: 'Download', exact: true }).waitFor();
    await library.getByText('Training, licence, results').first().click();
    await expectNothingCutOff(page, [320, 360, 768, 1280], library);
  });
});
