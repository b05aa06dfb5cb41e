/** Cases with the real engine and the embedded model: kept, opened, searched; and private visits. */
import type { Page } from '@playwright/test';
import { askSample, expectAccessible, isStored, keepCases, open, openList, rows } from './casePage';
import { expect, test } from './fixtures';

test.describe.configure({ timeout: 600_000 });

/** A little over content::indexed_db's own limit of 30 s. */
const CHROMIUM_REMEMBERS_MS = 32_000;
const SECRET = 'Is the zygomatic arch of Mrs Unforgettable broken?';

test('a case is kept, opened after a reload as it was, and followed up', async ({ page, openApp }) => {
  const rounds = await open(page, openApp);
  await askSample(rounds, /^Brain MRI/);
  await expectAccessible(page);
  await keepCases(page);
  const answer = await rounds.reasoning.getByRole('listitem').filter({ hasText: 'chosen' }).innerText();
  await page.reload();
  await rounds.modelReady();
  await expect(rounds.askAgain).toHaveCount(0);
  const dialog = await openList(page);
  await expect(rows(dialog)).toHaveCount(1);
  await expect(rows(dialog)).toContainText('rounds-mini');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Open “What kind of image is this?”' }).click();
  await expect(dialog).toBeHidden();
  await expect(rounds.question).toHaveValue('What kind of image is this?');
  await expect(rounds.choices).toHaveCount(4);
  await expect(rounds.thumbnails).toHaveCount(1);
  await expect(rounds.viewer()).toBeVisible();
  await expect(rounds.reasoning.getByRole('listitem').filter({ hasText: 'chosen' })).toHaveText(answer, {
    useInnerText: true,
  });
  // The same model is loaded, so its probabilities can still be looked up; then it is followed up.
  await page.getByRole('button', { name: 'Probabilities' }).click();
  await expect(page.getByRole('region', { name: 'Probabilities' })).toBeVisible();
  await page.getByRole('button', { name: 'Follow up' }).click();
  await rounds.question.fill('Which part of the body?');
  await rounds.ask.click();
  await expect(rounds.reasoning.getByRole('heading', { name: 'Which part of the body?' })).toBeVisible();
  await rounds.askAgain.waitFor({ timeout: 300_000 });
  await expect(page.getByText('Saved in this browser')).toBeVisible();
  await openList(page);
  await expect(rows(dialog)).toContainText('2 questions');
});

test('asked again, a question gives the same answer in the same case; a new case leaves it alone', async ({
  page,
  openApp,
}) => {
  const rounds = await open(page, openApp);
  await askSample(rounds, /^Brain MRI/);
  await keepCases(page);
  await page.reload();
  await rounds.modelReady();
  const dialog = await openList(page);
  await dialog.getByRole('button', { name: /^Open “/ }).click();
  const chosen = rounds.reasoning.getByRole('listitem').filter({ hasText: 'chosen' });
  const before = await chosen.innerText();
  await rounds.askAgain.click();
  await rounds.askAgain.waitFor({ timeout: 300_000 });
  await expect(chosen).toHaveText(before, { useInnerText: true });
  await page.getByRole('button', { name: 'New case' }).click();
  await expect(rounds.question).toBeFocused();
  await expect(rounds.question).toHaveValue('');
  await expect(rounds.thumbnails).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Earlier questions' }).getByRole('listitem')).toHaveCount(2);
  await askSample(rounds, /^Head CT/);
  await openList(page);
  await expect(rows(dialog)).toHaveCount(2);
});

test('cases are renamed, annotated, searched, deleted and brought back', async ({ page, openApp }) => {
  const rounds = await open(page, openApp);
  await askSample(rounds, /^Brain MRI/);
  await keepCases(page);
  await askSample(rounds, /^Head CT/);
  await expect(page.getByText('Saved in this browser')).toBeVisible();
  const dialog = await openList(page);
  await expect(rows(dialog)).toHaveCount(2);
  await dialog.getByRole('button', { name: 'Rename “What kind of image is this?”' }).first().click();
  await dialog.getByRole('textbox', { name: 'New title' }).fill('Crâne, première leçon');
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('heading', { name: 'Crâne, première leçon' })).toBeVisible();
  await dialog.getByRole('button', { name: 'Notes on “Crâne, première leçon”' }).click();
  await dialog.getByRole('textbox', { name: 'Notes on “Crâne, première leçon”' }).fill('Ask for the window.');
  await page.keyboard.press('Tab');
  await dialog.getByRole('searchbox').fill('CRANE window');
  await expect(rows(dialog)).toHaveCount(1);
  expect(await isStored(page, 'première')).toBe(true);
  await expectAccessible(page);
  await dialog.getByRole('searchbox').fill('no such words');
  await expect(dialog.getByText('No cases match “no such words”')).toBeVisible();
  await dialog.getByRole('searchbox').fill('');
  await dialog.getByRole('button', { name: 'Delete “Crâne, première leçon”' }).click();
  await expect(rows(dialog)).toHaveCount(1);
  await dialog.getByRole('button', { name: 'Undo' }).click();
  await expect(rows(dialog)).toHaveCount(2);
  await dialog.getByRole('button', { name: 'Delete all…' }).click();
  await dialog.getByRole('button', { name: 'Delete all', exact: true }).click();
  await expect(dialog.getByText('No cases yet')).toBeVisible();
  // Of a question that the model’s own known answers have too, only the title shows the difference.
  expect(await isStored(page, 'première')).toBe(false);
});

