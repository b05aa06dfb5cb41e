/** Conversations, pasted choices, probabilities and rollouts, on a scripted engine. */
import { expect, openReady, test } from './fake/fixture';
import { sampleFile, type RoundsPage } from './fake/pageObject';

const BRAIN = sampleFile('brain-mri.png');

async function answered(rounds: RoundsPage): Promise<void> {
  await rounds.takeSample(/^Head CT/);
  await rounds.ask.click();
  await expect(rounds.askAgain).toBeVisible();
}

test.describe('a conversation', () => {
  test('continues with a follow-up question, until it is left', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await answered(rounds);
    await page.getByRole('button', { name: 'Follow up' }).click();
    await expect(rounds.question).toBeFocused();
    await expect(rounds.question).toHaveValue('');
    await expect(page.getByText('Follow-up to “What kind of image is this?”')).toBeVisible();
    await rounds.question.fill('And which part of the body?');
    await rounds.ask.click();
    await expect(
      rounds.reasoning.getByRole('heading', { name: 'And which part of the body?' }),
    ).toBeVisible();
    const thread = page.getByRole('list', { name: 'Earlier in this conversation' });
    await expect(thread.getByRole('listitem')).toHaveCount(1);
    await expect(thread).toContainText('B. Head CT');
    await expect(rounds.askAgain).toBeVisible();
    // It continues by itself, also with a new image.
    await rounds.pick(BRAIN);
    await rounds.question.fill('And this one?');
    await rounds.ask.click();
    await expect(thread.getByRole('listitem')).toHaveCount(2);
    await expect(rounds.askAgain).toBeVisible();
    await page.getByRole('button', { name: 'New conversation' }).click();
    await rounds.question.fill('Something else');
    await rounds.ask.click();
    await expect(rounds.reasoning.getByRole('heading', { name: 'Something else' })).toBeVisible();
    await expect(thread).toHaveCount(0);
  });

  test('lets an earlier question be changed and asked again from there', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await answered(rounds);
    await page.getByRole('button', { name: 'Follow up' }).click();
    await rounds.question.fill('Second');
    await rounds.ask.click();
    await expect(rounds.askAgain).toBeVisible();
    await page.getByRole('button', { name: 'Remove image 1: head-ct.png' }).click();
    await page
      .getByRole('button', { name: 'Edit “What kind of image is this?” and ask again from here' })
      .click();
    await expect(rounds.question).toBeFocused();
    await expect(rounds.question).toHaveValue('What kind of image is this?');
    await expect(rounds.choices.nth(1)).toHaveValue('Head CT');
    // Its image comes back with it.
    await expect(rounds.thumbnails).toHaveCount(1);
    await rounds.question.fill('What kind of picture is this?');
    await rounds.ask.click();
    await expect(
      rounds.reasoning.getByRole('heading', { name: 'What kind of picture is this?' }),
    ).toBeVisible();
    await expect(page.getByRole('list', { name: 'Earlier in this conversation' })).toHaveCount(0);
    await expect(page.getByRole('region', { name: 'Earlier questions' })).toContainText('Second');
  });

  test('continues after a stop', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'slowStream');
    await rounds.takeSample(/^Head CT/);
    await rounds.ask.click();
    await expect(rounds.reasoning.getByText('The picture')).toBeVisible();
    await rounds.stop.click();
    const before = await rounds.reasoning.getByRole('region', { name: 'Thinking' }).innerText();
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect
      .poll(() => rounds.reasoning.getByRole('region', { name: 'Thinking' }).innerText())
      .toMatch(new RegExp(`^${before.replaceAll('.', '\\.')}.+`));
    await rounds.stop.click();
    await expect(page.getByRole('button', { name: 'Continue' })).toBeVisible();
  });

  test('keeps the visitor’s choice to leave thinking open', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await answered(rounds);
    const thinking = rounds.reasoning.getByRole('region', { name: 'Thinking' });
    await expect(thinking).toBeHidden();
    await rounds.reasoning.getByText('Reasoning', { exact: true }).click();
    await expect(thinking).toBeVisible();
    await rounds.askAgain.click();
    await expect(rounds.askAgain).toBeVisible();
    await expect(thinking).toBeVisible();
  });
});

test.describe('pasted choices', () => {
  test('are taken out of the question, with the key, and put back on demand', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    const pasted = 'Which organ?\nA) Liver\nB) Spleen\nC) Kidney\nAnswer: B';
    await rounds.pasteText(rounds.question, pasted);
    await expect(rounds.question).toHaveValue('Which organ?');
    await expect(rounds.choices).toHaveCount(3);
    await expect(page.getByRole('button', { name: 'B is the correct answer' })).toHaveAttribute(
      'aria-pressed',
      'true',
    );
    await expect(page.getByText('3 choices and the answer key recognized')).toBeVisible();
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(rounds.question).toHaveValue(pasted);
    await expect(rounds.choices).toHaveCount(0);
  });

  test('fill the fields from the one that they are pasted into', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await page.getByRole('button', { name: 'Add answer choices' }).click();
    await rounds.choices.nth(0).fill('Liver');
    await rounds.pasteText(rounds.choices.nth(1), 'B) Spleen\nC) Kidney');
    await expect(rounds.choices).toHaveCount(3);
    await expect(rounds.choices.nth(0)).toHaveValue('Liver');
    await expect(rounds.choices.nth(2)).toHaveValue('Kidney');
  });

  test('stay as they are where there is no list', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.pasteText(rounds.question, 'Is vitamin A. B. cereus known?');
    await expect(rounds.question).toHaveValue('Is vitamin A. B. cereus known?');
    await expect(rounds.choices).toHaveCount(0);
  });
});

