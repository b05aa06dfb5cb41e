/** The camera, with the one that Chromium makes up for tests. */
import { expect, test } from './fixtures';
import { RoundsPage } from './fake/pageObject';
import { ensureBrowser, launchArguments } from '../src/cli/browser.mjs';

test.use({
  fresh: true,
  launchOptions: {
    executablePath: ensureBrowser(),
    args: [...launchArguments(), '--use-fake-device-for-media-stream'],
  },
});

/** Tracks that still run, of all that the page has opened. */
const RUNNING = () =>
  (globalThis as unknown as { tracks: MediaStreamTrack[] }).tracks.filter(
    ({ readyState }) => readyState === 'live',
  ).length;

test.beforeEach(async ({ page }) => {
  await page.addInitScript(() => {
    const tracks: MediaStreamTrack[] = [];
    Object.assign(globalThis, { tracks });
    const devices = navigator.mediaDevices;
    const open = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      const stream = await open(constraints);
      tracks.push(...stream.getTracks());
      return stream;
    };
  });
});

test('takes a photo, takes another, and is off once the dialog is closed', async ({
  page,
  context,
  openApp,
}) => {
  await context.grantPermissions(['camera']);
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  await page.getByRole('button', { name: 'Use camera' }).click();
  await page.getByRole('button', { name: 'Take photo' }).click();
  await expect(page.getByRole('img', { name: 'Photo', exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Retake' }).click();
  await page.getByRole('button', { name: 'Take photo' }).click();
  expect(await page.evaluate(RUNNING)).toBe(1);
  await page.getByRole('button', { name: 'Use photo' }).click();
  await expect(rounds.thumbnails).toHaveCount(1);
  await expect(rounds.viewer()).toHaveAccessibleName('photo.png');
  expect(await page.evaluate(RUNNING)).toBe(0);
  await page.getByRole('button', { name: 'Use camera' }).click();
  await page.getByRole('button', { name: 'Take photo' }).waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => page.evaluate(RUNNING)).toBe(0);
});

test('says so when it is not allowed', async ({ page, openApp }) => {
  await openApp(page, { backend: 'wasm' });
  await page.getByRole('button', { name: 'Use camera' }).click();
  await expect(page.getByText('Camera access is blocked.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
});
