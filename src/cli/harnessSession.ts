/**
 * A headless browser with the app's worker, for commands that run a model: builds the site if it is out of date,
 * serves it together with a pack and other files, and opens harness.html.
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
import type { LoadParams, MeasureParams, ModelInfo, PrepareResult } from '../shared/protocol';
import type { ShapeReport } from '../shared/shapeReport';
import { ensureBrowser, launchArguments } from './browser.mjs';
import { DIST, ensureBuilt } from './build.mjs';
import { serve, type RunningServer } from './staticServer.mjs';

export interface HarnessOptions {
  /** The pack's folder; without one nothing can be loaded. */
  pack?: string;
  /** Other files to serve: URL path → file. */
  files?: Record<string, string>;
  /** Aborting closes the browser; pending calls then reject. */
  signal?: AbortSignal;
  /** Receives errors of the page and messages about the browser. */
  report: (message: string) => void;
  /** Additional browser arguments. */
  browserArguments?: readonly string[];
  /** Called before the page opens anything. */
  onPage?: (page: Page) => void;
}

const PACK_PATH = '/pack/';

export class HarnessSession {
  readonly #server: RunningServer;
  readonly #browser: Browser;
  readonly #page: Page;
  /** Rejects when the page or browser crashes: pending calls would otherwise never end. */
  readonly #died: Promise<never>;

  private constructor(server: RunningServer, browser: Browser, page: Page, signal?: AbortSignal) {
    this.#server = server;
    this.#browser = browser;
    this.#page = page;
    this.#died = new Promise((_, reject) => {
      page.once('crash', () =>
        reject(
          new RoundsError(
            'worker_crashed',
            'The page crashed, probably because it ran out of memory. Close other programs or use a smaller model.',
          ),
        ),
      );
      browser.once('disconnected', () =>
        reject(
          signal?.aborted
            ? new RoundsError('aborted', 'Stopped.')
            : new RoundsError('worker_crashed', 'The browser closed unexpectedly. Run the command again.'),
        ),
      );
    });
    // Between calls and after close() nothing waits for it; that must not count as an unhandled rejection.
    this.#died.catch(() => undefined);
  }

  static async open({
    pack,
    files = {},
    signal,
    report,
    browserArguments = [],
    onPage,
  }: HarnessOptions): Promise<HarnessSession> {
    await ensureBuilt();
    const executablePath = ensureBrowser(report);
    const server = await serve({ root: DIST, mounts: { ...(pack ? { [PACK_PATH]: pack } : {}), ...files } });
    let browser: Browser | null = null;
    try {
      browser = await chromium.launch({
        executablePath,
        args: [...launchArguments(), ...browserArguments],
      });
      const page = await browser.newPage();
      onPage?.(page);
      page.on('pageerror', (error) => report(`page: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() === 'error') report(`page: ${message.text()}`);
      });
      const opened = browser;
      signal?.addEventListener('abort', () => void opened.close());
      await page.goto(`${server.url}harness.html`);
      await page.waitForFunction(() => 'rounds' in window);
      return new HarnessSession(server, browser, page, signal);
    } catch (error) {
      await browser?.close();
      await server.close();
      throw error;
    }
  }

  /** Loads the session's pack. @throws RoundsError with the worker's code */
  async load(options: Pick<LoadParams, 'backend' | 'activations'>): Promise<ModelInfo> {
    const params: LoadParams = { ...options, pack: { kind: 'url', url: PACK_PATH.slice(1), cache: false } };
    try {
      return await this.#race(this.#page.evaluate((value) => window.rounds.load(value), params));
    } catch (error) {
      throw withCode(error);
    }
  }

  /** Runs one case. @returns its result line or error line */
  run(job: HarnessCase): Promise<HarnessLine> {
    return this.#race(this.#page.evaluate((value) => window.rounds.run(value), job));
  }

  /** Works ahead of a case. @throws RoundsError with the worker's code */
  async prepare(job: HarnessCase): Promise<PrepareResult> {
    try {
      return await this.#race(this.#page.evaluate((value) => window.rounds.prepare(value), job));
    } catch (error) {
      throw withCode(error);
    }
  }

  /** Samples several answers to one question. @throws RoundsError with the worker's code */
  async rollOut(job: HarnessCase, count: number): Promise<HarnessRollouts> {
    try {
      return await this.#race(
        this.#page.evaluate(([value, times]) => window.rounds.rollOut(value, times), [job, count] as const),
      );
    } catch (error) {
      throw withCode(error);
    }
  }

  /** Measures a shape, without the session's pack. @throws RoundsError with the worker's code */
  async measure(params: MeasureParams): Promise<ShapeReport> {
    try {
      return await this.#race(this.#page.evaluate((value) => window.rounds.measure(value), params));
    } catch (error) {
      throw withCode(error);
    }
  }

  /** Decodes an image with the app's decoder. @throws RoundsError with the worker's code */
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

/** Restores an error's code. The harness puts it into the message, because only the message gets here. */
function withCode(thrown: unknown): RoundsError {
  if (thrown instanceof RoundsError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const json = /\{"code":.*\}/.exec(text)?.[0];
  return json ? RoundsError.fromWire(JSON.parse(json) as WireError) : RoundsError.from(thrown);
}
