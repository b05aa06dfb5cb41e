/**
 * A headless browser with the app's worker in it, for commands that run a model: builds the site if it is
 * stale, serves it together with a pack and the cases' files, and opens harness.html.
 */
import { chromium, type Browser, type Page } from 'playwright';
import { RoundsError, type WireError } from '../shared/errors';
import type {
  HarnessCase,
  HarnessImage,
  HarnessLine,
  HarnessPixels,
  HarnessRollouts,
} from '../shared/harness';
import type { LoadParams, ModelInfo } from '../shared/protocol';
import { ensureBrowser, launchArguments } from './browser.mjs';
import { DIST, ensureBuilt } from './build.mjs';
import { serve, type RunningServer } from './staticServer.mjs';

export interface HarnessOptions {
  /** The pack's folder. */
  pack: string;
  /** Further files: the path below the server's root, and the file it answers with. */
  files?: Record<string, string>;
  /** Aborting ends the browser; what runs in it then rejects. */
  signal?: AbortSignal;
  /** Where errors of the page go; stderr unless given. */
  report?: (message: string) => void;
  /** Further arguments for the browser. */
  browserArguments?: readonly string[];
  /** Before anything is opened in the page. */
  onPage?: (page: Page) => void;
}

const PACK_PATH = '/pack/';

export class HarnessSession {
  readonly #server: RunningServer;
  readonly #browser: Browser;
  readonly #page: Page;
  /** Rejects when the page dies, which no call to it would otherwise notice. */
  readonly #died: Promise<never>;

  private constructor(server: RunningServer, browser: Browser, page: Page) {
    this.#server = server;
    this.#browser = browser;
    this.#page = page;
    this.#died = new Promise((_, reject) => {
      const fail = (what: string) => () => reject(new RoundsError('worker_crashed', what));
      page.once('crash', fail('The page crashed, most likely for want of memory.'));
      browser.once('disconnected', fail('The browser ended.'));
    });
    // Nobody waits for it between calls, nor after close().
    this.#died.catch(() => undefined);
  }

  static async open({
    pack,
    files = {},
    signal,
    report = toStderr,
    browserArguments = [],
    onPage,
  }: HarnessOptions): Promise<HarnessSession> {
    await ensureBuilt();
    const executablePath = ensureBrowser(report);
    const server = await serve({ root: DIST, mounts: { [PACK_PATH]: pack, ...files } });
    try {
      const browser = await chromium.launch({
        executablePath,
        args: [...launchArguments(), ...browserArguments],
      });
      const page = await browser.newPage();
      onPage?.(page);
      page.on('pageerror', (error) => report(`page: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() === 'error') report(`page: ${message.text()}`);
      });
      signal?.addEventListener('abort', () => void browser.close());
      await page.goto(`${server.url}harness.html`);
      await page.waitForFunction(() => 'rounds' in window);
      return new HarnessSession(server, browser, page);
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** Loads the pack that the session was opened with. Throws a RoundsError with the worker's code. */
  async load(options: Pick<LoadParams, 'backend' | 'activations'>): Promise<ModelInfo> {
    const params: LoadParams = { ...options, pack: { kind: 'url', url: PACK_PATH.slice(1), cache: false } };
    try {
      return await this.#race(this.#page.evaluate((value) => window.rounds.load(value), params));
    } catch (error) {
      throw withCode(error);
    }
  }

  /** The result line of one case, or its error line. */
  run(job: HarnessCase): Promise<HarnessLine> {
    return this.#race(this.#page.evaluate((value) => window.rounds.run(value), job));
  }

  /** One question, answered several times. Throws a RoundsError with the worker's code. */
  async rollOut(job: HarnessCase, count: number): Promise<HarnessRollouts> {
    try {
      return await this.#race(
        this.#page.evaluate(([value, times]) => window.rounds.rollOut(value, times), [job, count] as const),
      );
    } catch (error) {
      throw withCode(error);
    }
  }

  /** An image as the app's decoder reads it. Throws a RoundsError with the worker's code. */
  async decode(image: HarnessImage): Promise<HarnessPixels> {
    try {
      return await this.#race(this.#page.evaluate((value) => window.rounds.decode(value), image));
    } catch (error) {
      throw withCode(error);
    }
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.close();
  }

  #race<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined);
    return Promise.race([work, this.#died]);
  }
}

/** The harness puts code and message into an error's message, because nothing else of it gets here. */
function withCode(thrown: unknown): RoundsError {
  if (thrown instanceof RoundsError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const json = /\{"code":.*\}/.exec(text)?.[0];
  return json ? RoundsError.fromWire(JSON.parse(json) as WireError) : RoundsError.from(thrown);
}

function toStderr(message: string): void {
  process.stderr.write(`${message}\n`);
}
