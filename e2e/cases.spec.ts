/** Cases with the real engine and the embedded model: kept, opened, searched, exported, imported, printed; and private visits. */
import AxeBuilder from '@axe-core/playwright';
import { readFile, writeFile } from 'node:fs/promises';
import type { Locator, Page } from '@playwright/test';
import { RoundsPage } from './fake/pageObject';
import { expect, test } from './fixtures';

test.describe.configure({ timeout: 600_000 });

const SECRET = 'Is the zygomatic arch of Mrs Unforgettable broken?';

async function open(page: Page, openApp: (page: Page, options: { backend: 'wasm' }) => Promise<void>) {
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  return rounds;
}

async function askSample(rounds: RoundsPage, title: RegExp): Promise<void> {
  await rounds.takeSample(title);
  await rounds.ask.click();
  await rounds.askAgain.waitFor({ timeout: 300_000 });
}

async function keepCases(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Keep cases' }).click();
  await expect(page.getByText('Kept in this browser')).toBeVisible();
}

async function openList(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: /^Cases/ }).click();
  return page.getByRole('dialog', { name: 'Cases' });
}

const rows = (dialog: Locator): Locator => dialog.getByRole('list', { name: 'Cases' }).getByRole('listitem');

/** Texts of everything that IndexedDB, localStorage and CacheStorage hold. */
function everythingStored(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const found: string[] = [JSON.stringify(localStorage)];
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(new Error(name));
      });
      for (const store of database.objectStoreNames) {
        const objects = database.transaction(store).objectStore(store);
        for (const request of [objects.getAllKeys(), objects.getAll()]) {
          const values = await new Promise<unknown[]>((resolve) => {
            request.onsuccess = () => resolve(request.result);
          });
          found.push(...values.map((value) => (value instanceof Uint8Array ? '' : JSON.stringify(value))));
        }
      }
      database.close();
    }
    for (const name of await caches.keys()) {
      const requests = await (await caches.open(name)).keys();
      found.push(...requests.map(({ url }) => url));
    }
    return found.join('\n');
  });
}

async function isStored(page: Page, text: string): Promise<boolean> {
  return (await everythingStored(page)).includes(text);
}

/** The part of the page that shows cases: an open dialog, else the answer with what stands below it. */
async function expectAccessible(page: Page): Promise<void> {
  const isDialog = (await page.locator('dialog[open]').count()) > 0;
  const part = isDialog ? 'dialog[open]' : 'section[aria-label="Reasoning"]';
  const { violations } = await new AxeBuilder({ page }).include(part).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
}

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
  await expect(page.getByText('Kept in this browser')).toBeVisible();
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
  await expect(page.getByText('Kept in this browser')).toBeVisible();
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
  await expect(dialog.getByText('No case has “no such words”')).toBeVisible();
  await dialog.getByRole('searchbox').fill('');
  await dialog.getByRole('button', { name: 'Delete “Crâne, première leçon”' }).click();
  await expect(rows(dialog)).toHaveCount(1);
  await dialog.getByRole('button', { name: 'Undo' }).click();
  await expect(rows(dialog)).toHaveCount(2);
  await dialog.getByRole('button', { name: 'Delete all…' }).click();
  await dialog.getByRole('button', { name: 'Delete all', exact: true }).click();
  await expect(dialog.getByText('No cases yet')).toBeVisible();
  // Of a question that the model’s own known answers have too, only the title tells.
  expect(await isStored(page, 'première')).toBe(false);
});

