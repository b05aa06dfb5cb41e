/**
 * Pictures of the page's states, for looking at it. `npx tsx e2e/screenshots.ts` makes those of docs/screenshots; with `--all DIR` every state in every size, light and dark; `--only REGEXP` some of them. States
 * that can't be held still, like "loading", come from a scripted engine; every other answer is the embedded model's own.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Browser } from 'playwright';
import { DIST, ensureBuilt } from '../src/cli/build.mjs';
import { findBrowser, launchArguments } from '../src/cli/browser.mjs';
import { serve } from '../src/cli/staticServer.mjs';
import { buildFakePage, serveFakePage } from './fake/serve';
import { STATES, type State } from './screenshotStates';

type Theme = 'light' | 'dark';

const HEIGHTS: Readonly<Record<number, number>> = { 360: 740, 768: 1024, 1280: 800, 1920: 1080 };
const THEMES: readonly Theme[] = ['light', 'dark'];
/** States that the docs show in every size; of the others a few. */
const WHOLE = ['empty', 'loading', 'thinking', 'answered', 'rollouts', 'error', 'library'];
const PARTLY = ['dicom', 'model-view', 'probabilities', 'machine', 'cases', 'presentation', 'arabic'];
const FEW: readonly [number, Theme][] = [
  [1280, 'light'],
  [1280, 'dark'],
  [360, 'light'],
];
const QUALITY = 60;

interface Shot {
  state: State;
  width: number;
  theme: Theme;
}

async function shoot(browser: Browser, urls: { fake: string; real: string }, shot: Shot, folder: string) {
  const { state, width, theme } = shot;
  const context = await browser.newContext({
    viewport: { width, height: HEIGHTS[width] ?? 800 },
    colorScheme: theme,
    reducedMotion: 'reduce',
    locale: state.locale ?? 'en',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(300_000);
  page.on('pageerror', (error) => process.stderr.write(`${state.name}: ${error.message}\n`));
  await page.goto(state.scenario === 'real' ? urls.real : `${urls.fake}?scenario=${state.scenario}`);
  await state.act(page);
  await page.screenshot({
    path: join(folder, fileOf(shot)),
    type: 'jpeg',
    quality: QUALITY,
    // A dialog fills the window, whatever lies below.
    fullPage: width < 1000 && (await page.locator('dialog[open]').count()) === 0,
  });
  await context.close();
}

function fileOf({ state, width, theme }: Shot): string {
  return `${state.name}-${width}-${theme}.jpg`;
}

function everySize(state: State): Shot[] {
  return Object.keys(HEIGHTS).flatMap((width) =>
    THEMES.map((theme) => ({ state, width: Number(width), theme })),
  );
}

function shotsOfDocs(state: State): Shot[] {
  if (WHOLE.includes(state.name)) return everySize(state);
  return PARTLY.includes(state.name) ? FEW.map(([width, theme]) => ({ state, width, theme })) : [];
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { all: { type: 'string' }, only: { type: 'string' } } });
  const folder = values.all ?? 'docs/screenshots';
  const pattern = new RegExp(values.only ?? '');
  const shots = STATES.flatMap(values.all ? everySize : shotsOfDocs).filter((shot) =>
    pattern.test(fileOf(shot)),
  );
  mkdirSync(folder, { recursive: true });
  if (shots.some(({ state }) => state.scenario === 'real')) await ensureBuilt();
  await buildFakePage();
  const fake = await serveFakePage();
  const real = await serve({ root: DIST });
  const browser = await chromium.launch({
    executablePath: findBrowser() ?? undefined,
    args: launchArguments(),
  });
  for (const shot of shots) {
    await shoot(browser, { fake: fake.url, real: real.url }, shot, folder).catch((error: unknown) => {
      process.stderr.write(`${fileOf(shot)}: ${String(error)}\n`);
      process.exitCode = 1;
    });
  }
  await browser.close();
  await fake.close();
  await real.close();
}

await main();
