/** Cases that leave the page and come back: files, Markdown, and hand-outs on paper. */
import { readFile, writeFile } from 'node:fs/promises';
import { askSample, expectAccessible, keepCases, open, openList, rows } from './casePage';
import { expect, test } from './fixtures';

test.describe.configure({ timeout: 600_000 });

test('a case leaves as a file and comes back from it; a second copy is recognised', async ({
  page,
  openApp,
}, info) => {
  const rounds = await open(page, openApp);
  await askSample(rounds, /^Chest CT/);
  await keepCases(page);
  await page.getByRole('button', { name: 'Export this case' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save file' }).click();
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
  await dialog.getByLabel('Choose case file').setInputFiles(path);
  await expect(dialog.getByText('1 case imported.')).toBeVisible();
  await dialog.getByLabel('Choose case file').setInputFiles(path);
  await expect(dialog.getByText('No new cases in this file. 1 was already here.')).toBeVisible();
  await dialog.getByRole('button', { name: /^Rename/ }).click();
  await page.keyboard.type('Mine');
  await page.keyboard.press('Enter');
  await dialog.getByLabel('Choose case file').setInputFiles(path);
  await expect(
    dialog.getByText('1 case in this file already exists here with different content.'),
  ).toBeVisible();
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
  await expect(dialog.getByRole('alert')).toContainText(
    'This file doesn’t contain cases that can be opened here.',
  );
  await expect(rounds.thumbnails).toHaveCount(0);
});

test.describe(() => {
  test.use({ fresh: true });

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
