/** The image viewer on real files and the real worker: zoom, window and frames. */
import type { Locator, Page } from '@playwright/test';
import { RoundsPage } from './fake/pageObject';
import { expect, test } from './fixtures';
import { fileOf, MR, openFiles, SERIES } from './imageFiles';

const FRAMES = fileOf('pydicom/rtdose.dcm');

const zoomOf = (page: Page): Locator => page.getByRole('button', { name: /^Show at 100%/ });

/** What is drawn, as a number that differs where a pixel does. */
function drawnOn(canvas: Locator): Promise<number> {
  return canvas.evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement;
    const context = (element as HTMLCanvasElement).getContext('2d');
    let sum = 7;
    for (const byte of context?.getImageData(0, 0, width, height).data ?? []) {
      sum = (sum * 31 + byte) % 2147483647;
    }
    return sum;
  });
}

/** The pixel that is named in the corner of the stage. */
async function placeOf(probe: Locator): Promise<{ x: number; y: number }> {
  const [, x, y] = /x (\d+) y (\d+)/.exec((await probe.textContent()) ?? '') ?? [];
  return { x: Number(x), y: Number(y) };
}

async function middleOf(stage: Locator): Promise<{ x: number; y: number }> {
  await stage.scrollIntoViewIfNeeded();
  const box = await stage.boundingBox();
  if (!box) throw new Error('The stage is not on the screen.');
  // Whole pixels, as a mouse gives them.
  return { x: Math.round(box.x + box.width / 2), y: Math.round(box.y + box.height / 2) };
}

test.describe('zoom', () => {
  test('goes to the pointer by wheel, and by keys, buttons and double click', async ({ page, openApp }) => {
    await openApp(page, { backend: 'wasm' });
    const rounds = new RoundsPage(page);
    // The line about its loading is above the image, and would move it when it disappears.
    await rounds.modelReady();
    await rounds.takeSample(/^Head CT/);
    const stage = page.getByRole('application');
    const { x, y } = await middleOf(stage);
    await page.mouse.move(x + 60, y - 40);
    const probe = stage.locator('p[aria-hidden=true]');
    await expect(probe).toContainText(/x \d+ y \d+/);
    const before = await placeOf(probe);
    const fitted = await zoomOf(page).innerText();
    await page.mouse.wheel(0, -400);
    await expect(zoomOf(page)).not.toHaveText(fitted);
    await page.mouse.move(x + 61, y - 40);
    await page.mouse.move(x + 60, y - 40);
    const after = await placeOf(probe);
    expect(Math.abs(after.x - before.x)).toBeLessThanOrEqual(1);
    expect(Math.abs(after.y - before.y)).toBeLessThanOrEqual(1);

    await page.mouse.dblclick(x, y);
    await expect(page.getByRole('button', { name: 'Fit' })).toHaveAttribute('aria-pressed', 'true');
    await page.mouse.dblclick(x, y);
    await expect(zoomOf(page)).toHaveText('100%');
    await stage.press('+');
    await expect(zoomOf(page)).toHaveText('125%');
    await stage.press('0');
    await expect(zoomOf(page)).toHaveText(fitted);
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await expect(zoomOf(page)).not.toHaveText(fitted);
    await page.getByRole('button', { name: 'Reset zoom' }).click();
    await expect(zoomOf(page)).toHaveText(fitted);
  });

  test('lets the image be dragged and moved by arrows, and stays with it', async ({ page, openApp }) => {
    await openApp(page, { backend: 'wasm' });
    const rounds = await openFiles(page, MR, fileOf('made/window.dcm'));
    await rounds.modelReady();
    await rounds.thumbnails.first().click();
    const stage = page.getByRole('application');
    const picture = stage.locator('.picture');
    for (let presses = 0; presses < 5; presses++) await stage.press('+');
    const placed = await picture.boundingBox();
    const { x, y } = await middleOf(stage);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 25, y + 10, { steps: 4 });
    await page.mouse.up();
    await expect.poll(async () => (await picture.boundingBox())?.x).toBeCloseTo((placed?.x ?? 0) + 25, 0);
    await stage.press('ArrowRight');
    await expect.poll(async () => (await picture.boundingBox())?.x).toBeLessThan((placed?.x ?? 0) + 24);
    const zoom = await zoomOf(page).innerText();
    await rounds.thumbnails.nth(1).click();
    await expect(zoomOf(page)).not.toHaveText(zoom);
    await rounds.thumbnails.first().click();
    await expect(zoomOf(page)).toHaveText(zoom);
  });

  test('by two fingers; one finger scrolls the page while the image is fitted', async ({ page, openApp }) => {
    await openApp(page, { backend: 'wasm' });
    await openFiles(page, MR);
    const stage = page.getByRole('application');
    await expect(stage).toHaveCSS('touch-action', 'pan-x pan-y');
    const fitted = await zoomOf(page).innerText();
    await stage.evaluate((element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      const touch = (type: string, pointerId: number, dx: number): boolean =>
        element.dispatchEvent(
          new PointerEvent(type, {
            pointerId,
            pointerType: 'touch',
            isPrimary: pointerId === 1,
            bubbles: true,
            clientX: left + width / 2 + dx,
            clientY: top + height / 2,
          }),
        );
      touch('pointerdown', 1, -40);
      touch('pointerdown', 2, 40);
      for (const dx of [50, 60, 70, 80]) touch('pointermove', 2, dx);
      touch('pointerup', 2, 80);
      touch('pointerup', 1, -40);
    });
    await expect(zoomOf(page)).not.toHaveText(fitted);
    await expect(stage).toHaveCSS('touch-action', 'none');
  });
});

