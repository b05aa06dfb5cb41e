/** The library's view on a scripted library: everything a visitor can do there, and what the page says. */
import type { Locator, Page } from '@playwright/test';
import { expect, openReady, test } from './fake/fixture';
import { sampleFile } from './fake/pageObject';

const THINKER = /download.*MedVLThinker 3B$/;

async function dropOn(page: Page, target: Locator, names: string[]): Promise<void> {
  const dataTransfer = await page.evaluateHandle((files) => {
    const transfer = new DataTransfer();
    for (const name of files) transfer.items.add(new File(['x'], name));
    return transfer;
  }, names);
  for (const type of ['dragenter', 'dragover', 'drop']) await target.dispatchEvent(type, { dataTransfer });
}

test.describe('a download', () => {
  test('is looked at first, shows how far it is, and ends in use', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    const library = await rounds.openLibrary();
    await library.getByRole('button', { name: THINKER }).click();
    await expect(library.getByText('7.51 GB to download')).toBeVisible();
    await expect(library.getByText('Commit 0123456789ab')).toBeVisible();
    await expect(library.getByText('WebGPU runs on Scripted adapter')).toBeVisible();
    await library.getByRole('button', { name: /^Test GPU memory/ }).click();
    await expect(library.getByText('The test was able to allocate it')).toBeVisible();
    await library.getByRole('button', { name: 'Download', exact: true }).click();
    const bar = library.getByRole('progressbar', { name: /MedVLThinker-3B-RL_m23k/ });
    await expect(bar).toBeVisible();
    await expect(library.getByText(/GB · 38\.2 MB\/s/)).toBeVisible();
    await expect(bar).toBeHidden();
    // The catalogue's card offers the same.
    await library.getByRole('button', { name: /^Use\s*MedVLThinker 3B, RL on m23k$/ }).click();
    await expect(library.getByText('In use').first()).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(
      page.getByRole('button', { name: /MedVLThinker-3B-RL_m23k.*about the model/ }),
    ).toBeVisible();
    await page.getByRole('button', { name: /about the model/ }).click();
    const card = page.getByRole('dialog', { name: 'MedVLThinker-3B-RL_m23k' });
    await expect(card.getByText('allows only research and other non-commercial use')).toBeVisible();
    await expect(card.getByText('53.2')).toBeVisible();
  });

  test('can be paused, resumed and cancelled, and is seen from outside', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'slowLibrary');
    const library = await rounds.openLibrary();
    await library.getByRole('button', { name: THINKER }).click();
    await library.getByRole('button', { name: 'Download', exact: true }).click();
    await expect(library.getByText('In progress (see above)')).toBeVisible();
    await expect(library.getByText(/model\.layers\.\d+/)).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('button', { name: /^Models\s*\d+%/ })).toBeVisible();
    await rounds.openLibrary();
    await library.getByRole('button', { name: /^Pause/ }).click();
    await expect(library.getByText('Paused')).toBeVisible();
    await library.getByRole('button', { name: /^Resume/ }).click();
    await expect(library.getByText('Converting')).toBeVisible();
    await library.getByRole('button', { name: /^Cancel/ }).click();
    await expect(library.getByRole('heading', { name: 'In progress' })).toBeHidden();
    await expect(library.getByRole('button', { name: THINKER })).toBeVisible();
  });

  test('that fails says why, and continues when it is tried again', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'libraryFails');
    const library = await rounds.openLibrary();
    await library.getByRole('button', { name: THINKER }).click();
    await library.getByRole('button', { name: 'Download', exact: true }).click();
    await expect(library.getByText('Couldn’t download the model. Check your connection')).toBeVisible();
    await library.getByRole('button', { name: /^Try again/ }).click();
    await expect(library.getByRole('button', { name: /^Use\s*MedVLThinker 3B, RL/ })).toBeVisible();
  });

  test('is advised against where it can’t run, with what would', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'smallGpu');
    const library = await rounds.openLibrary();
    await library.getByRole('button', { name: THINKER }).click();
    await library.getByRole('button', { name: /^Test GPU memory/ }).click();
    await expect(library.getByText('the test got only 1.07 GB')).toBeVisible();
    await expect(
      library.getByText('This model won’t run on this device, but Rounds mini or MedVLM-R1 2B may.'),
    ).toBeVisible();
    await expect(library.getByRole('button', { name: 'Download anyway' })).toBeVisible();
    await expect(library.getByRole('button', { name: 'Use for this visit only' })).toBeDisabled();
    await library.getByRole('button', { name: 'Cancel', exact: true }).click();
    await expect(library.getByText('Before you download', { exact: true })).toBeHidden();
  });

  test('in a private window is for this visit only', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'privateWindow');
    const library = await rounds.openLibrary();
    await library.getByRole('button', { name: THINKER }).click();
    await expect(library.getByText('more than a private window can store')).toBeVisible();
    await expect(library.getByRole('button', { name: 'Download', exact: true })).toHaveCount(0);
    await library.getByRole('button', { name: 'Use for this visit only' }).click();
    await expect(library.getByText('Removed when you close the page.')).toBeVisible();
  });

  test('that another tab does is shown as such, and a paused one waits', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'library');
    const library = await rounds.openLibrary();
    await expect(library.getByText('In use in another tab')).toBeVisible();
    await expect(library.getByRole('progressbar', { name: /In use in another tab/ })).toHaveAttribute(
      'aria-valuenow',
      '71',
    );
    await expect(library.getByText('999 MB of 2.32 GB')).toBeVisible();
  });
});

