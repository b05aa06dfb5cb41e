/** Every error code at a place where it happens: its sentence is shown, and each of its buttons does what it says. */
import type { Locator, Page } from '@playwright/test';
import { ERROR_CODES, type ErrorCode } from '../src/shared/errors';
import MESSAGES from '../src/app/i18n/messages/en/errors.json' with { type: 'json' };
import { expect, test } from './fake/fixture';
import { RoundsPage, sampleFile } from './fake/pageObject';

const HEAD = sampleFile('head-ct.png');

/** The page's own words for a code. */
function textOf(code: ErrorCode): { sentence: string; action: string } {
  const name = code.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const messages: Record<string, string> = MESSAGES;
  return { sentence: messages[name] ?? '', action: messages[`${name}Action`] ?? '' };
}

/** What has happened once the button was pressed. */
type Outcome = (rounds: RoundsPage, page: Page) => Promise<void>;

const ready: Outcome = (rounds) => rounds.modelReady();
const onWasm: Outcome = async (rounds, page) => {
  await rounds.modelReady();
  await expect(page.getByRole('button', { name: /^rounds-mini WebAssembly/ })).toBeVisible();
};
const libraryOpen: Outcome = (_rounds, page) =>
  expect(page.getByRole('dialog', { name: 'Models' })).toBeVisible();
const answered: Outcome = (rounds) => expect(rounds.reasoning.getByText('B. Head CT')).toBeVisible();
const askedSmaller: Outcome = async (rounds) => {
  // 504 × 504 is what the scripted model sees of the sample.
  await expect(rounds.reasoning.getByText('Images were reduced to at most 127,008 pixels.')).toBeVisible();
  await answered(rounds, rounds.page);
};
const editing: Outcome = async (rounds) => {
  await expect(rounds.question).toBeFocused();
  await expect(rounds.question).toHaveValue('What kind of image is this?');
};

const settingsOpen: Outcome = async (rounds, page) => {
  await editing(rounds, page);
  await expect(page.locator('#ask-settings')).toBeVisible();
};

interface Case {
  code: ErrorCode;
  place: 'load' | 'image' | 'answer' | 'word';
  button: string;
  outcome: Outcome;
  /** How often it fails: a load that lost its device or its worker is tried once more before the page says so. */
  times?: number;
}

const TRY_AGAIN = (
  ['download_failed', 'integrity_mismatch', 'pack_invalid', 'checkpoint_invalid'] as const
).map((code): Case => ({ code, place: 'load', button: 'Try again', outcome: ready }));
const CASES: Case[] = [
  { code: 'webgpu_unavailable', place: 'load', button: 'Use WebAssembly', outcome: onWasm },
  { code: 'feature_missing', place: 'load', button: 'Use WebAssembly', outcome: onWasm },
  { code: 'self_test_failed', place: 'load', button: 'Use WebAssembly', outcome: onWasm },
  { code: 'device_lost', place: 'load', button: 'Try again', outcome: ready, times: 2 },
  { code: 'worker_crashed', place: 'load', button: 'Try again', outcome: ready, times: 2 },
  { code: 'aborted', place: 'load', button: 'Try again', outcome: ready },
  { code: 'internal', place: 'load', button: 'Try again', outcome: ready },
  ...TRY_AGAIN,
  { code: 'storage_quota', place: 'load', button: 'Continue without storing', outcome: ready },
  { code: 'storage_quota', place: 'load', button: 'Open Models', outcome: libraryOpen },
  { code: 'storage_failed', place: 'load', button: 'Continue without storing', outcome: ready },
  { code: 'model_missing', place: 'load', button: 'Open Models', outcome: libraryOpen },
  { code: 'model_unsupported', place: 'load', button: 'Open Models', outcome: libraryOpen },
  { code: 'out_of_memory', place: 'load', button: 'Open Models', outcome: libraryOpen },
  { code: 'out_of_memory', place: 'answer', button: 'Use smaller images', outcome: askedSmaller },
  { code: 'out_of_memory', place: 'answer', button: 'Open Models', outcome: libraryOpen },
  { code: 'out_of_memory', place: 'answer', button: 'Try again', outcome: answered },
  { code: 'context_overflow', place: 'answer', button: 'Use smaller images', outcome: askedSmaller },
  { code: 'context_overflow', place: 'answer', button: 'Change question', outcome: editing },
  { code: 'request_invalid', place: 'answer', button: 'Change question', outcome: editing },
  { code: 'setting_invalid', place: 'answer', button: 'Change settings', outcome: settingsOpen },
  { code: 'model_changed', place: 'answer', button: 'Try again', outcome: answered },
  { code: 'model_changed', place: 'answer', button: 'Open Models', outcome: libraryOpen },
  { code: 'model_not_loaded', place: 'load', button: 'Try again', outcome: ready },
  { code: 'model_not_loaded', place: 'load', button: 'Open Models', outcome: libraryOpen },
  { code: 'load_stalled', place: 'load', button: 'Try again', outcome: ready },
  { code: 'load_stalled', place: 'load', button: 'Open Models', outcome: libraryOpen },
  { code: 'model_busy', place: 'load', button: 'Try again', outcome: ready },
  { code: 'file_invalid', place: 'load', button: 'Try again', outcome: ready },
  { code: 'file_invalid', place: 'load', button: 'Open Models', outcome: libraryOpen },
  { code: 'files_needed', place: 'load', button: 'Open Models', outcome: libraryOpen },
  { code: 'address_invalid', place: 'load', button: 'Open Models', outcome: libraryOpen },
  { code: 'folder_needed', place: 'load', button: 'Open Models', outcome: libraryOpen },
  { code: 'host_unreachable', place: 'load', button: 'Try again', outcome: ready },
  { code: 'download_blocked', place: 'load', button: 'Open Models', outcome: libraryOpen },
  { code: 'model_refused', place: 'load', button: 'Open Models', outcome: libraryOpen },
  { code: 'internal', place: 'answer', button: 'Try again', outcome: answered },
];

