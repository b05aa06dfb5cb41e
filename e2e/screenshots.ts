/**
 * Pictures of the page's states, for looking at it. `npx tsx e2e/screenshots.ts` makes those of
 * docs/screenshots, where every answer is the embedded model's own; with `--all DIR` every state in every size,
 * light and dark. States that can't be held still, like "loading", come from a scripted engine.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Browser, type Page } from 'playwright';
import { DIST, ensureBuilt } from '../src/cli/build.mjs';
import { findBrowser, launchArguments } from '../src/cli/browser.mjs';
import { serve } from '../src/cli/staticServer.mjs';
import { serveFakePage } from './fake/serve';
import type { Scenario } from './fake/scenarios';

type Theme = 'light' | 'dark';
interface State {
  name: string;
  /** What the scripted engine does, or the real engine. */
  scenario: Scenario | 'real';
  /** Brings the freshly loaded page into the state. */
  act: (page: Page) => Promise<void>;
}

const HEIGHTS: Record<number, number> = { 360: 740, 768: 1024, 1280: 800, 1920: 1080 };

async function ready(page: Page): Promise<void> {
  await page.getByText('Model ready').waitFor({ state: 'attached' });
}

async function askSample(page: Page, title = /Head CT/): Promise<void> {
  await page.getByRole('button', { name: title }).first().click();
  await page.locator('canvas').first().waitFor();
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
}

const STATES: State[] = [
  { name: 'empty', scenario: 'thinking', act: ready },
  {
    name: 'loading',
    scenario: 'slowLoad',
    act: async (page) => {
      await page.getByText(/of 7\.3 MB/).waitFor();
      await page.waitForTimeout(700);
    },
  },
  {
    name: 'thinking',
    scenario: 'slowStream',
    act: async (page) => {
      await ready(page);
      await askSample(page);
      await page.getByText('enclose').or(page.getByText('A bright ring')).first().waitFor();
    },
  },
  {
    name: 'answered',
    scenario: 'real',
    act: async (page) => {
      await ready(page);
      await page.getByText('Works offline').waitFor();
      await askSample(page, /Brain MRI/);
      await page.getByRole('button', { name: 'Ask again' }).waitFor();
    },
  },
  {
    name: 'streaming',
    scenario: 'real',
    act: async (page) => {
      await ready(page);
      await askSample(page, /Brain MRI/);
      await page.getByRole('region', { name: 'Thinking' }).waitFor();
    },
  },
  {
    name: 'model-view',
    scenario: 'real',
    act: async (page) => {
      await ready(page);
      await askSample(page, /Brain MRI/);
      await page.getByRole('button', { name: 'Ask again' }).waitFor();
      await page.getByRole('button', { name: 'What the model sees' }).click();
    },
  },
  {
    name: 'rollouts',
    scenario: 'real',
    act: async (page) => {
      await ready(page);
      await page
        .getByRole('button', { name: /Brain MRI/ })
        .first()
        .click();
      await page.locator('canvas').first().waitFor();
      await page.getByRole('button', { name: 'Rollouts' }).click();
      await page.getByRole('spinbutton', { name: 'Rollouts' }).fill('8');
      await page.getByRole('spinbutton', { name: 'Rollouts' }).blur();
      await page.getByRole('button', { name: 'Ask 8 times' }).click();
      await page.getByRole('button', { name: 'Ask again', exact: true }).waitFor();
      await page.getByRole('img', { name: /^Rewards and advantages/ }).scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'rollouts-scripted',
    scenario: 'thinking',
    act: async (page) => {
      await ready(page);
      await page
        .getByRole('button', { name: /Head CT/ })
        .first()
        .click();
      await page.locator('canvas').first().waitFor();
      await page.getByRole('button', { name: 'Rollouts' }).click();
      await page.getByRole('button', { name: 'Ask 4 times' }).click();
      await page.getByRole('button', { name: 'Ask again', exact: true }).waitFor();
    },
  },
  {
    name: 'probabilities',
    scenario: 'real',
    act: async (page) => {
      await ready(page);
      await askSample(page, /Brain MRI/);
      await page.getByRole('button', { name: 'Probabilities' }).click();
      await page.getByRole('region', { name: 'Probabilities' }).waitFor();
      await page.getByRole('button', { name: 'Follow up' }).click();
    },
  },
  {
    name: 'wrong',
    scenario: 'wrong',
    act: async (page) => {
      await ready(page);
      await askSample(page);
      await page.getByText('Wrong', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'What the model sees' }).click();
    },
  },
  {
    name: 'error',
    scenario: 'noWebGpu',
    act: async (page) => {
      await page.getByText('no WebGPU adapter').first().waitFor();
    },
  },
  {
    name: 'card',
    scenario: 'thinking',
    act: async (page) => {
      await ready(page);
      await page.getByRole('button', { name: /about the model/ }).click();
      await page.getByText('Measured on').waitFor();
    },
  },
  {
    name: 'library',
    scenario: 'library',
    act: async (page) => {
      await ready(page);
      await page.getByRole('button', { name: /^Models/ }).click();
      await page.getByText('Another tab is at it').waitFor();
    },
  },
  {
    name: 'library-catalogue',
    scenario: 'library',
    act: async (page) => {
      await ready(page);
      await page.getByRole('button', { name: /^Models/ }).click();
      await page.getByRole('heading', { name: 'To be had' }).scrollIntoViewIfNeeded();
      await page.getByText('Training, licence, results').first().click();
      await page.getByRole('dialog').evaluate((dialog) => dialog.scrollBy(0, 420));
    },
  },
  {
    name: 'library-add',
    scenario: 'library',
    act: async (page) => {
      await ready(page);
      await page.getByRole('button', { name: /^Models/ }).click();
      await page.getByText('The hub: another address').click();
      await page.getByRole('dialog').evaluate((dialog) => dialog.scrollTo(0, dialog.scrollHeight));
    },
  },
  {
    name: 'preflight',
    scenario: 'thinking',
    act: async (page) => {
      await ready(page);
      await page.getByRole('button', { name: /^Models/ }).click();
      await page.getByRole('button', { name: /^Check & download.* MedVLThinker 3B/ }).click();
      await page.getByText('WebGPU runs on').waitFor();
    },
  },
];

