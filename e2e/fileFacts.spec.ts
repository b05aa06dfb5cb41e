/** What the page says about image files: who the patient is only on request, and why some can’t be read. */
import AxeBuilder from '@axe-core/playwright';
import { RoundsPage } from './fake/pageObject';
import { expect, test } from './fixtures';
import { fileOf, MR, openFiles, SERIES } from './imageFiles';

const JPEG_LS = fileOf('pydicom/MR_small_jpeg_ls_lossless.dcm');
const JPEG_2000 = fileOf('pydicom/MR_small_jp2klossless.dcm');

test.describe('facts about files', () => {
  test('names fields that identify the patient, shows their values only on request, and forgets them', async ({
    page,
    openApp,
  }) => {
    await openApp(page, { backend: 'wasm' });
    await openFiles(page, MR);
    const secret = page.getByText('CompressedSamples^MR1');
    await expect(page.getByText('may identify the patient')).toBeVisible();
    await page.getByRole('button', { name: 'Show fields' }).click();
    await expect(page.getByText('Patient’s name')).toBeVisible();
    await expect(secret).toHaveCount(0);
    await page.getByRole('button', { name: 'Show values' }).click();
    await expect(secret).toBeVisible();
    await page.getByRole('button', { name: 'Hide' }).click();
    await page.getByRole('button', { name: 'Show fields' }).click();
    await expect(page.getByText('Patient’s name')).toBeVisible();
    await expect(secret).toHaveCount(0);
    await page.getByRole('button', { name: 'Details', exact: true }).click();
    await expect(page.getByText('Explicit VR Little Endian (1.2.840.10008.1.2.1)')).toBeVisible();
  });

  for (const [name, bytes, sentence] of [
    ['photo.heic', '\0\0\0\x18ftypheic\0\0\0\0heicmif1', /HEIC photo.*export it as JPEG or PNG/],
    ['drawing.png', '<svg xmlns="http://www.w3.org/2000/svg"></svg>', /SVG drawing/],
    ['page.jpg', '%PDF-1.7\n%', /is a PDF/],
    [
      'many.dcm',
      'PK\x03\x04\x14\0\0\0',
      /many\.dcm couldn’t be unpacked: the ZIP file is damaged.*Unpack it/,
    ],
    ['film.png', '\0\0\0\x18ftypisom\0\0\0\0', /a video/],
    ['cut.png', '\x89PNG\r\n\x1a\n\0\0', /PNG header is damaged/],
  ] as const) {
    test(`say why ${name} can’t be read`, async ({ page, openApp }) => {
      await openApp(page, { backend: 'wasm' });
      await new RoundsPage(page).pick({ name, type: 'image/png', bytes: Buffer.from(bytes, 'latin1') });
      await expect(
        page.getByRole('region', { name: 'Images' }).locator('p, li').filter({ hasText: sentence }),
      ).toBeVisible();
    });
  }

  test('opens compressed files without a network', async ({ page, context, openApp }) => {
    await openApp(page, { backend: 'wasm' });
    await page.getByText('Works offline').waitFor();
    await context.setOffline(true);
    await openFiles(page, JPEG_LS);
    await expect(page.getByText('64 × 64')).toBeVisible();
    await context.setOffline(false);
  });

  test('axe finds nothing in the viewer', async ({ page, openApp }) => {
    await openApp(page, { backend: 'wasm' });
    await openFiles(page, SERIES, MR);
    await page.getByRole('button', { name: 'Show fields' }).click();
    await page.getByRole('button', { name: 'Details', exact: true }).click();
    const { violations } = await new AxeBuilder({ page }).include('section[aria-label="Images"]').analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual(
      [],
    );
  });
});

test.describe('a decoder that can’t be fetched', () => {
  test.use({ serviceWorkers: 'block', fresh: true });

  test('is named, not the model, and is fetched again', async ({ page, openApp }) => {
    await openApp(page, { backend: 'wasm' });
    await page.route('**/openjpeg*.wasm', (route) => route.abort());
    const rounds = new RoundsPage(page);
    await rounds.pick(JPEG_2000);
    await expect(page.getByText('Couldn’t download the decoder for this image format.')).toBeVisible();
    await page.unroute('**/openjpeg*.wasm');
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByText('64 × 64')).toBeVisible();
  });
});
