/** Folders, ZIP files and series: real drops into the built page, with the real worker. */
import type { Locator, Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ZipWriter } from '../src/shared/zipWriter';
import { everythingStored } from './casePage';
import { dropPaths, folderOf, sliceFile } from './drops';
import { RoundsPage, sampleFile } from './fake/pageObject';
import { expect, test } from './fixtures';

const SLICES = 12;

/** In an order that is neither that of names nor that of instance numbers. */
const scan = (prefix = '', series = '1.2.3') =>
  Object.fromEntries(
    Array.from({ length: SLICES }, (_, k) => {
      const at = (k * 5) % SLICES;
      return [`${prefix}IM${String(k).padStart(4, '0')}`, sliceFile({ series, at, instance: 100 - k })];
    }),
  );

const images = (page: Page): Locator => page.getByRole('region', { name: 'Images' });
const notice = (page: Page): Locator => images(page).getByRole('status').filter({ hasText: 'left out' });

/** The grey level in the middle of the viewer. */
function level(page: Page): Promise<number> {
  return images(page)
    .getByRole('img')
    .first()
    .evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const pixel = canvas.getContext('2d')?.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data;
      return pixel?.[0] ?? -1;
    });
}

test('a dropped folder with a series is one stack in the order of positions', async ({
  page,
  openApp,
}, info) => {
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  const folder = await folderOf(info.outputPath('Head MR'), {
    ...scan('SE0001/'),
    '.DS_Store': Buffer.from('x'),
    DICOMDIR: Buffer.from('x'),
    'readme.txt': Buffer.from('Insert the disc and wait.'),
    'viewer/autorun.inf': Buffer.from('[autorun]\n'),
  });
  await dropPaths(page, folder);
  await expect(rounds.thumbnails).toHaveCount(1);
  await expect(rounds.thumbnails).toHaveAccessibleName('Show image 1: SE0001, Slice 7 of 12');
  await expect(notice(page)).toContainText(
    '2 of 14 files were left out because they aren’t images: Head MR/readme.txt, Head MR/viewer/autorun.inf.',
  );
  const slider = page.getByRole('slider', { name: 'Slice' });
  await slider.fill('1');
  await expect(images(page).getByText('Slice 1 of 12')).toBeVisible();
  await expect.poll(() => level(page)).toBe(0);
  await slider.fill('12');
  await expect.poll(() => level(page)).toBe(11);
  // Scrolled like frames: by key, wheel and button.
  await page.getByRole('application').focus();
  await page.keyboard.press('PageUp');
  await expect.poll(() => level(page)).toBe(10);

  // Another slice of the same stack, chosen by itself.
  await page.getByRole('button', { name: 'Add as image' }).click();
  await expect(rounds.thumbnails).toHaveCount(2);
  await page.keyboard.press('Home');
  await page.getByRole('application').focus();
  await page.keyboard.press('Home');
  await expect(rounds.thumbnails.nth(0)).toHaveAccessibleName('Show image 1: SE0001, Slice 11 of 12');
  await expect(rounds.thumbnails.nth(1)).toHaveAccessibleName('Show image 2: SE0001, Slice 1 of 12');
});

test('slices dropped together are a stack; a localizer and another size are not part of it', async ({
  page,
  openApp,
}, info) => {
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  const folder = await folderOf(info.outputPath('loose'), {
    ...scan(),
    LOC: sliceFile({ at: 3, isSagittal: true }),
    BIG: sliceFile({ at: 3, rows: 64 }),
  });
  const names = [
    ...Array.from({ length: SLICES }, (_, k) => `IM${String(k).padStart(4, '0')}`),
    'LOC',
    'BIG',
  ];
  await dropPaths(page, ...names.map((name) => join(folder, name)));
  await expect(rounds.thumbnails).toHaveCount(3);
  await expect(rounds.thumbnails.nth(0)).toHaveAccessibleName(/Slice 7 of 12$/);
  await expect(rounds.thumbnails.nth(1)).toHaveAccessibleName('Show image 2: LOC');
  await expect(rounds.thumbnails.nth(2)).toHaveAccessibleName('Show image 3: BIG');
  await expect(notice(page)).toHaveCount(0);
});

test('a ZIP file is unpacked, and what does not fit is said by number', async ({ page, openApp }, info) => {
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  const zip = new ZipWriter();
  for (const [name, bytes] of Object.entries(scan('study/ct/'))) await zip.add(name, await bytes);
  const png = new Uint8Array(sampleFile('brain-mri.png').bytes);
  for (let k = 0; k < 8; k++) await zip.add(`study/photos/p${k}.png`, png);
  await zip.add('study/notes.pdf', new TextEncoder().encode('%PDF-1.7'));
  const folder = await folderOf(info.outputPath('zips'), {
    'study.zip': new Uint8Array(await zip.finish().arrayBuffer()),
  });
  await dropPaths(page, join(folder, 'study.zip'));
  await expect(rounds.thumbnails).toHaveCount(6);
  await expect(rounds.thumbnails.nth(0)).toHaveAccessibleName('Show image 1: ct, Slice 7 of 12');
  await expect(notice(page)).toContainText('3 of 9 images were left out: p5.png, p6.png, p7.png.');
  await expect(notice(page)).toContainText('A question can have at most 6 images.');
  await expect(notice(page)).toContainText(
    '1 of 21 files was left out because it isn’t an image: study.zip/study/notes.pdf.',
  );
  await images(page).getByRole('button', { name: 'Dismiss' }).click();
  await expect(notice(page)).toHaveCount(0);
});

