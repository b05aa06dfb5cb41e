/** The page on a scripted engine: everything a visitor can do, and the states that a real engine seldom shows. */
import { expect, openReady, test } from './fake/fixture';
import { sampleFile, TEXT_AS_PNG } from './fake/pageObject';

const HEAD = sampleFile('head-ct.png');
const BRAIN = sampleFile('brain-mri.png');

test.describe('images', () => {
  test('can be dropped anywhere, pasted and picked', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.drop(HEAD);
    await expect(rounds.thumbnails).toHaveCount(1);
    await rounds.paste(BRAIN);
    await rounds.pick(HEAD, BRAIN);
    await expect(rounds.thumbnails).toHaveCount(4);
    await expect(rounds.viewer()).toHaveAccessibleName('brain-mri.png');
    await expect(page.getByText('197 × 233')).toBeVisible();
  });

  test('can be looked at one by one and removed', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.pick(HEAD, BRAIN);
    await rounds.thumbnails.first().click();
    await expect(rounds.viewer()).toHaveAccessibleName('head-ct.png');
    await page.getByRole('button', { name: 'Remove image 1: head-ct.png' }).click();
    await expect(rounds.viewer()).toHaveAccessibleName('brain-mri.png');
    await page.getByRole('button', { name: 'Remove image 1: brain-mri.png' }).click();
    await expect(page.getByText('a medical image', { exact: false }).first()).toBeVisible();
    await expect(rounds.ask).toBeDisabled();
  });

  test('beyond six are left out, and the page says so', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.pick(...Array.from({ length: 7 }, () => BRAIN));
    await expect(rounds.thumbnails).toHaveCount(6);
    await expect(page.getByText('A question can have at most 6 images.')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Add image' })).toHaveCount(0);
  });

  test('show what the model sees: its pixels and tokens', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    await expect(page.getByText('512 × 512')).toBeVisible();
    await page.getByRole('button', { name: 'What the model sees' }).click();
    await expect(page.getByText('504 × 504 · 324 tokens')).toBeVisible();
    await expect(rounds.viewer()).toHaveAccessibleName('head-ct.png as the model sees it');
  });

  test('a text file named .png is refused with a sentence, and asks for another', async ({
    page,
    openFake,
  }) => {
    const rounds = await openReady(page, openFake);
    await rounds.pick(TEXT_AS_PNG);
    await expect(page.getByText('This file can’t be read as an image.')).toBeVisible();
    await rounds.question.fill('What is this?');
    await expect(rounds.ask).toBeDisabled();
    await expect(page.getByText('Replace the image that couldn’t be read.')).toBeVisible();
    await rounds.pick(HEAD);
    await expect(rounds.ask).toBeEnabled();
  });
});

