/** What a visitor has entered is never lost without a question or a way back. */
import type { Dialog, Page } from '@playwright/test';
import { everythingStored } from './casePage';
import { dropPaths, folderOf } from './drops';
import { expect, openReady, test } from './fake/fixture';
import type { RoundsPage } from './fake/pageObject';
import { sampleFile } from './fake/pageObject';

const OWN = { ...sampleFile('brain-mri.png'), name: 'mine.png' };

/** Types like a person: the browser only asks before it leaves a page that was used. */
async function write(rounds: RoundsPage, text: string): Promise<void> {
  await rounds.question.click();
  await rounds.page.keyboard.type(text);
}

async function answered(rounds: RoundsPage): Promise<void> {
  await rounds.ask.click();
  await rounds.askAgain.waitFor();
}

/** Reloads; @returns whether the browser asked first. */
async function reload(page: Page): Promise<boolean> {
  let asked = false;
  const accept = (dialog: Dialog): void => {
    asked ||= dialog.type() === 'beforeunload';
    void dialog.accept();
  };
  page.on('dialog', accept);
  await page.reload();
  page.off('dialog', accept);
  return asked;
}

/** All bytes in the database of drafts, as Latin-1. */
function storedDrafts(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('rounds-drafts');
      request.onsuccess = () => resolve(request.result);
    });
    const records = await new Promise<{ facts: Blob; files: Blob[] }[]>((resolve) => {
      const request = database.transaction('drafts').objectStore('drafts').getAll();
      request.onsuccess = () => resolve(request.result as { facts: Blob; files: Blob[] }[]);
    });
    database.close();
    const blobs = records.flatMap(({ facts, files }) => [facts, ...files]);
    const texts = await Promise.all(
      blobs.map(async (blob) => new TextDecoder('latin1').decode(await blob.arrayBuffer())),
    );
    return `${JSON.stringify(records)} "size": ${blobs.length} ${texts.join('\n')}`;
  });
}

const undo = (page: Page) =>
  page.getByText('What you had entered was replaced.').locator('..').getByRole('button', { name: 'Undo' });

test.describe('a replacement', () => {
  for (const [name, replace] of [
    ['a sample', (rounds: RoundsPage) => rounds.takeSample(/^Head CT/)],
    ['New case', (rounds: RoundsPage) => rounds.page.getByRole('button', { name: 'New case' }).click()],
    [
      'a suggestion',
      (rounds: RoundsPage) => rounds.page.getByRole('button', { name: 'Is it an X-ray?' }).click(),
    ],
  ] as const) {
    test(`by ${name} can be undone`, async ({ page, openFake }) => {
      const rounds = await openReady(page, openFake);
      await rounds.pick(OWN);
      await write(rounds, 'Is there a fracture?');
      await page.getByRole('button', { name: 'Add answer choices' }).click();
      await rounds.choices.nth(0).fill('Yes');
      await rounds.choices.nth(1).fill('No');
      await page.getByRole('button', { name: 'B is the correct answer' }).click();
      await replace(rounds);
      await expect(rounds.question).not.toHaveValue('Is there a fracture?');
      await undo(page).click();
      await expect(rounds.question).toHaveValue('Is there a fracture?');
      await expect(rounds.choices).toHaveCount(2);
      await expect(rounds.choices.nth(1)).toHaveValue('No');
      await expect(page.getByRole('button', { name: 'B is the correct answer' })).toHaveAttribute(
        'aria-pressed',
        'true',
      );
      await expect(rounds.thumbnails).toHaveAccessibleName(/mine\.png/);
      await expect(rounds.viewer()).toBeVisible();
      await expect(undo(page)).toHaveCount(0);
    });
  }

  test('of what can be chosen again needs no undo', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    await rounds.takeSample(/^Brain MRI/);
    await page.getByRole('button', { name: 'Is it an X-ray?' }).click();
    await expect(undo(page)).toHaveCount(0);
  });

  test('by a follow-up and by an earlier question can be undone', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    await answered(rounds);
    await rounds.question.fill('My own long question');
    await page.getByRole('button', { name: 'Follow up' }).click();
    await expect(rounds.question).toHaveValue('');
    await undo(page).click();
    await expect(rounds.question).toHaveValue('My own long question');
  });
});

