/** The page in each of its languages, with the real engine: the whole way, kept, offline, narrow, and for everyone. */
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { expect, test } from './fixtures';

/** A software GPU beside other work takes its time. */
test.describe.configure({ timeout: 600_000 });

const LANGUAGES = [
  { locale: 'es', tag: 'es', name: 'Español', direction: 'ltr', packSize: '3,8 MB' },
  { locale: 'zh', tag: 'zh-Hans', name: '简体中文', direction: 'ltr', packSize: '3.8 MB' },
  { locale: 'ar', tag: 'ar', name: 'العربية', direction: 'rtl', packSize: '3.8 م.ب' },
] as const;

type Locale = (typeof LANGUAGES)[number]['locale'] | 'en';

/** Messages without values; isolates are not seen, and are left out of what is looked for. */
function wordsOf(locale: Locale): (key: string) => string {
  return (key) => {
    const [area = '', name = ''] = key.split('.');
    const file = new URL(`../src/app/i18n/messages/${locale}/${area}.json`, import.meta.url);
    const message = (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)[name];
    if (message === undefined || message.includes('{')) throw new Error(`${locale} has no plain ${key}`);
    return message;
  };
}

async function chooseLanguage(page: Page, shown: Locale, name: string): Promise<void> {
  const word = wordsOf(shown);
  await page.getByRole('button', { name: word('shell.display'), exact: true }).click();
  await page.getByRole('combobox', { name: word('language.label') }).selectOption(name);
  await page.keyboard.press('Escape');
}

async function expectNothingCutOff(page: Page): Promise<void> {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
}

/** Takes the sample of a head CT and asks its question; resolves when the answer is there. */
async function askSample(page: Page, word: (key: string) => string, title: string): Promise<Locator> {
  await page.getByRole('button', { name: title }).first().click();
  const reasoning = page.getByRole('region', { name: word('answer.reasoning') });
  await page.getByRole('button', { name: word('ask.ask'), exact: true }).click();
  await reasoning.getByRole('button', { name: word('answer.askAgain') }).waitFor({ timeout: 300_000 });
  return reasoning;
}

for (const { locale, tag, name, direction, packSize } of LANGUAGES) {
  const word = wordsOf(locale);
  const data = JSON.parse(
    readFileSync(new URL(`../src/app/i18n/messages/${locale}/data.json`, import.meta.url), 'utf8'),
  ) as Record<string, string>;
  const headCt = data['Head CT'] ?? '';

  test.describe(`${name}, first visit`, () => {
    test.use({ fresh: true });
    // Arabic, which also turns the page around, is in every run.
    const runs = locale === 'ar' ? {} : { tag: '@long' };
    test(
      'is chosen in the display menu, kept, and there without a network',
      runs,
      async ({ page, context, openApp }) => {
        await page.setViewportSize({ width: 360, height: 740 });
        await openApp(page, { backend: 'wasm' });
        await chooseLanguage(page, 'en', name);
        await expect(page.locator('html')).toHaveAttribute('lang', tag);
        await expect(page.locator('html')).toHaveAttribute('dir', direction);
        await expect(page.locator('meta[name=description]')).toHaveAttribute(
          'content',
          word('language.description'),
        );
        await expect(page.getByText(word('shell.notMedical'))).toBeVisible();
        await expect(page.getByText(word('language.englishOnly'))).toBeVisible();

        const reasoning = await askSample(page, word, headCt);
        // What goes to the model stays in the language that it was trained in.
        await expect(page.getByRole('textbox', { name: word('ask.question') })).toHaveValue(
          'What kind of image is this?',
        );
        const verdict = reasoning
          .getByText(word('answer.right'), { exact: true })
          .or(reasoning.getByText(word('answer.wrong'), { exact: true }));
        await expect(verdict.first()).toBeVisible();
        await expectNothingCutOff(page);
        await expectAccessible(page);

        await expect(page.getByText(word('shell.worksOffline'))).toBeAttached();
        await context.setOffline(true);
        await page.reload();
        await expect(page.locator('html')).toHaveAttribute('lang', tag);
        await expect(page.getByRole('button', { name: word('ask.ask'), exact: true })).toBeVisible();
        await askSample(page, word, headCt);
      },
    );
  });

  test(`${name} has its own figures in the library, which is for everyone too`, async ({ page, openApp }) => {
    await openApp(page, { backend: 'wasm' });
    await chooseLanguage(page, 'en', name);
    await page.getByTitle(word('library.buttonTitle')).click();
    const dialog = page.getByRole('dialog', { name: word('library.models') });
    await expect(dialog.getByText(word('library.available'))).toBeVisible();
    // Isolates of right-to-left texts are between figure and unit.
    const text = (await dialog.innerText()).replace(/[\u2066-\u2069]/g, '');
    expect(text).toContain(packSize);
    await expectAccessible(page);
  });
}

test('the browser’s own language comes first, without a flash of English', async ({ browser, site }) => {
  const context = await browser.newContext({ locale: 'es-MX' });
  const page = await context.newPage();
  await page.addInitScript(() => {
    const shown: string[] = [];
    Object.assign(window, { shown });
    document.addEventListener('DOMContentLoaded', () => {
      new MutationObserver(() => shown.push(document.body.innerText)).observe(document.body, {
        subtree: true,
        childList: true,
        characterData: true,
      });
    });
  });
  await page.goto(site.url);
  await expect(page.getByRole('button', { name: wordsOf('es')('ask.ask'), exact: true })).toBeVisible();
  const shown = await page.evaluate(() => (window as unknown as { shown: string[] }).shown);
  expect(shown.length).toBeGreaterThan(0);
  const english = wordsOf('en')('answer.watch');
  expect(shown.filter((text) => text.includes(english))).toEqual([]);
  await context.close();
});

test('a visitor from elsewhere reads English, and can go back to it', async ({ page, openApp }) => {
  await openApp(page, { backend: 'wasm' });
  await chooseLanguage(page, 'en', 'العربية');
  await expect(page.locator('html')).toHaveAttribute('dir', 'rtl');
  await chooseLanguage(page, 'ar', 'English');
  await expect(page.locator('html')).toHaveAttribute('dir', 'ltr');
  await expect(page.getByRole('button', { name: 'Ask', exact: true })).toBeVisible();
});