test.describe('asking', () => {
  test('a sample takes two clicks to a streamed, graded answer', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    await expect(rounds.question).toHaveValue('What kind of image is this?');
    await rounds.ask.click();
    await expect(rounds.reasoning.getByText('B. Head CT')).toBeVisible();
    await expect(rounds.reasoning.getByText('A bright ring of bone')).toBeHidden();
    await rounds.reasoning.getByText('Reasoning', { exact: true }).click();
    await expect(rounds.reasoning.getByText('A bright ring of bone')).toBeVisible();
    await expect(rounds.reasoning.getByText('Correct', { exact: true })).toBeVisible();
    await expect(rounds.reasoning.getByRole('listitem').filter({ hasText: 'chosen' })).toContainText(
      'Head CT',
    );
    await expect(rounds.reasoning.getByText('Reward 1 format 1 · answer 1')).toBeVisible();
    await rounds.reasoning.getByText('Reward 1', { exact: true }).click();
    await expect(rounds.reasoning.getByText('MedVLThinker: reward = format × answer.')).toBeVisible();
    for (const term of ['First token', 'Speed', 'Length', 'Context']) {
      await expect(rounds.reasoning.getByText(term, { exact: true })).toBeVisible();
    }
  });

  test('a wrong choice is called wrong and the right one is shown', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'wrong');
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await expect(rounds.reasoning.getByText('Incorrect', { exact: true })).toBeVisible();
    await expect(rounds.reasoning.getByRole('listitem').filter({ hasText: 'correct answer' })).toContainText(
      'Head CT',
    );
  });

  test('a free question has no choices and no verdict', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'freeAnswer');
    await rounds.pick(HEAD);
    await rounds.question.fill('What do you see?');
    await page.keyboard.press('Control+Enter');
    await expect(rounds.reasoning.getByText('A slice through the head')).toBeVisible();
    await expect(rounds.reasoning.getByText(/^(Correct|Incorrect)$/)).toHaveCount(0);
    await expect(rounds.reasoning.getByText('Reasoning', { exact: true })).toHaveCount(0);
  });

  test('choices can be added, keyed and removed', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.pick(HEAD);
    await rounds.question.fill('Which?');
    await page.getByRole('button', { name: 'Add answer choices' }).click();
    await expect(rounds.choices).toHaveCount(2);
    await expect(page.getByText('Enter at least two choices.')).toBeVisible();
    const add = page.getByRole('button', { name: /^Add\s*a choice$/ });
    for (let count = 3; count <= 10; count++) {
      await add.click();
      await expect(rounds.choices).toHaveCount(count);
    }
    await expect(add).toHaveCount(0);
    await rounds.choices.nth(0).fill('Left');
    await rounds.choices.nth(3).fill('Right side');
    await rounds.choices.nth(3).press('Enter');
    await expect(rounds.choices.nth(4)).toBeFocused();
    const key = page.getByRole('button', { name: 'D is the correct answer' });
    await key.click();
    await expect(key).toHaveAttribute('aria-pressed', 'true');
    await rounds.ask.click();
    // Empty fields are left out: the fourth field is the second choice that the model gets.
    await expect(rounds.reasoning.getByText('B. Right side')).toBeVisible();
    await expect(rounds.reasoning.getByText('Correct', { exact: true })).toBeVisible();
    for (let left = 9; left >= 2; left--) {
      await page.getByRole('button', { name: 'Remove choice A' }).click();
      await expect(rounds.choices).toHaveCount(left);
    }
    await page.getByRole('button', { name: 'Remove choice A' }).click();
    await expect(rounds.choices).toHaveCount(0);
  });

  test('suggestions fill in the question and its choices', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await page.getByRole('button', { name: 'Is it an X-ray?' }).click();
    await expect(rounds.question).toHaveValue('Is this an X-ray?');
    await expect(rounds.choices).toHaveCount(2);
  });

  for (const way of ['button', 'Escape'] as const) {
    test(`stops by ${way}, keeps what was written, and asks again`, async ({ page, openFake }) => {
      const rounds = await openReady(page, openFake, 'slowStream');
      await rounds.takeSample(/^Head CT/);
      await rounds.ask.click();
      await expect(rounds.reasoning.getByText('The picture')).toBeVisible();
      if (way === 'button') await rounds.stop.click();
      else await page.keyboard.press('Escape');
      await expect(rounds.reasoning.getByText('Stopped before the model answered.')).toBeVisible();
      await expect(rounds.reasoning.getByText('The picture')).toBeVisible();
      await rounds.askAgain.click();
      await expect(rounds.stop).toBeVisible();
      await expect(page.getByRole('region', { name: 'Earlier questions' })).toContainText('stopped');
    });
  }

  test('an answer that hits its limit says so and can be continued', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'cutOff');
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await expect(
      rounds.reasoning.getByText('The token limit was reached before the model answered.'),
    ).toBeVisible();
    await rounds.reasoning.getByRole('button', { name: 'Continue' }).click();
    await expect(rounds.reasoning.getByText('B. Head CT')).toBeVisible();
    await expect(rounds.reasoning.getByText('Correct', { exact: true })).toBeVisible();
    await expect(rounds.reasoning.getByRole('button', { name: 'Continue' })).toHaveCount(0);
  });

  test('earlier answers can be looked at again', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await expect(rounds.askAgain).toBeVisible();
    await rounds.question.fill('A second question');
    await rounds.ask.click();
    await expect(rounds.reasoning.getByRole('heading', { name: 'A second question' })).toBeVisible();
    await expect(rounds.askAgain).toBeVisible();
    await page.getByRole('region', { name: 'Earlier questions' }).getByRole('button').click();
    await expect(
      rounds.reasoning.getByRole('heading', { name: 'What kind of image is this?' }),
    ).toBeVisible();
  });

  test('works by keyboard alone', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    const focused = page.locator(':focus');
    const tabTo = async (name: RegExp): Promise<void> => {
      for (let presses = 0; presses < 40; presses++) {
        await page.keyboard.press('Tab');
        if (name.test((await focused.getAttribute('aria-label')) ?? (await focused.innerText()))) return;
      }
      throw new Error(`Tab never reached ${name.source}.`);
    };
    await tabTo(/^Brain MRI/);
    await page.keyboard.press('Enter');
    await rounds.viewer().waitFor();
    await tabTo(/^Ask$/);
    await expect(focused).toHaveCSS('outline-style', 'solid');
    await page.keyboard.press('Enter');
    await expect(rounds.askAgain).toBeVisible();
  });
});

test.describe('settings', () => {
  test('colours and prompt are remembered', async ({ page, openFake }) => {
    await openReady(page, openFake);
    await page.getByRole('button', { name: 'Display' }).click();
    await page.getByRole('radio', { name: 'Dark' }).check();
    await page.keyboard.press('Escape');
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await page.getByRole('button', { name: 'Settings. Prompt: MedVLThinker' }).click();
    await page.getByRole('combobox', { name: 'Prompt' }).selectOption('MedVLM-R1');
    await page.getByRole('spinbutton', { name: 'Temperature' }).fill('9');
    await page.getByRole('spinbutton', { name: 'Seed' }).fill('');
    await page.getByRole('spinbutton', { name: 'Seed' }).blur();
    await page.reload();
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await page.getByRole('button', { name: 'Settings. Prompt: MedVLM-R1' }).click();
    await expect(page.getByRole('spinbutton', { name: 'Temperature' })).toHaveValue('2');
    await expect(page.getByRole('spinbutton', { name: 'Seed' })).toHaveValue('42');
  });
});
