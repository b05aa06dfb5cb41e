/** What the engine has done by the time a visitor asks, counted in its replies: no times. */
import type { Page } from '@playwright/test';
import { RoundsPage, sampleFile } from './fake/pageObject';
import { expect, test } from './fixtures';

test.use({ fresh: true });

interface Reply {
  call: string;
  encodedImages: number;
  cachedTokens: number;
  /** Of `prepare`. */
  tokens?: number;
  promptIds?: number[];
  newIds?: number[];
}

interface Seen {
  replies: Reply[];
  /** Kinds of calls, for each worker. */
  calls: Record<string, string[]>;
}

/** Notes what goes to the page's workers, and the engine's replies to calls with images. */
async function watchWorkers(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen: Seen = { replies: [], calls: {} };
    Object.assign(window, { seen });
    window.Worker = class extends Worker {
      readonly #name: string;
      readonly #calls = new Map<number, string>();

      constructor(address: string | URL, options?: WorkerOptions) {
        super(address, options);
        this.#name = options?.name ?? '';
        this.addEventListener(
          'message',
          ({ data }: MessageEvent<{ type: string; id: number; result: Reply }>) => {
            const call = this.#calls.get(data.id) ?? '';
            if (data.type === 'result' && (call === 'prepare' || call === 'generate'))
              seen.replies.push({ ...data.result, call });
          },
        );
      }

      override postMessage(message: { id: number; call: string }, transfer?: unknown): void {
        this.#calls.set(message.id, message.call);
        (seen.calls[this.#name] ??= []).push(message.call);
        super.postMessage(message, transfer as Transferable[]);
      }
    };
  });
}

const seen = (page: Page): Promise<Seen> => page.evaluate(() => (window as unknown as { seen: Seen }).seen);

async function replies(page: Page, call: string, count: number): Promise<Reply[]> {
  const ofCall = async (): Promise<Reply[]> =>
    (await seen(page)).replies.filter((reply) => reply.call === call);
  await expect.poll(async () => (await ofCall()).length, { timeout: 120_000 }).toBeGreaterThanOrEqual(count);
  return ofCall();
}

test('a dropped image is encoded, and the prompt before the question computed, while the question is typed', async ({
  page,
  openApp,
}) => {
  const rounds = new RoundsPage(page);
  await watchWorkers(page);
  await openApp(page, { backend: 'wasm' });
  await rounds.modelReady();
  await rounds.drop(sampleFile('head-ct.png'));
  const [ahead] = await replies(page, 'prepare', 1);
  expect(ahead).toMatchObject({ encodedImages: 1 });
  expect(ahead?.tokens).toBeGreaterThan(50);

  await rounds.question.fill('What kind of image is this?');
  await rounds.ask.click();
  const [answer] = await replies(page, 'generate', 1);
  expect(answer).toMatchObject({ encodedImages: 0, cachedTokens: ahead?.tokens });
  await rounds.askAgain.waitFor();

  await rounds.askAgain.click();
  const [, again] = await replies(page, 'generate', 2);
  expect(again).toMatchObject({ encodedImages: 0, newIds: answer?.newIds });
  await rounds.question.fill('And which part of the body?');
  await rounds.ask.click();
  const [, , other] = await replies(page, 'generate', 3);
  expect(other).toMatchObject({ encodedImages: 0, cachedTokens: ahead?.tokens });
  const decodes = (await seen(page)).calls.images?.filter((call) => call === 'decode');
  expect(decodes, 'times that the image was decoded for the model').toHaveLength(1);
});