test.describe('the window', () => {
  test('follows a drag, is shown in numbers, and is what the model gets', async ({ page, openApp }) => {
    await openApp(page, { backend: 'wasm' });
    const rounds = await openFiles(page, MR);
    await rounds.modelReady();
    const stage = page.getByRole('application');
    const center = page.getByRole('spinbutton', { name: 'Centre' });
    const width = page.getByRole('spinbutton', { name: 'Width' });
    await expect(center).toHaveValue('600');
    await expect(width).toHaveValue('1600');
    const canvas = rounds.viewer();
    const plain = await drawnOn(canvas);
    await page.getByRole('button', { name: 'What the model sees' }).click();
    const given = await drawnOn(canvas);
    await page.getByRole('button', { name: 'What the model sees' }).click();

    const { x, y } = await middleOf(stage);
    await page.mouse.move(x, y);
    await page.mouse.down({ button: 'right' });
    await page.mouse.move(x - 160, y, { steps: 8 });
    await page.mouse.up({ button: 'right' });
    await expect(width).toHaveValue('800');
    await expect.poll(() => drawnOn(canvas)).not.toBe(plain);
    await page.getByRole('button', { name: 'What the model sees' }).click();
    await expect.poll(() => drawnOn(canvas)).not.toBe(given);
    await expect(page.getByRole('button', { name: 'Window', exact: true })).toHaveAttribute(
      'aria-disabled',
      'true',
    );
    await page.getByRole('button', { name: 'What the model sees' }).click();

    await center.fill('900');
    await center.press('Enter');
    await expect(page.getByRole('combobox', { name: 'Window' })).toHaveValue('custom');
    await width.fill('0');
    await width.press('Enter');
    await expect(width).toHaveValue('800');
    await stage.press('w');
    await stage.press('ArrowRight');
    await expect(width).not.toHaveValue('800');
    await page.getByRole('combobox', { name: 'Window' }).selectOption({ label: 'File default' });
    await expect.poll(() => drawnOn(canvas)).toBe(plain);
  });

  test('is not offered for 8 bits, and the tool says why; inverting is for the eyes only', async ({
    page,
    openApp,
  }) => {
    await openApp(page, { backend: 'wasm' });
    const rounds = new RoundsPage(page);
    await rounds.takeSample(/^Head CT/);
    const tool = page.getByRole('button', { name: 'Window', exact: true });
    await expect(tool).toHaveAttribute('aria-disabled', 'true');
    await expect(tool).toHaveAttribute('title', /8-bit/);
    await page.getByRole('button', { name: 'Invert' }).click();
    await expect(page.getByText('The model sees the original')).toBeVisible();
    await expect(rounds.viewer()).toHaveCSS('filter', 'invert(1)');
  });
});

test.describe('frames', () => {
  test('are gone through by wheel, keys and slider, and the one that is shown is asked about', async ({
    page,
    openApp,
  }) => {
    await openApp(page, { backend: 'wasm' });
    const rounds = await openFiles(page, FRAMES);
    await rounds.modelReady();
    const stage = page.getByRole('application');
    const place = page.getByText(/^Frame \d+ of 15$/);
    await expect(place).toHaveText('Frame 1 of 15');
    const { x, y } = await middleOf(stage);
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, 100);
    await expect(place).toHaveText('Frame 2 of 15');
    await stage.press('PageDown');
    await expect(place).toHaveText('Frame 3 of 15');
    await stage.press('End');
    await expect(place).toHaveText('Frame 15 of 15');
    await stage.press('Home');
    await page.getByRole('slider', { name: 'Frame' }).fill('8');
    await expect(place).toHaveText('Frame 8 of 15');
    await expect(rounds.viewer()).toHaveAccessibleName('rtdose.dcm, Frame 8 of 15');

    await page.getByRole('button', { name: 'Add as image' }).click();
    await expect(rounds.thumbnails).toHaveCount(2);
    await stage.press('PageDown');
    await expect(rounds.thumbnails.first()).toHaveAccessibleName(/Frame 8 of 15/);
    await expect(rounds.thumbnails.nth(1)).toHaveAccessibleName(/Frame 9 of 15/);

    await rounds.question.fill('What is this?');
    await rounds.ask.click();
    await rounds.askAgain.waitFor();
    await rounds.thumbnails.first().press('Alt+ArrowRight');
    await expect(rounds.thumbnails.first()).toHaveAccessibleName(/Frame 9 of 15/);
    await page.getByRole('button', { name: 'Remove image 1' }).click();
    await page.getByRole('button', { name: 'Remove image 1' }).click();
    await page.getByRole('button', { name: 'Edit question' }).click();
    await expect(rounds.thumbnails.first()).toHaveAccessibleName(/Frame 8 of 15/);
    await expect(rounds.thumbnails.nth(1)).toHaveAccessibleName(/Frame 9 of 15/);
  });

  test('play and pause', async ({ page, openApp }) => {
    await openApp(page, { backend: 'wasm' });
    await openFiles(page, FRAMES);
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await expect(page.getByText('Frame 4 of 15')).toBeVisible();
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeVisible();
  });

  test('of a volume have planes and a series', async ({ page, openApp }) => {
    await openApp(page, { backend: 'wasm' });
    const rounds = await openFiles(page, SERIES);
    await expect(page.getByText('Slice 3 of 5')).toBeVisible();
    await page.getByText('Coronal').click();
    await expect(page.getByText('Slice 4 of 6')).toBeVisible();
    const first = await drawnOn(rounds.viewer());
    await page.getByRole('spinbutton', { name: 'Volume' }).fill('3');
    await page.getByRole('spinbutton', { name: 'Volume' }).press('Enter');
    await expect.poll(() => drawnOn(rounds.viewer())).not.toBe(first);
  });
});
