/** The journey in any browser: the page is read and pressed by scripts, which all of them run. */
import type { Page } from '@playwright/test';
import { until, type Remote } from './remote';

/** Of samples that every browser decodes to the same pixels: PNG and DICOM. JPEG decoders differ by a level. */
export const SAMPLES = ['Head CT', 'Brain MRI', 'Chest CT', 'Abdominal MRI'] as const;

export interface SampleAnswer {
  thinking: string;
  chosen: string;
}

const CLICK = `
  const wanted = arguments[0];
  const button = [...document.querySelectorAll('button')].find((b) => !b.disabled && b.textContent.trim().startsWith(wanted));
  button?.click();
  return Boolean(button);`;

const STATE = `
  const text = (selector) => document.querySelector(selector)?.textContent.trim() ?? '';
  const chosen = document.querySelector('section[aria-label=Reasoning] li.chosen');
  return {
    ready: [...document.querySelectorAll('[role=status]')].some((s) => s.textContent.includes('Model ready')),
    offline: document.body.innerText.includes('Works offline'),
    image: document.querySelector('section[aria-label=Images] [role=application]')?.ariaLabel ?? '',
    isOver: [...document.querySelectorAll('button')].some((b) => b.textContent.trim() === 'Ask again'),
    error: [...document.querySelectorAll('[role=group][aria-label=Error]')].map((e) => e.innerText).join(' '),
    thinking: text('[aria-label=Thinking]'),
    chosen: chosen ? chosen.innerText.trim() : '',
  };`;

interface PageState extends SampleAnswer {
  ready: boolean;
  offline: boolean;
  image: string;
  isOver: boolean;
  error: string;
}

export async function waitFor(
  remote: Remote,
  what: string,
  is: (state: PageState) => boolean,
  seconds = 120,
): Promise<PageState> {
  return until(`${what} in ${remote.name}`, seconds, async () => {
    const state = await remote.run<PageState>(STATE);
    if (state.error) throw new Error(`${remote.name}: ${state.error}`);
    return is(state) && state;
  });
}

async function click(remote: Remote, label: string): Promise<void> {
  await until(`the button ${label} in ${remote.name}`, 30, () => remote.run<boolean>(CLICK, label));
}

/** Takes a sample, asks its question, and returns the answer. */
export async function askSample(remote: Remote, title: string): Promise<SampleAnswer> {
  const before = await remote.run<PageState>(STATE);
  await click(remote, title);
  await waitFor(remote, `the sample ${title}`, ({ image }) => image !== '' && image !== before.image);
  await click(remote, 'Ask');
  await waitFor(remote, 'the start of the answer', ({ isOver }) => !isOver, 30).catch(() => undefined);
  await waitFor(remote, `the answer to ${title}`, ({ isOver }) => isOver, 180);
  await remote.run(
    `document.querySelectorAll('section[aria-label=Reasoning] details').forEach((d) => (d.open = true));`,
  );
  if ((await remote.run<PageState>(STATE)).thinking === '') await click(remote, 'Reasoning');
  const { thinking, chosen } = await waitFor(remote, 'the thinking', (state) => state.thinking !== '', 10);
  return { thinking, chosen };
}

/** Playwright's page under the same scripts. */
export function asRemote(page: Page): Remote {
  return {
    name: 'Chromium',
    go: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    run: (body, ...params) => page.evaluate(`(function () { ${body} })(...${JSON.stringify(params)})`),
    close: () => page.close(),
  };
}