/** Brings the page to where the error is. */
async function fail({ place }: Case, rounds: RoundsPage): Promise<void> {
  if (place === 'load') return;
  await rounds.modelReady();
  await rounds.takeSample(/^Head CT/);
  await rounds.ask.click();
}

function panel(page: Page): Locator {
  return page.getByRole('group', { name: 'Error' }).first();
}

for (const failure of CASES) {
  const { code, place, button, outcome, times = 1 } = failure;
  test(`${code} at ${place}: ${button}`, async ({ page, openFake }) => {
    await openFake(page, 'thinking', `&fails=${place}:${code}:${times}`);
    const rounds = new RoundsPage(page);
    await fail(failure, rounds);
    await expect(panel(page)).toContainText(textOf(code).sentence);
    await expect(panel(page)).toContainText(textOf(code).action);
    await panel(page).getByRole('button', { name: button }).click();
    await outcome(rounds, page);
  });
}

for (const code of ['device_lost', 'worker_crashed'] as const) {
  test(`${code} while the model loads: it is loaded once more`, async ({ page, openFake }) => {
    await openFake(page, 'thinking', `&fails=load:${code}`);
    await new RoundsPage(page).modelReady();
    await expect(page.getByRole('group', { name: 'Error' })).toHaveCount(0);
  });
}

test('model_not_loaded at an answer: the page loads the model again and asks', async ({ page, openFake }) => {
  await openFake(page, 'thinking', '&fails=answer:model_not_loaded');
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  await rounds.takeSample(/^Head CT/);
  await rounds.ask.click();
  await answered(rounds, page);
});

test('start_blocked: what the host must set is said in plain sight', async ({ page, openFake }) => {
  await openFake(page, 'thinking', '&fails=load:start_blocked');
  await expect(panel(page)).toContainText(textOf('start_blocked').sentence);
  await expect(panel(page).getByText('Scripted: start_blocked.', { exact: true })).toBeVisible();
  await panel(page).getByRole('button', { name: 'Reload page' }).click();
  await expect(panel(page)).toContainText(textOf('start_blocked').sentence);
});

test('use smaller images: what stops the page from measuring them is shown', async ({ page, openFake }) => {
  await openFake(page, 'thinking', '&fails=answer:out_of_memory');
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  await rounds.takeSample(/^Head CT/);
  await rounds.ask.click();
  await expect(panel(page)).toContainText(textOf('out_of_memory').sentence);
  // From here on no image can be decoded.
  await page.evaluate(() => {
    window.createImageBitmap = () => Promise.reject(new Error('broken'));
  });
  await panel(page).getByRole('button', { name: 'Use smaller images' }).click();
  await expect(panel(page)).toContainText(textOf('image_invalid').sentence);
});

for (const code of ['image_invalid', 'image_unsupported', 'image_too_large'] as const) {
  test(`${code}: another file takes its place`, async ({ page, openFake }) => {
    await openFake(page, 'thinking', `&fails=image:${code}`);
    const rounds = new RoundsPage(page);
    await rounds.modelReady();
    await rounds.pick(HEAD);
    await expect(panel(page)).toContainText(textOf(code).sentence);
    const chooser = page.waitForEvent('filechooser');
    await panel(page).getByRole('button', { name: 'Choose another file' }).click();
    await (await chooser).setFiles({ name: 'other.png', mimeType: 'image/png', buffer: HEAD.bytes });
    await expect(rounds.viewer()).toHaveAccessibleName(/other\.png/);
    await expect(rounds.thumbnails).toHaveCount(1);
  });
}

