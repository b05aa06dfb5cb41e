/** Pasting questions with their key: what the form shows, and what the model gets. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import common from '../src/shared/paste/testing/common.cases.json' with { type: 'json' };
import { expect, openReady, test } from './fake/fixture';
import { RoundsPage } from './fake/pageObject';

const KEY = /answer: |key: |respuesta|réponse|答案|الإجابة|correct/i;

/** The messages of the last request to the scripted engine. */
async function asked(page: Page): Promise<string> {
  return page.evaluate(() => JSON.stringify((globalThis as { askedParams?: unknown }).askedParams ?? null));
}

test('every common layout is read, and no request has the key', async ({ page, openFake }) => {
  const rounds = await openReady(page, openFake);
  await rounds.takeSample(/^Head CT/);
  for (const [number, { name, text, options, rightIndex }] of common.entries()) {
    await test.step(name, async () => {
      await rounds.question.selectText();
      await rounds.pasteText(rounds.question, text);
      if (Array.isArray(options)) {
        await expect(rounds.choices).toHaveCount(options.length);
        for (const [i, option] of options.entries()) await expect(rounds.choices.nth(i)).toHaveValue(option);
        const marked = page.getByRole('button', { name: /is the correct answer$/, pressed: true });
        await expect(marked).toHaveCount(rightIndex === null ? 0 : 1);
        if (rightIndex !== null)
          await expect(marked).toHaveAccessibleName(new RegExp(`^${'ABCDEF'[rightIndex]} `));
      }
      // An answer takes a second; the unit tests hold every prompt against its key.
      if (number % 4 > 0) return;
      await rounds.ask.click();
      await expect(rounds.askAgain).toBeVisible();
      const request = await asked(page);
      expect(request).toContain((await rounds.question.inputValue()).slice(0, 10));
      expect(request).not.toMatch(KEY);
    });
  }
});

test('a key that is not understood is set aside in sight', async ({ page, openFake }) => {
  const rounds = await openReady(page, openFake);
  await rounds.takeSample(/^Head CT/);
  await rounds.question.selectText();
  await rounds.pasteText(rounds.question, 'Describe the image.\nAnswer: Z\nExplanation: gyri are visible');
  await expect(rounds.question).toHaveValue('Describe the image.');
  await expect(page.getByText('The answer key was taken out')).toBeVisible();
  await page.getByText('2 lines about the key set aside').click();
  await expect(page.getByText('gyri are visible')).toBeVisible();
  // Undone, it is in the question again, and still not in the request.
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(rounds.question).toHaveValue(/Answer: Z/);
  await expect(page.getByText('looks like the answer key')).toBeVisible();
  await rounds.ask.click();
  await expect(rounds.askAgain).toBeVisible();
  expect(await asked(page)).not.toMatch(/Answer: Z|gyri/);
});

test('one of several questions is chosen', async ({ page, openFake }) => {
  const rounds = await openReady(page, openFake);
  await rounds.takeSample(/^Head CT/);
  await rounds.question.selectText();
  await rounds.pasteText(
    rounds.question,
    '1. What kind?\nA. CT\nB. MRI\nAnswer: B\n\n2. Which region?\nA. Head\nB. Chest\nC. Foot\nAnswer: A',
  );
  const list = page.getByRole('group', { name: '2 questions recognized' });
  await expect(list.getByRole('button')).toHaveCount(2);
  await expect(rounds.question).toHaveValue('What kind?');
  await page.getByText('1 line about the key set aside').click();
  const { violations } = await new AxeBuilder({ page }).include('form').analyze();
  expect(violations).toEqual([]);
  await list.getByRole('button', { name: /Which region/ }).click();
  await expect(rounds.question).toHaveValue('Which region?');
  await expect(rounds.choices).toHaveCount(3);
  await rounds.ask.click();
  await expect(rounds.askAgain).toBeVisible();
  expect(await asked(page)).toContain('Which region?');
  await expect(list.getByRole('button')).toHaveCount(2);
});

test('another question removes the choices and the key, which can be undone', async ({ page, openFake }) => {
  const rounds = await openReady(page, openFake);
  await rounds.pasteText(rounds.question, 'Which organ?\nA) Liver\nB) Spleen\nAnswer: B');
  await expect(page.getByText('2 choices and the answer key recognized')).toBeVisible();
  await rounds.question.selectText();
  await rounds.pasteText(rounds.question, 'Is it an X-ray?');
  await expect(page.getByText('choices and the answer key recognized')).toHaveCount(0);
  await expect(rounds.choices).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(rounds.choices).toHaveCount(2);
  await rounds.question.press('End');
  await rounds.question.press('Backspace');
  await rounds.question.pressSequentially('!');
  await expect(page.getByRole('button', { name: 'B is the correct answer', pressed: true })).toBeVisible();
});

test('the engine worker gets no key', async ({ page, openApp }) => {
  await page.addInitScript(() => {
    const sent: string[] = [];
    globalThis.Worker = new Proxy(Worker, {
      construct: (original, args: ConstructorParameters<typeof Worker>) => {
        const worker = new original(...args);
        const post = worker.postMessage.bind(worker) as (...all: unknown[]) => void;
        worker.postMessage = (...all: unknown[]) => {
          sent.push(JSON.stringify(all[0]));
          post(...all);
        };
        return worker;
      },
    });
    Object.assign(globalThis, { sent });
  });
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  await rounds.takeSample(/^Head CT/);
  await rounds.question.selectText();
  await rounds.pasteText(
    rounds.question,
    'What do we see?\nA. Chest X-ray\n*B. Head CT\nC. Blood smear\nAnswer: B. The ventricles are visible.',
  );
  await expect(page.getByRole('button', { name: 'B is the correct answer', pressed: true })).toBeVisible();
  await rounds.ask.click();
  const sent = (): Promise<string> =>
    page.evaluate(() => (globalThis as unknown as { sent: string[] }).sent.join('\n'));
  await expect.poll(sent).toContain('What do we see?');
  expect(await sent()).toContain('Blood smear');
  expect(await sent()).not.toMatch(/Answer: B|ventricles|\*B/);
});
