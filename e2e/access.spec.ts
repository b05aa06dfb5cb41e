/** The page for everyone: screen readers, contrast, every width. On a scripted engine. */
import AxeBuilder from '@axe-core/playwright';
import { expect, openReady, test } from './fake/fixture';
import { RoundsPage, TEXT_AS_PNG } from './fake/pageObject';
import type { Scenario } from './fake/scenarios';

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
    await expect(page.getByRole('status').filter({ hasText: 'That is right.' })).toBeAttached();
    const heard = await page.evaluate(() => (window as unknown as { heard: string[] }).heard);
    expect(heard).toContain('Answer: B. Head CT. That is right.');
    expect(heard.length).toBeLessThanOrEqual(5);
  });

  const VIEWS: [string, Scenario, (rounds: RoundsPage) => Promise<void>][] = [
    ['empty', 'thinking', (rounds) => rounds.modelReady()],
    [
      'answered',
      'wrong',
      async (rounds) => {
        await rounds.modelReady();
        await rounds.takeSample(/^Head CT/);
        await rounds.ask.click();
        await rounds.askAgain.waitFor();
        await rounds.page.getByRole('button', { name: 'Settings. Prompt' }).click();
      },
    ],
    [
      'probabilities',
      'thinking',
      async (rounds) => {
        await rounds.modelReady();
        await rounds.takeSample(/^Head CT/);
        await rounds.ask.click();
        await rounds.askAgain.waitFor();
        await rounds.page.getByRole('button', { name: 'Probabilities' }).click();
        await rounds.page.getByRole('region', { name: 'Probabilities' }).waitFor();
        await rounds.page.getByRole('button', { name: 'Follow up' }).click();
      },
    ],
    [
      'rollouts',
      'thinking',
      async (rounds) => {
        await rounds.modelReady();
        await rounds.takeSample(/^Head CT/);
        await rounds.page.getByRole('button', { name: 'Rollouts' }).click();
        await rounds.page.getByRole('button', { name: 'Ask 4 times' }).click();
        await rounds.askAgain.waitFor();
        await rounds.page.getByText('As a table').click();
      },
    ],
    [
      'failed',
      'noWebGpu',
      async (rounds) => {
        await rounds.page.getByRole('button', { name: 'Use WebAssembly' }).waitFor();
        await rounds.pick(TEXT_AS_PNG);
        await rounds.page.getByText('can’t be read as an image').waitFor();
      },
    ],
    [
      'card',
      'thinking',
      async (rounds) => {
        await rounds.modelReady();
        await rounds.page.getByRole('button', { name: /about the model/ }).click();
        await rounds.page.getByText('96.2 %').waitFor();
      },
    ],
    [
      'library',
      'library',
      async (rounds) => {
        await rounds.modelReady();
        const library = await rounds.openLibrary();
        await library.getByText('Training, licence, results').first().click();
        await library.getByText('The hub: another address').click();
      },
    ],
    [
      'before a download',
      'smallGpu',
      async (rounds) => {
        await rounds.modelReady();
        const library = await rounds.openLibrary();
        await library.getByRole('button', { name: /download.*MedVLThinker 3B$/ }).click();
        await library.getByRole('button', { name: /^Try it/ }).click();
        await library.getByText('It won’t run here').waitFor();
      },
    ],
  ];
  for (const [name, scenario, reach] of VIEWS) {
    for (const colorScheme of ['light', 'dark'] as const) {
      test(`axe finds nothing: ${name}, ${colorScheme}`, async ({ page, openFake }) => {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await openFake(page, scenario);
        await reach(new RoundsPage(page));
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
        ).toEqual([]);
      });
    }
  }

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
      await page.getByText('As a table').click();
      await rounds.askAgain.waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
    });
  }

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
