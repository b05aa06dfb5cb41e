/** The engines of a comparison, each in its own page of one browser. */
import type { Browser, Page } from 'playwright';
import { RoundsError } from '../../shared/errors';
import type { GenerateTiming } from '../../shared/generation';
import type { HarnessSession } from '../harnessSession';
import type { PeerPrompt } from './prompts';
import type { PeerAnswer, PeerLoad, PeerRun } from './protocol';
import { WasmHeaps } from './wasmHeaps';

export interface Engine {
  name: string;
  run(prompt: PeerPrompt, tokens: number): Promise<PeerAnswer>;
  /** Bytes of WebAssembly memory; null if none was seen. */
  heapBytes(): Promise<number | null>;
}

interface Line {
  newIds: number[];
  timing: GenerateTiming;
  error?: { code: 'internal'; message: string };
}

/** The app's own engine, whose model is loaded. */
export function roundsEngine(session: HarnessSession, heaps: WasmHeaps): Engine {
  return {
    name: 'Rounds',
    heapBytes: () => heaps.read(),
    async run({ harness }, tokens) {
      const sampling = { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1, ignoreEos: true };
      const settings = { maxNewTokens: tokens, ...sampling };
      const { json } = await session.run({ prompt: { messages: harness }, settings, logits: 'none' });
      const { newIds, timing, error } = JSON.parse(json) as Line;
      if (error) throw RoundsError.fromWire(error);
      return {
        ids: newIds,
        text: null,
        firstMs: timing.ttftMs,
        decodeMs: timing.decodeMs,
        steps: newIds.length - 1,
      };
    },
  };
}

declare global {
  interface Window {
    peer?: { load(options: PeerLoad): Promise<void>; run(run: PeerRun): Promise<PeerAnswer> };
  }
}

/** Another engine. @throws what its loading throws */
export async function peerEngine(
  browser: Browser,
  url: string,
  name: string,
  load: PeerLoad,
  report: (message: string) => void,
): Promise<Engine> {
  const page = await browser.newPage();
  const heaps = new WasmHeaps(page);
  await heaps.watch();
  reportErrors(page, name, report);
  await page.goto(`${url}page.html`);
  await page.waitForFunction(() => window.peer !== undefined);
  await page.evaluate((options) => window.peer?.load(options), load);
  return {
    name,
    heapBytes: () => heaps.read(),
    async run({ text, ids }, tokens) {
      const run = { prompt: text, ids, tokens };
      const answer = await page.evaluate((value) => window.peer?.run(value), run);
      if (!answer) throw new RoundsError('internal', `${name} gave no answer.`);
      return answer;
    },
  };
}

function reportErrors(page: Page, name: string, report: (message: string) => void): void {
  page.on('pageerror', (error) => report(`${name}: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') report(`${name}: ${message.text()}`);
  });
}
