/** The page for everyone: screen readers, every width, motion, contrast, projectors. On a scripted engine. */
import { expect, openReady, test } from './fake/fixture';

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

  for (const width of [320, 360, 768, 1280, 1920]) {
    test(`nothing is cut off at ${width} pixels`, async ({ page, openFake }) => {
      await page.setViewportSize({ width, height: 800 });
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
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
    });
  }

  for (const width of [320, 360, 768, 1280]) {
    test(`nothing of the machine is cut off at ${width} pixels`, async ({ page, openFake }) => {
      await page.setViewportSize({ width, height: 800 });
      const rounds = await openReady(page, openFake);
      await rounds.takeSample(/^Head CT/);
      await rounds.ask.click();
      await rounds.askAgain.waitFor();
      await page.getByRole('button', { name: /about the model/ }).click();
      const dialog = page.getByRole('dialog', { name: 'rounds-mini' });
      await dialog.getByText('Copy as text').waitFor();
      const overflow = await dialog.evaluate((box) => box.scrollWidth - box.clientWidth);
      expect(overflow).toBeLessThanOrEqual(0);
    });
  }

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

  for (const width of [320, 360, 768, 1280]) {
    test(`nothing of the library is cut off at ${width} pixels`, async ({ page, openFake }) => {
      await page.setViewportSize({ width, height: 800 });
      const rounds = await openReady(page, openFake, 'library');
      const library = await rounds.openLibrary();
      await library.getByRole('button', { name: /download.*MedVLSynther/ }).click();
      await library.getByRole('button', { name: 'Download', exact: true }).waitFor();
      await library.getByText('Training, licence, results').first().click();
      const overflow = await library.evaluate((dialog) =>
        Math.max(dialog.scrollWidth - dialog.clientWidth, document.documentElement.scrollWidth - innerWidth),
      );
      expect(overflow).toBeLessThanOrEqual(0);
    });
  }
});