test('a private visit leaves no trace, and ends with it', async ({ page, openApp }) => {
  const rounds = await open(page, openApp);
  await page.getByRole('button', { name: 'Private mode' }).click();
  await expect(
    page.getByText('Private mode: cases and settings from this visit aren’t saved.'),
  ).toBeVisible();
  const before = await page.evaluate(() => JSON.stringify(localStorage));
  await rounds.takeSample(/^Head CT/);
  await rounds.question.fill(SECRET);
  await page.getByRole('button', { name: 'Settings. Prompt' }).click();
  await page.getByRole('spinbutton', { name: 'Seed' }).fill('7');
  await page.getByRole('spinbutton', { name: 'Seed' }).blur();
  await rounds.ask.click();
  await rounds.askAgain.waitFor({ timeout: 300_000 });
  await expect(page.getByText('Private: not saved')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save cases' })).toHaveCount(0);
  await expectAccessible(page);
  expect(await isStored(page, 'Unforgettable')).toBe(false);
  // No summary of a case, as a key of the store begins.
  expect(await isStored(page, '"s/')).toBe(false);
  expect(await page.evaluate(() => JSON.stringify(localStorage))).toBe(before);
  // It holds over a reload of this tab. Left, nothing of it can be kept any more.
  await page.reload();
  await rounds.modelReady();
  await expect(page.getByRole('button', { name: 'Private mode' })).toHaveAttribute('aria-pressed', 'true');
  await rounds.takeSample(/^Head CT/);
  await rounds.question.fill(SECRET);
  await rounds.ask.click();
  await rounds.askAgain.waitFor({ timeout: 300_000 });
  await page.getByRole('button', { name: 'Private mode' }).click();
  await expect(page.getByText('Private: not saved')).toBeVisible();
  expect(await isStored(page, 'Unforgettable')).toBe(false);
});

test('two tabs see the same cases', async ({ page, context, openApp }) => {
  const rounds = await open(page, openApp);
  await askSample(rounds, /^Brain MRI/);
  await keepCases(page);
  const second = await context.newPage();
  await openApp(second, { backend: 'wasm' });
  const dialog = await openList(second);
  await expect(rows(dialog)).toHaveCount(1);
  await askSample(rounds, /^Head CT/);
  await expect(rows(dialog)).toHaveCount(2);
  await dialog
    .getByRole('button', { name: /^Delete “/ })
    .first()
    .click();
  await expect(page.getByText('Not saved')).toBeVisible();
});

/** Saves when the disk is full, and again when it isn't. */
async function saveOnFullDisk(page: Page, freeSpace: () => Promise<unknown>): Promise<void> {
  await page.getByRole('button', { name: 'Save cases' }).click();
  await expect(page.getByText(/^The browser has no space left for cases/)).toBeVisible();
  await freeSpace();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText('Saved in this browser')).toBeVisible();
}

test('a full disk is reported, and the case is saved once there is space', async ({ page, openApp }) => {
  const rounds = await open(page, openApp);
  await askSample(rounds, /^Brain MRI/);
  // What Chromium throws, without its half a minute (see the long version).
  await page.evaluate(() => {
    const put = Object.getOwnPropertyDescriptor(IDBObjectStore.prototype, 'put');
    Object.assign(window, {
      freeSpace: () => put && Object.defineProperty(IDBObjectStore.prototype, 'put', put),
    });
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('Encountered full disk.', 'QuotaExceededError');
    };
  });
  await saveOnFullDisk(page, () =>
    page.evaluate(() => (window as unknown as { freeSpace: () => void }).freeSpace()),
  );
});

test('a quota that is full is reported, too', { tag: '@long' }, async ({ page, openApp }) => {
  const rounds = await open(page, openApp);
  await askSample(rounds, /^Brain MRI/);
  const devtools = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
  // Chromium caches its estimate of the space left for half a minute.
  await page.waitForTimeout(CHROMIUM_REMEMBERS_MS);
  await saveOnFullDisk(page, () => devtools.send('Storage.overrideQuotaForOrigin', { origin }));
});
