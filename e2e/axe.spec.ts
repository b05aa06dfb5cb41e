/** Axe on every view of the page, in every theme, contrast and direction. On a scripted engine. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './fake/fixture';
import { RoundsPage, TEXT_AS_PNG } from './fake/pageObject';
import type { Scenario } from './fake/scenarios';

interface Look {
  colorScheme: 'light' | 'dark';
  contrast?: 'more';
  forcedColors?: 'active';
  dir?: 'rtl';
}
const LOOKS: Look[] = [
  { colorScheme: 'light' },
  { colorScheme: 'dark' },
  { colorScheme: 'light', contrast: 'more' },
  { colorScheme: 'dark', contrast: 'more' },
  { colorScheme: 'light', dir: 'rtl' },
  { colorScheme: 'dark', forcedColors: 'active' },
];

async function dress(page: Page, { colorScheme, contrast, forcedColors, dir }: Look): Promise<void> {
  await page.emulateMedia({ colorScheme, contrast: contrast ?? null, forcedColors: forcedColors ?? null });
  await page.evaluate((direction) => (document.documentElement.dir = direction), dir ?? 'ltr');
  if (contrast) await expect(page.locator('html')).toHaveAttribute('data-contrast', 'more');
  // Colours are read from computed styles: two frames later every rule of the new look applies.
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}

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
      await rounds.page.getByText('Show as table').click();
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
      await rounds.page.getByText('96.2%').waitFor();
    },
  ],
  [
    'machine',
    'thinking',
    async (rounds) => {
      await rounds.modelReady();
      await rounds.takeSample(/^Head CT/);
      for (let answers = 0; answers < 2; answers++) {
        await rounds.ask.click();
        await rounds.askAgain.waitFor();
      }
      await rounds.page.getByRole('button', { name: /about the model/ }).click();
      await rounds.page.getByText('Last 2 answers').waitFor();
    },
  ],
  [
    'display',
    'thinking',
    async (rounds) => {
      await rounds.modelReady();
      await rounds.page.getByRole('button', { name: 'Display' }).click();
      await rounds.page.getByRole('radio', { name: 'Dark' }).waitFor();
    },
  ],
  [
    'presentation',
    'wrong',
    async (rounds) => {
      await rounds.modelReady();
      await rounds.takeSample(/^Head CT/);
      await rounds.ask.click();
      await rounds.askAgain.waitFor();
      await rounds.page.getByRole('button', { name: 'Display' }).click();
      await rounds.page.getByRole('button', { name: /^Presentation mode/ }).click();
    },
  ],
  ['loading', 'slowLoad', (rounds) => rounds.page.getByText('3.2 MB').waitFor()],
  [
    'broken',
    'pageBreaks',
    async (rounds) => {
      await rounds.modelReady();
      await rounds.page.evaluate(() => dispatchEvent(new ErrorEvent('error', { message: 'made up' })));
      await rounds.page.getByRole('alert').waitFor();
    },
  ],
  [
    'library',
    'library',
    async (rounds) => {
      await rounds.modelReady();
      const library = await rounds.openLibrary();
      await library.getByText('Training, licence, results').first().click();
      await library.getByText('Hub address and access token').click();
    },
  ],
  [
    'before a download',
    'smallGpu',
    async (rounds) => {
      await rounds.modelReady();
      const library = await rounds.openLibrary();
      await library.getByRole('button', { name: /download.*MedVLThinker 3B$/ }).click();
      await library.getByRole('button', { name: /^Test GPU memory/ }).click();
      await library.getByText('won’t run on this device').waitFor();
    },
  ],
];
/** Two looks that differ in everything are in every run; the second one with the rules that depend on colours and sizes. */
const SHORT: Look[] = [{ colorScheme: 'light' }, { colorScheme: 'dark', dir: 'rtl' }];
const LOOK_RULES = ['color-contrast', 'link-in-text-block', 'target-size', 'scrollable-region-focusable'];
const RUNS = [
  { suffix: 'in light and in dark', looks: SHORT, rules: LOOK_RULES, details: {} },
  { suffix: 'in every theme, contrast and direction', looks: LOOKS, rules: null, details: { tag: '@long' } },
];

const COMBINATIONS = VIEWS.flatMap((view) => RUNS.map((run) => ({ view, ...run })));

for (const { view, suffix, looks, rules, details } of COMBINATIONS) {
  const [name, scenario, reach] = view;
  test(`axe finds nothing: ${name}, ${suffix}`, details, async ({ page, openFake }) => {
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await openFake(page, scenario);
    await reach(new RoundsPage(page));
    for (const look of looks) {
      await dress(page, look);
      const builder = new AxeBuilder({ page });
      if (rules && look !== looks[0]) builder.withRules(rules);
      const { violations } = await builder.analyze();
      expect(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
        JSON.stringify(look),
      ).toEqual([]);
    }
  });
}