test.describe('probabilities', () => {
  test('are looked up for a finished answer, by keyboard too', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await answered(rounds);
    await page.getByRole('button', { name: 'Probabilities' }).click();
    const panel = page.getByRole('region', { name: 'Probabilities' });
    await expect(panel.getByRole('list', { name: 'Letter probabilities' })).toContainText('62% · 67%');
    // What is looked at first is the letter.
    await expect(panel.getByRole('button', { pressed: true })).toHaveAccessibleName('B, 62%');
    await expect(panel.getByRole('table')).toContainText('perhaps');
    await panel.getByRole('button', { pressed: true }).focus();
    await page.keyboard.press('ArrowLeft');
    await expect(panel.getByRole('button', { pressed: true })).toBeFocused();
    await expect(panel.getByRole('button', { pressed: true })).not.toHaveAccessibleName('B, 62%');
    await expect(rounds.reasoning.getByRole('button', { name: 'Probabilities' })).toHaveCount(0);
  });

  test('come with the answer where the settings say so', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await page.getByRole('button', { name: 'Settings. Prompt' }).click();
    await page.getByRole('checkbox', { name: 'Record token probabilities' }).check();
    await answered(rounds);
    await expect(page.getByRole('region', { name: 'Probabilities' })).toBeVisible();
  });
});

test.describe('rollouts', () => {
  async function rollOut(rounds: RoundsPage, count: number): Promise<void> {
    const { page } = rounds;
    await page.getByRole('button', { name: 'Rollouts' }).click();
    await page.getByRole('spinbutton', { name: 'Rollouts' }).fill(String(count));
    await page.getByRole('spinbutton', { name: 'Rollouts' }).blur();
    await page.getByRole('button', { name: `Ask ${count} times` }).click();
  }

  test('are side by side with vote, pass rate, rewards and advantages, by keyboard alone', async ({
    page,
    openFake,
  }) => {
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    await page.getByRole('button', { name: 'Rollouts' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Ask 4 times' }).focus();
    await page.keyboard.press('Enter');
    await expect(rounds.askAgain).toBeVisible();
    // B, A, B, C with the key B: rewards 1, 0, 1, 0; mean 0.5, sample deviation 0.57735.
    await expect(rounds.reasoning.getByText('2 of 4 correct · pass rate 50%')).toBeVisible();
    await expect(rounds.reasoning.getByText('Majority: B. Head CT (2 of 4).')).toBeVisible();
    await expect(rounds.reasoning.getByRole('list', { name: 'Votes' })).toContainText('2 votes');
    await expect(
      rounds.reasoning.getByRole('img', { name: /Rollout 1: reward 1, advantage \+0\.87/ }),
    ).toBeVisible();
    const cards = rounds.reasoning.getByRole('list', { name: 'Rollouts' }).getByRole('listitem');
    await expect(cards).toHaveCount(4);
    await expect(cards.nth(1)).toContainText('seed 43');
    await expect(cards.nth(1)).toContainText('advantage −0.87');
    await cards.nth(1).getByText('Reasoning').click();
    await expect(cards.nth(1).getByText('A bright ring of bone')).toBeVisible();
    await rounds.reasoning.getByText('Show as table').click();
    await expect(rounds.reasoning.getByRole('row').nth(2)).toContainText('−0.87');
    await expect(page.getByRole('status').filter({ hasText: 'Done: 4 rollouts, 2 correct.' })).toBeAttached();
  });

  test('say a tie, and say when nothing would be learned', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    await rollOut(rounds, 2);
    await expect(rounds.reasoning.getByText(/^Tie: B\. Head CT and A\. .+ \(1 each\)\.$/)).toBeVisible();
  });

  test('that are all wrong teach nothing, and the page says why', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'wrong');
    await rounds.takeSample(/^Head CT/);
    await rollOut(rounds, 3);
    await expect(rounds.reasoning.getByText('0 of 3 correct · pass rate 0%')).toBeVisible();
    await expect(rounds.reasoning.getByText('GRPO would learn nothing from this group')).toBeVisible();
  });

  test('without a key have a vote and no rewards', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake);
    await rounds.takeSample(/^Head CT/);
    await page.getByRole('button', { name: 'B is the correct answer' }).click();
    await rollOut(rounds, 3);
    await expect(rounds.reasoning.getByText('Majority: B. Head CT (2 of 3).')).toBeVisible();
    await expect(rounds.reasoning.getByText('Mark the correct choice before asking')).toBeVisible();
    await expect(rounds.reasoning.getByText('advantage')).toHaveCount(1);
  });

  test('can be stopped, and what is there is kept', async ({ page, openFake }) => {
    const rounds = await openReady(page, openFake, 'slowStream');
    await rounds.takeSample(/^Head CT/);
    await rollOut(rounds, 16);
    const cards = rounds.reasoning.getByRole('list', { name: 'Rollouts' }).getByRole('listitem');
    await expect(cards).toHaveCount(16);
    await expect(cards.first()).toContainText('Thinking…');
    await page.keyboard.press('Escape');
    await expect(cards.first()).toContainText('Stopped.');
    await expect(cards.nth(5)).toContainText('Not started.');
    await expect(rounds.askAgain).toBeVisible();
  });
});