async function shoot(
  browser: Browser,
  urls: { fake: string; real: string },
  state: State,
  width: number,
  theme: Theme,
  folder: string,
) {
  const context = await browser.newContext({
    viewport: { width, height: HEIGHTS[width] ?? 800 },
    colorScheme: theme,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => process.stderr.write(`${state.name}: ${error.message}\n`));
  await page.goto(state.scenario === 'real' ? urls.real : `${urls.fake}?scenario=${state.scenario}`);
  await state.act(page);
  await page.screenshot({
    path: join(folder, `${state.name}-${width}-${theme}.png`),
    // A dialog fills the window, whatever lies below.
    fullPage: width < 1000 && (await page.locator('dialog[open]').count()) === 0,
  });
  await context.close();
}

const DOCS: [string, number, Theme][] = [
  ['empty', 1280, 'light'],
  ['streaming', 1280, 'dark'],
  ['answered', 1280, 'light'],
  ['model-view', 1920, 'dark'],
  ['error', 1280, 'light'],
  ['answered', 360, 'dark'],
  ['rollouts', 1280, 'light'],
  ['rollouts', 360, 'dark'],
];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { all: { type: 'string' }, only: { type: 'string' } } });
  const every = STATES.flatMap(({ name }) =>
    Object.keys(HEIGHTS).flatMap((width): [string, number, Theme][] => [
      [name, Number(width), 'light'],
      [name, Number(width), 'dark'],
    ]),
  );
  const folder = values.all ?? 'docs/screenshots';
  const wanted = (values.all ? every : DOCS).filter(([name, width, theme]) =>
    `${name}-${width}-${theme}`.match(values.only ?? ''),
  );
  mkdirSync(folder, { recursive: true });
  const states = new Map(STATES.map((state) => [state.name, state]));
  const needsReal = wanted.some(([name]) => states.get(name)?.scenario === 'real');
  if (needsReal) await ensureBuilt();
  const fake = await serveFakePage();
  const real = await serve({ root: DIST });
  const browser = await chromium.launch({
    executablePath: findBrowser() ?? undefined,
    args: launchArguments(),
  });
  for (const [name, width, theme] of wanted) {
    const state = states.get(name);
    if (state) await shoot(browser, { fake: fake.url, real: real.url }, state, width, theme, folder);
  }
  await browser.close();
  await fake.close();
  await real.close();
}

await main();