test('decoder_missing: the same file is read again', async ({ page, openFake }) => {
  await openFake(page, 'thinking', '&fails=image:decoder_missing');
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  await rounds.pick(HEAD);
  await expect(panel(page)).toContainText(textOf('decoder_missing').sentence);
  await panel(page).getByRole('button', { name: 'Try again' }).click();
  await expect(rounds.viewer()).toHaveAccessibleName(new RegExp(HEAD.name));
  await expect(page.getByRole('group', { name: 'Error' })).toHaveCount(0);
});

for (const code of ['device_lost', 'worker_crashed'] as const) {
  test(`${code} in the middle of an answer: it continues by itself from what was written`, async ({
    page,
    openFake,
  }) => {
    await openFake(page, 'thinking', `&fails=word:${code}`);
    const rounds = new RoundsPage(page);
    await rounds.modelReady();
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await expect(
      rounds.reasoning.getByText('Reloading the model; the answer will then continue'),
    ).toBeVisible();
    // What was written stays in view meanwhile.
    await expect(rounds.reasoning.getByText('The picture is a grey')).toBeVisible();
    await answered(rounds, page);
    await expect(page.getByRole('group', { name: 'Error' })).toHaveCount(0);
    await rounds.reasoning.getByText('Reasoning', { exact: true }).click();
    const thought = rounds.reasoning.getByRole('region', { name: 'Thinking' });
    // Neither twice nor with a hole.
    await expect(thought).toHaveText(
      /^The picture is a grey cross-section on black\. A bright ring .* X-rays\.$/,
    );
  });
}

test('every code is met by one of these tests', () => {
  const met = new Set<string>([
    ...CASES.map(({ code }) => code),
    'image_invalid',
    'image_unsupported',
    'image_too_large',
    'decoder_missing',
    // A file of cases is chosen, and refused, in the dialog of the cases: e2e/cases.spec.ts.
    'case_invalid',
    'start_blocked',
  ]);
  expect(ERROR_CODES.filter((code) => !met.has(code))).toEqual([]);
});

test('a device that is lost again and again leaves the answer to be continued by hand', async ({
  page,
  openFake,
}) => {
  await openFake(page, 'deviceKeepsFailing');
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  await rounds.takeSample(/^Head CT/);
  await rounds.ask.click();
  await expect(rounds.reasoning.getByRole('button', { name: 'Continue answer' })).toBeVisible();
  await expect(rounds.reasoning.getByText('The picture is a grey')).toBeVisible();
  await expect(page.getByRole('button', { name: /not loaded/ })).toBeVisible();
});

test('what the page breaks on leaves a panel, not a white page', async ({ page, openFake, pageErrors }) => {
  await openFake(page, 'pageBreaks');
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  await rounds.pick(HEAD);
  const panels = page.getByRole('alert').filter({ hasText: 'Something went wrong on this page' });
  await expect(panels.first()).toBeVisible();
  await panels.first().getByRole('button', { name: 'Reload page' }).click();
  await rounds.modelReady();
  await expect(panels).toHaveCount(0);
  pageErrors.length = 0;
});

test('a rejected promise that nobody caught is reported, and the page keeps working', async ({
  page,
  openFake,
  pageErrors,
}) => {
  await openFake(page);
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  await page.evaluate(() => void Promise.reject(new Error('nobody waits for this')));
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('Something went wrong on this page');
  await alert.getByRole('button', { name: 'Continue without reloading' }).click();
  await expect(alert).toHaveCount(0);
  await rounds.takeSample(/^Head CT/);
  pageErrors.length = 0;
});

test.describe(() => {
  test.use({ fresh: true });

  test('a stored model that the browser has thrown out is said, with both ways on', async ({
    page,
    openFake,
  }) => {
    await page.addInitScript(() => localStorage.setItem('rounds.model', 'id-of-MedVLM-R1'));
    await openFake(page, 'library', '&fails=load:model_missing');
    await expect(panel(page)).toContainText(textOf('model_missing').sentence);
    await panel(page).getByRole('button', { name: 'Use the built-in model' }).click();
    await new RoundsPage(page).modelReady();
    await expect(page.getByRole('button', { name: /^rounds-mini/ })).toBeVisible();
  });
});