test.describe('a stored model', () => {
  test('is verified, exported and deleted', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'library');
    const library = await rounds.openLibrary();
    await expect(library.getByText(/1\.37 GB · .*4-bit weights · last used .* · verified/)).toBeVisible();
    await library.getByRole('button', { name: /^Verify/ }).click();
    await expect(library.getByText('Verified: all 82 parts are intact.')).toBeVisible();
    const download = page.waitForEvent('download');
    await library.getByRole('button', { name: /^Export as file/ }).click();
    expect((await download).suggestedFilename()).toBe('MedVLM-R1.zip');
    await library.getByRole('button', { name: /^Delete….*MedVLM/ }).click();
    await expect(library.getByRole('button', { name: 'Cancel', exact: true })).toBeFocused();
    await library.getByRole('button', { name: 'Delete', exact: true }).click();
    await expect(library.getByRole('button', { name: /^Verify/ })).toHaveCount(0);
    await expect(library.getByText('4.0 MB used')).toBeVisible();
  });

  test('with damaged parts offers to fetch them again', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'verifyFails');
    const library = await rounds.openLibrary();
    await library.getByRole('button', { name: /^Verify/ }).click();
    await expect(library.getByText('2 damaged parts were removed.')).toBeVisible();
    await expect(library.getByText(/^1\.34 GB of 1\.37 GB/)).toBeVisible();
    await library.getByRole('button', { name: 'Download again' }).click();
    await expect(library.getByText('2 damaged parts were removed.')).toBeHidden();
    await expect(library.getByRole('heading', { name: 'In progress' })).toBeHidden();
    await expect(library.getByRole('button', { name: /^Use\s*MedVLM-R1 2B$/ }).first()).toBeEnabled();
  });

  test('is used again on the next visit, with its prompt, and gives way when it is deleted', async ({
    page,
    openFake,
  }) => {
    const rounds = await openReady(page, openFake, 'library');
    const library = await rounds.openLibrary();
    await library
      .getByRole('button', { name: /^Use\s*MedVLM-R1 2B$/ })
      .first()
      .click();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('button', { name: /^MedVLM-R1\s.*about/ })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Settings. Prompt: MedVLM-R1' })).toBeVisible();
    await page.reload();
    await expect(page.getByRole('button', { name: /^MedVLM-R1\s.*about/ })).toBeVisible();
    await rounds.openLibrary();
    await library.getByRole('button', { name: /^Delete all/ }).click();
    await library.getByRole('button', { name: 'Delete all', exact: true }).click();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('button', { name: /^rounds-mini\s.*about/ })).toBeVisible();
    // Nothing of it is left to be remembered.
    await page.reload();
    await rounds.modelReady();
    await expect(page.getByRole('button', { name: /^rounds-mini\s.*about/ })).toBeVisible();
    await expect(page.getByText('no longer stored')).toHaveCount(0);
  });

  test('that is gone is replaced by the embedded one, and the page says so', async ({ page, openFake }) => {
    await openFake(page);
    await page.evaluate(() => localStorage.setItem('rounds.model', 'an id that is gone'));
    await page.reload();
    await expect(page.getByText('no longer stored in this browser')).toBeVisible();
    await page.getByRole('button', { name: 'OK', exact: true }).click();
    await expect(page.getByText('no longer stored in this browser')).toBeHidden();
    await expect(page.getByRole('button', { name: /^rounds-mini\s.*about/ })).toBeVisible();
  });

  test('that can’t run offers the embedded one', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'library');
    const library = await rounds.openLibrary();
    await library
      .getByRole('button', { name: /^Use\s*MedVLM-R1 2B$/ })
      .first()
      .click();
    await page.keyboard.press('Escape');
    await rounds.modelReady();
    await page.goto(page.url().replace('scenario=library', 'scenario=largeFails'));
    await page.getByRole('button', { name: 'Use the built-in model' }).click();
    await rounds.modelReady();
    await expect(page.getByRole('button', { name: /^rounds-mini\s.*about/ })).toBeVisible();
  });
});