test('the chooser hides nothing, and takes a folder', async ({ page, openApp }, info) => {
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  const folder = await folderOf(info.outputPath('disc'), {
    ...scan('DICOM/'),
    I10: sliceFile({ at: 200, series: '9' }),
  });
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: /^Drop a medical image/ }).click();
  const files = await chooser;
  expect(await files.element().evaluate((input) => (input as HTMLInputElement).accept)).toBe('');
  await files.setFiles(join(folder, 'I10'));
  await expect(rounds.thumbnails).toHaveCount(1);
  await expect.poll(() => level(page)).toBe(200);
  const folders = page.waitForEvent('filechooser');
  await images(page).getByRole('button', { name: 'Choose a folder' }).click();
  await (await folders).setFiles(folder);
  await expect(rounds.thumbnails).toHaveCount(3);
  await expect(rounds.thumbnails.nth(1)).toHaveAccessibleName(/^Show image 2: (DICOM, Slice 7 of 12|I10)$/);
});

test('chosen slices go to the model; an earlier question brings the stack back', async ({
  page,
  openApp,
}, info) => {
  test.setTimeout(600_000);
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  const folder = await folderOf(info.outputPath('Series'), scan());
  await dropPaths(page, folder);
  await expect(rounds.thumbnails).toHaveCount(1);
  await page.getByRole('slider', { name: 'Slice' }).fill('3');
  await expect.poll(() => level(page)).toBe(2);
  await rounds.question.fill('Which modality?');
  await rounds.ask.click();
  await rounds.askAgain.waitFor({ timeout: 300_000 });
  // Another slice of the stack belongs to the same case.
  await page.getByRole('slider', { name: 'Slice' }).fill('9');
  await expect.poll(() => level(page)).toBe(8);
  await rounds.ask.click();
  await rounds.askAgain.waitFor({ timeout: 300_000 });
  await page.getByRole('button', { name: 'Save cases' }).click();
  await expect(page.getByRole('button', { name: /^Cases.*1 / })).toBeVisible();
  await page.getByRole('button', { name: 'Remove image 1: Series' }).click();
  await expect(rounds.thumbnails).toHaveCount(0);
  await rounds.reasoning.getByRole('button', { name: /^Edit/ }).first().click();
  await expect(rounds.thumbnails).toHaveAccessibleName('Show image 1: Series, Slice 9 of 12');
});

test('a stack survives a reload at its slice', async ({ page, openApp }, info) => {
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  await dropPaths(page, await folderOf(info.outputPath('Kept'), scan()));
  await page.getByRole('slider', { name: 'Slice' }).fill('4');
  await expect.poll(() => level(page)).toBe(3);
  await expect.poll(() => everythingStored(page)).toContain('savedAt');
  await page.reload();
  await expect(rounds.thumbnails).toHaveAccessibleName('Show image 1: Kept, Slice 4 of 12');
  await expect.poll(() => level(page)).toBe(3);
  await page.getByRole('slider', { name: 'Slice' }).fill('12');
  await expect.poll(() => level(page)).toBe(11);
});

test('500 slices are grouped from their headers, and only what is shown is decoded', async ({
  page,
  openApp,
}, info) => {
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  const files = Object.fromEntries(
    Array.from({ length: 500 }, (_, k) => [
      `IM${k}`,
      sliceFile({ at: k % 256, instance: k, series: `5.${k < 256 ? 1 : 2}` }),
    ]),
  );
  const folder = await folderOf(info.outputPath('long'), files);
  const start = Date.now();
  await dropPaths(page, folder);
  await expect(rounds.thumbnails).toHaveCount(2);
  await expect(rounds.thumbnails.nth(1)).toHaveAccessibleName('Show image 2: long, Slice 123 of 244');
  const seconds = (Date.now() - start) / 1000;
  info.annotations.push({ type: 'seconds for 500 slices', description: String(seconds) });
  expect(seconds).toBeLessThan(20);
});

test('text files and models go where they belong, and so do images given to the cases', async ({
  page,
  openApp,
}, info) => {
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  const folder = await folderOf(info.outputPath('mixed'), {
    'question.txt': Buffer.from('What is shown?\nA. Brain\nB. Hand\n'),
    'model.safetensors': Buffer.from('x'),
    'brain.png': new Uint8Array(readFileSync(new URL('../public/samples/brain-mri.png', import.meta.url))),
  });
  await dropPaths(page, join(folder, 'question.txt'));
  await expect(images(page).getByText('question.txt is a text file, not an image.')).toBeVisible();
  await expect(rounds.thumbnails).toHaveCount(0);
  await dropPaths(page, join(folder, 'model.safetensors'));
  const models = page.getByRole('dialog', { name: 'Models' });
  await expect(models).toBeVisible();
  await expect(models.getByRole('heading', { name: 'model.safetensors' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: /^Cases/ }).click();
  const cases = page.getByRole('dialog', { name: 'Cases' });
  await cases.getByLabel('Choose case file').setInputFiles(join(folder, 'brain.png'));
  await expect(cases).toBeHidden();
  await expect(rounds.thumbnails).toHaveCount(1);
});
