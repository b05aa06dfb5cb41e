/** The model's loading, failures and card, on a scripted engine. */
import { expect, openReady, test } from './fake/fixture';
import { RoundsPage } from './fake/pageObject';

test.describe('the model', () => {
  test('shows bytes and time left while it comes; a question asked then waits and can be stopped', async ({
    page,
    openFake,
  }) => {
    await openFake(page, 'slowLoad');
    const rounds = new RoundsPage(page);
    await expect(page.getByText(/3\.2 MB of 7\.3 MB\s· .+ left/)).toBeVisible();
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await expect(rounds.reasoning.getByText('Waiting for the model')).toBeVisible();
    await rounds.stop.click();
    await expect(rounds.askAgain).toBeVisible();
  });

  test('is fetched again on demand', async ({ page, openFake }) => {
    await openFake(page, 'loadFailsOnce');
    await expect(page.getByText('Check your connection and try again.')).toBeVisible();
    await page.getByRole('button', { name: 'Try again' }).click();
    await new RoundsPage(page).modelReady();
    await expect(page.getByText('Check your connection and try again.')).toHaveCount(0);
  });

  test('falls back to WebAssembly by a click', async ({ page, openFake }) => {
    await openFake(page, 'noWebGpu', '&backend=webgpu');
    await expect(page.getByRole('button', { name: /^Model not loaded/ })).toBeVisible();
    await page.getByRole('button', { name: 'Use WebAssembly' }).click();
    await expect(page.getByRole('button', { name: /^rounds-mini WebAssembly/ })).toBeVisible();
  });

  test('can be used without being kept when storage is full', async ({ page, openFake }) => {
    await openFake(page, 'quotaFull');
    await page.getByRole('button', { name: 'Continue without storing' }).click();
    await new RoundsPage(page).modelReady();
  });

  test('comes back after its device was lost, with everything kept', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'deviceLost');
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await expect(rounds.reasoning.getByText('B. Head CT')).toBeVisible();
  });

  test('is given up when its device keeps failing', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'deviceKeepsFailing');
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await expect(page.getByRole('button', { name: /not loaded/ })).toBeVisible();
    await expect(page.getByRole('form').getByText('The model isn’t loaded.')).toBeVisible();
  });

  test('says when a question does not fit', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'contextOverflow');
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await expect(rounds.reasoning.getByText('don’t fit in the model’s context')).toBeVisible();
  });

  test('has a card with its figures and the reason for its device', async ({ page, openFake }) => {
    await openReady(page, openFake);
    await page.getByRole('button', { name: /about the model/ }).click();
    const dialog = page.getByRole('dialog', { name: 'rounds-mini' });
    await expect(dialog.getByText('96.2%')).toBeVisible();
    await expect(dialog.getByText('only a software GPU')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
  });

  test('without a card says so', async ({ page, openFake }) => {
    await page.route('**/card.json', (route) => route.fulfill({ status: 200, body: '"?"' }));
    await openReady(page, openFake);
    await page.getByRole('button', { name: /about the model/ }).click();
    await expect(page.getByText('has no model card')).toBeVisible();
  });
});