test.describe('another model', () => {
  test('is named by its hub name, with weights of one’s choice', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    const library = await rounds.openLibrary();
    const field = library.getByRole('textbox', { name: 'Hub name or pack address' });
    await field.fill('http://far.example/pack');
    await field.press('Enter');
    await expect(library.getByRole('alert')).toContainText('https://');
    await field.fill('someone/some-model@v2');
    await expect(library.getByRole('alert')).toHaveCount(0);
    await field.press('Enter');
    const heading = library.getByRole('heading', { name: 'someone/some-model' });
    await expect(heading).toBeFocused();
    await expect(library.getByText('7.51 GB to download')).toBeVisible();
  });

  test('is taken in from a dropped pack, not as an image', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    const library = await rounds.openLibrary();
    await dropOn(page, library, ['class-room.zip']);
    await expect(library.getByRole('button', { name: /^Use\s*class-room$/ })).toBeVisible();
    await dropOn(page, library, ['notes.txt', 'more.txt']);
    await expect(library.getByText('notes.txt isn’t a model')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(rounds.thumbnails).toHaveCount(0);
    // Closed, the page takes images again.
    await rounds.drop(sampleFile('head-ct.png'));
    await expect(rounds.thumbnails).toHaveCount(1);
  });

  test('is converted from a folder on the device', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    const library = await rounds.openLibrary();
    await dropOn(page, library, ['config.json', 'model.safetensors']);
    await expect(library.getByText('Read from this device')).toBeVisible();
    await library.getByRole('button', { name: 'Convert', exact: true }).click();
    await expect(library.getByRole('button', { name: /^Use\s*config\.json/ })).toBeVisible();
  });

  test('may come from a mirror; the token goes when the page goes', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    const library = await rounds.openLibrary();
    await library.getByText('Hub address and access token').click();
    const hub = library.getByRole('textbox', { name: 'Address of the hub or a mirror' });
    await hub.fill('https://mirror.example/');
    await hub.blur();
    await library.getByLabel('Access token for gated models').fill('hf_secret');
    await page.reload();
    await rounds.openLibrary();
    await library.getByText('Hub address and access token').click();
    await expect(hub).toHaveValue('https://mirror.example');
    await expect(library.getByLabel('Access token for gated models')).toHaveValue('');
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('hf_secret');
  });
});

test('the library says when it can’t be read', async ({ page, openFake }) => {
  const rounds = await openReady(page, openFake, 'noLibrary');
  const library = await rounds.openLibrary();
  await expect(library.getByText('Private windows often block storage')).toBeVisible();
});

test('the library is used with the keyboard alone', async ({ page, openFake }) => {
  const rounds = await openReady(page, openFake);
  await page.getByRole('button', { name: /^Models/ }).focus();
  await page.keyboard.press('Enter');
  const library = page.getByRole('dialog', { name: 'Models' });
  await library.getByRole('button', { name: THINKER }).waitFor();
  const focused = (): Promise<string> =>
    page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
  for (let i = 0; i < 30 && !THINKER.test(await focused()); i++) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(library.getByRole('heading', { name: /^MedVLThinker 3B, RL/ })).toBeFocused();
  await library.getByRole('button', { name: 'Download', exact: true }).waitFor();
  for (let i = 0; i < 6 && (await focused()) !== 'Download'; i++) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(library.getByRole('button', { name: /^Use\s*MedVLThinker 3B, RL/ })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(library).toBeHidden();
  await expect(page.getByRole('button', { name: /^Models/ })).toBeFocused();
  await rounds.modelReady();
});