test.describe('a reload', () => {
  test('keeps question, choices, key, and images with their places', async ({ page, openFake }, info) => {
    const rounds = await openReady(page, openFake);
    const folder = await folderOf(info.outputPath('files'), { 'own.png': OWN.bytes });
    await dropPaths(page, `${folder}/own.png`);
    await write(rounds, 'What is the diagnosis?');
    await page.getByRole('button', { name: 'Add answer choices' }).click();
    await rounds.choices.nth(0).fill('Stroke');
    await rounds.choices.nth(1).fill('Tumour');
    await page.getByRole('button', { name: 'A is the correct answer' }).click();
    await expect.poll(() => everythingStored(page)).toContain('savedAt');
    // What is on the disk can't be read without the tab's key: neither names nor pixels.
    const left = await storedDrafts(page);
    expect(left).toContain('"size":');
    expect(left).not.toContain('own.png');
    expect(left).not.toContain('IHDR');
    expect(await reload(page)).toBe(false);
    await expect(rounds.question).toHaveValue('What is the diagnosis?');
    await expect(rounds.choices.nth(1)).toHaveValue('Tumour');
    await expect(page.getByRole('button', { name: 'A is the correct answer' })).toHaveAttribute(
      'aria-pressed',
      'true',
    );
    await expect(rounds.thumbnails).toHaveAccessibleName(/own\.png/);
    await expect(rounds.viewer()).toBeVisible();
    // A second time as well.
    expect(await reload(page)).toBe(false);
    await expect(rounds.question).toHaveValue('What is the diagnosis?');
    await page
      .getByText('Your unfinished question was restored.')
      .locator('..')
      .getByRole('button', { name: 'Clear' })
      .click();
    await expect(rounds.question).toHaveValue('');
    await expect.poll(() => everythingStored(page)).not.toContain('savedAt');
    await reload(page);
    await rounds.modelReady();
    await expect(rounds.question).toHaveValue('');
  });

  test('does not restore what was asked, and asks while an answer is only on the page', async ({
    page,
    openFake,
  }) => {
    const rounds = await openReady(page, openFake);
    await rounds.pick(OWN);
    await write(rounds, 'Unasked so far');
    await expect.poll(() => everythingStored(page)).toContain('savedAt');
    await answered(rounds);
    await expect.poll(() => everythingStored(page)).not.toContain('savedAt');
    expect(await page.evaluate(() => sessionStorage.getItem('rounds.draft'))).toBeNull();
    expect(await reload(page)).toBe(true);
    await rounds.modelReady();
    await expect(rounds.question).toHaveValue('');
    await expect(rounds.thumbnails).toHaveCount(0);
  });

  test('does not ask once the answer is saved', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    await answered(rounds);
    await page.getByRole('button', { name: 'Save cases' }).click();
    await expect(page.getByText('Saved in this browser')).toBeVisible();
    expect(await reload(page)).toBe(false);
  });

  test('keeps what a follow-up question follows', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    await answered(rounds);
    await page.getByRole('button', { name: 'Save cases' }).click();
    await expect(page.getByText('Saved in this browser')).toBeVisible();
    await page.getByRole('button', { name: 'Follow up' }).click();
    await write(rounds, 'And on which side?');
    await expect.poll(() => everythingStored(page)).toContain('savedAt');
    expect(await reload(page)).toBe(false);
    await rounds.modelReady();
    await expect(rounds.question).toHaveValue('And on which side?');
    await answered(rounds);
    const asked = await page.evaluate(() =>
      JSON.stringify((globalThis as { askedParams?: unknown }).askedParams ?? null),
    );
    expect(asked).toContain('And on which side?');
    expect(asked).toContain('"role":"assistant"');
  });

  test('in private mode stores nothing, and asks instead', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await page.getByRole('button', { name: 'Private mode' }).click();
    await rounds.pick(OWN);
    await write(rounds, 'A very private question');
    await page.waitForTimeout(600);
    expect(await everythingStored(page)).not.toContain('savedAt');
    expect(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).not.toContain('very private');
    expect(await reload(page)).toBe(true);
    await rounds.modelReady();
    await expect(rounds.question).toHaveValue('');
  });

  test('does not ask on an untouched page', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    expect(await reload(page)).toBe(false);
  });
});

test('focus stays at the button that was used', async ({ page, openFake }) => {
  const rounds = await openReady(page, openFake, 'slowStream');
  await rounds.takeSample(/^Head CT/);
  await rounds.ask.focus();
  await page.keyboard.press('Enter');
  const form = page.getByRole('form', { name: 'Question' });
  await expect(form.getByRole('button', { name: 'Stop' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(rounds.ask).toBeFocused();
  await rounds.askAgain.focus();
  await page.keyboard.press('Enter');
  await expect(rounds.stop).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(rounds.askAgain).toBeFocused();
  // Where the visitor goes meanwhile, the focus stays.
  await rounds.question.focus();
  await page.keyboard.press('Control+Enter');
  await expect(rounds.stop).toBeVisible();
  await expect(rounds.question).toBeFocused();
});
