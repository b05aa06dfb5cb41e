/** `openFake(page, scenario)`: the app's page on the scripted engine. */
import type { ConsoleMessage, Page } from '@playwright/test';
import { expect, test as base } from '../fixtures';
import { RoundsPage } from './pageObject';
import type { Scenario } from './scenarios';
import { serveFakePage } from './serve';

interface FakeFixtures {
  openFake: (page: Page, scenario?: Scenario, search?: string) => Promise<void>;
}

interface FakeWorkerFixtures {
  fakeSite: { url: string };
}

export const test = base.extend<FakeFixtures, FakeWorkerFixtures>({
  fakeSite: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the dependencies from this parameter.
    async ({}, use) => {
      const site = await serveFakePage();
      await use(site);
      await site.close();
    },
    { scope: 'worker' },
  ],

  openFake: async ({ fakeSite }, use) => {
    const complaints: string[] = [];
    const opened = new Set<Page>();
    const note = (message: ConsoleMessage): void => {
      if (message.type() === 'error') complaints.push(message.text());
    };
    await use(async (page, scenario = 'thinking', search = '') => {
      // A style or script that the content policy forbids is reported here and nowhere else.
      if (!opened.has(page)) page.on('console', note);
      opened.add(page);
      await page.goto(`${fakeSite.url}?scenario=${scenario}${search}`);
    });
    for (const page of opened) page.off('console', note);
    expect(complaints, 'errors on the console').toEqual([]);
  },
});

type OpenFake = FakeFixtures['openFake'];

/** Opens the page and waits until the scripted model is loaded. */
export async function openReady(page: Page, openFake: OpenFake, scenario?: Scenario): Promise<RoundsPage> {
  await openFake(page, scenario);
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  return rounds;
}

export { expect };
