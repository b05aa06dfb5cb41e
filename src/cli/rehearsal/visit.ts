/** A browser session with a persistent profile on the site's harness page, with memory measurement. */
import { chromium, type BrowserContext, type Page } from 'playwright';
import { ensureBrowser, launchArguments } from '../browser.mjs';
import type { JobDetail } from '../../shared/jobDetail';
import type { LibraryCallName, LibraryCalls } from '../../shared/library';
import type { HarnessApi } from '../../shared/harness';
import { MEASURE_MEMORY_FLAG, MemoryWatch } from './memory';

export class Visit {
  readonly #context: BrowserContext;
  readonly page: Page;
  readonly memory: MemoryWatch;

  private constructor(context: BrowserContext, page: Page, memory: MemoryWatch) {
    this.#context = context;
    this.page = page;
    this.memory = memory;
  }

  static async open(profile: string, url: string, report: (message: string) => void): Promise<Visit> {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: ensureBrowser(report),
      args: [...launchArguments(), MEASURE_MEMORY_FLAG],
    });
    try {
      return await Visit.#openPage(context, profile, url, report);
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  static async #openPage(
    context: BrowserContext,
    profile: string,
    url: string,
    report: (message: string) => void,
  ): Promise<Visit> {
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(0);
    page.on('pageerror', (error) => report(`page: ${error.message}`));
    page.on('crash', () => report('The page crashed, probably because it ran out of memory.'));
    page.on('console', (message) => {
      if (message.type() === 'error') report(`page: ${message.text()}`);
    });
    await page.goto(`${url}harness.html`);
    await page.waitForFunction(() => 'rounds' in window);
    return new Visit(context, page, new MemoryWatch(profile, page));
  }

  library<K extends LibraryCallName>(call: K, params: LibraryCalls[K][0]): Promise<LibraryCalls[K][1]> {
    const request = { call, params: params as unknown };
    return this.page.evaluate(
      (given) =>
        (window.rounds.library as (call: string, params: unknown) => Promise<never>)(
          given.call,
          given.params,
        ),
      request,
    );
  }

  load(params: Parameters<HarnessApi['load']>[0]): ReturnType<HarnessApi['load']> {
    return this.page.evaluate((given) => window.rounds.load(given), params);
  }

  run(job: Parameters<HarnessApi['run']>[0]): ReturnType<HarnessApi['run']> {
    return this.page.evaluate((given) => window.rounds.run(given), job);
  }

  /** Progress of the library's current job; null if there is none. */
  async progress(): Promise<{ fraction: number; detail: string } | null> {
    const [job] = await this.page.evaluate(() => window.rounds.jobs()).catch(() => []);
    if (!job || job.totalBytes === 0) return null;
    return { fraction: job.doneBytes / job.totalBytes, detail: describeDetail(job.detail) };
  }

  async close(): Promise<void> {
    this.memory.stop();
    await this.#context.close();
  }
}

function describeDetail(detail: JobDetail | null): string {
  if (!detail) return '';
  const params: unknown[] = 'params' in detail ? Object.values(detail.params) : [];
  const names = params.filter((value) => typeof value === 'string' || typeof value === 'number');
  return [detail.code.replace('_', ' '), ...names].join(' ');
}
