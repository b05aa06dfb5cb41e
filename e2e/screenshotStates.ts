/** States of the page that are worth a look, and how a freshly loaded page gets there. */
import type { Page } from 'playwright';
import type { Scenario } from './fake/scenarios';

export interface State {
  name: string;
  /** What the scripted engine does, or the real engine. */
  scenario: Scenario | 'real';
  /** Language of the visitor's browser; English unless given. */
  locale?: string;
  /** Brings the freshly loaded page into the state. */
  act: (page: Page) => Promise<void>;
}

async function ready(page: Page): Promise<void> {
  await page.locator('[role=status]').filter({ hasText: 'Model ready' }).waitFor({ state: 'attached' });
}

async function askSample(page: Page, title = /Head CT/): Promise<void> {
  await page.getByRole('button', { name: title }).first().click();
  await page.locator('canvas').first().waitFor();
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
}

export const STATES: readonly State[] = [
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
      await page.getByText('Incorrect', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'What the model sees' }).click();
    },
  },
  {
    name: 'error',
    scenario: 'noWebGpu',
    act: async (page) => {
      await page.getByText('WebGPU isn’t available').first().waitFor();
    },
  },
  {
    name: 'card',
    scenario: 'thinking',
    act: async (page) => {
      await ready(page);
      await page.getByRole('button', { name: /about the model/ }).click();
      await page.getByText('Results on').waitFor();
    },
  },
  {
    name: 'library',
    scenario: 'library',
    act: async (page) => {
      await ready(page);
      await page.getByRole('button', { name: /^Models/ }).click();
      await page.getByText('In use in another tab').waitFor();
    },
  },
  {
    name: 'library-catalogue',
    scenario: 'library',
    act: async (page) => {
      await ready(page);
      await page.getByRole('button', { name: /^Models/ }).click();
      await page.getByRole('heading', { name: 'Available' }).scrollIntoViewIfNeeded();
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
      await page.getByText('Hub address and access token').click();
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
  {
    name: 'dicom',
    scenario: 'real',
    act: async (page) => {
      await ready(page);
      await page
        .getByRole('button', { name: /Chest CT/ })
        .first()
        .click();
      await page.getByRole('combobox', { name: 'Window' }).selectOption({ label: 'Bone' });
      await page.getByRole('button', { name: 'Show fields' }).click();
    },
  },
  {
    name: 'machine',
    scenario: 'real',
    act: async (page) => {
      await ready(page);
      await askSample(page, /Brain MRI/);
      await page.getByRole('button', { name: 'Ask again', exact: true }).waitFor();
      await page.getByRole('button', { name: /about the model/ }).click();
      await page.getByRole('heading', { name: 'This device' }).waitFor();
    },
  },
  {
    name: 'cases',
    scenario: 'real',
    act: async (page) => {
      await ready(page);
      for (const title of [/Brain MRI/, /Head CT/, /Chest CT/]) {
        await askSample(page, title);
        await page.getByRole('button', { name: 'Ask again', exact: true }).waitFor();
        const keep = page.getByRole('button', { name: 'Save cases' });
        if (await keep.isVisible()) await keep.click();
        await page.getByText('Saved in this browser').waitFor();
        await page.getByRole('button', { name: 'New case' }).click();
      }
      await page.getByRole('button', { name: /^Cases/ }).click();
      await page.getByRole('list', { name: 'Cases' }).getByRole('listitem').nth(2).waitFor();
    },
  },
  {
    name: 'presentation',
    scenario: 'real',
    act: async (page) => {
      await ready(page);
      await askSample(page, /Brain MRI/);
      await page.getByRole('button', { name: 'Ask again', exact: true }).waitFor();
      await page.getByRole('button', { name: /^Display/ }).click();
      await page.getByRole('button', { name: /^Presentation mode/ }).click();
      await page.getByRole('button', { name: 'Exit presentation' }).waitFor();
    },
  },
  {
    name: 'arabic',
    scenario: 'real',
    locale: 'ar',
    act: async (page) => {
      await page.locator('.samples button').nth(1).click();
      await page.locator('canvas').first().waitFor();
      await page.locator('.ask button.primary').click();
      await page.locator('.reasoning meter').waitFor();
    },
  },
];