test('a case leaves as a file and comes back from it; a second copy is recognised', async ({
  page,
  openApp,
}, info) => {
  const rounds = await open(page, openApp);
  await askSample(rounds, /^Chest CT/);
  await keepCases(page);
  await page.getByRole('button', { name: 'Export this case' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save the file' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toMatch(/^rounds-case-\d{4}-\d\d-\d\d\.rounds\.zip$/);
  const path = info.outputPath('case.rounds.zip');
  await file.saveAs(path);
  const bytes = (await readFile(path)).toString('latin1');
  // The sample is a DICOM file that names a patient: neither its header nor its name is in the file.
  expect(bytes).not.toContain('CompressedSamples');
  expect(bytes).not.toContain('ct-small');
  expect(bytes).not.toContain('DICM');
  const dialog = await openList(page);
  await dialog.getByRole('button', { name: /^Delete “/ }).click();
  await expect(dialog.getByText('No cases yet')).toBeVisible();
  await dialog.getByLabel('Choose a file of cases').setInputFiles(path);
  await expect(dialog.getByText('1 case was imported.')).toBeVisible();
  await dialog.getByLabel('Choose a file of cases').setInputFiles(path);
  await expect(dialog.getByText('Nothing new was in the file. 1 was here already.')).toBeVisible();
  await dialog.getByRole('button', { name: /^Rename/ }).click();
  await page.keyboard.type('Mine');
  await page.keyboard.press('Enter');
  await dialog.getByLabel('Choose a file of cases').setInputFiles(path);
  await expect(dialog.getByText('1 case of the file is here already, in another state.')).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Keep both' }).click();
  await expect(rows(dialog)).toHaveCount(2);
  await dialog.getByRole('button', { name: 'Open “What kind of image is this?”' }).click();
  await expect(rounds.viewer()).toBeVisible();
  await expect(rounds.askAgain).toBeVisible();
});

test('a dropped file of cases opens the import, and a damaged one is refused with a sentence', async ({
  page,
  openApp,
}) => {
  const rounds = await open(page, openApp);
  await rounds.drop({ name: 'x.rounds.zip', type: 'application/zip', bytes: Buffer.from('PK not really') });
  const dialog = page.getByRole('dialog', { name: 'Cases' });
  await expect(dialog.getByRole('alert')).toContainText('This is no file of cases that can be read here.');
  await expect(rounds.thumbnails).toHaveCount(0);
});

test('a private visit leaves no trace, and ends with it', async ({ page, openApp }) => {
  const rounds = await open(page, openApp);
  await page.getByRole('button', { name: 'Private mode' }).click();
  await expect(page.getByText('Private mode: neither cases nor settings')).toBeVisible();
  const before = await page.evaluate(() => JSON.stringify(localStorage));
  await rounds.takeSample(/^Head CT/);
  await rounds.question.fill(SECRET);
  await page.getByRole('button', { name: 'Settings. Prompt' }).click();
  await page.getByRole('spinbutton', { name: 'Seed' }).fill('7');
  await page.getByRole('spinbutton', { name: 'Seed' }).blur();
  await rounds.ask.click();
  await rounds.askAgain.waitFor({ timeout: 300_000 });
  await expect(page.getByText('Private: not kept')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Keep cases' })).toHaveCount(0);
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
  await expect(page.getByText('Private: not kept')).toBeVisible();
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
  await expect(page.getByText('Not kept')).toBeVisible();
});

test('a hand-out is printed with answers and without', async ({ page, openApp }, info) => {
  await page.addInitScript(() => {
    window.print = () => document.body.setAttribute('data-printed', 'yes');
  });
  const rounds = await open(page, openApp);
  await askSample(rounds, /^Brain MRI/);
  for (const kind of ['with', 'without'] as const) {
    await page.getByRole('button', { name: 'Print or save as PDF' }).click();
    await page.getByRole('radio', { name: kind === 'with' ? 'With answers' : 'Without answers' }).check();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Print…' }).click();
    await expect(page.locator('body[data-printed]')).toBeAttached();
    await page.emulateMedia({ media: 'print' });
    const paper = page.locator('.handout');
    await expect(paper).toContainText('What kind of image is this?');
    await expect(paper).toContainText('Not a medical device.');
    await expect(paper.locator('img')).toBeVisible();
    await expect(rounds.question).toBeHidden();
    await expect(paper.getByText('Model: rounds-mini')).toHaveCount(kind === 'with' ? 1 : 0);
    await expect(paper.locator('.thinking')).toHaveCount(kind === 'with' ? 1 : 0);
    await expect(paper.locator('.lines')).toHaveCount(kind === 'with' ? 0 : 1);
    const pdf = await page.pdf({ format: 'A4' });
    await writeFile(info.outputPath(`${kind}.pdf`), pdf);
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    await page.emulateMedia({ media: 'screen' });
    await page.evaluate(() => {
      document.body.removeAttribute('data-printed');
      window.dispatchEvent(new Event('afterprint'));
    });
    await expect(paper).toHaveCount(0);
  }
});

test('an answer is copied, alone and with its case as Markdown', async ({ page, context, openApp }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const rounds = await open(page, openApp);
  await askSample(rounds, /^Brain MRI/);
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await page.getByRole('button', { name: 'Copy as Markdown' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Copied' })).toBeVisible();
  expect(await clipboard()).toContain('# What kind of image is this?');
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await expect.poll(clipboard).not.toContain('#');
});
