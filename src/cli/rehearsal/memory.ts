/**
 * Peak memory of a browser while a step runs. Of each process the proportional set size (Linux), which counts everything
 * that is really there; of the page and its workers also what JavaScript itself holds, by the browser's own measure.
 */
import { readdir, readFile } from 'node:fs/promises';
import type { Page } from 'playwright';

const PROCESS_INTERVAL_MS = 500;
/** The measure collects garbage first, in every worker, which is too much work to do all the time. */
const SCRIPT_INTERVAL_MS = 5_000;

/** In bytes; null where it cannot be measured. */
export interface MemoryPeaks {
  /** The page's process with all of its workers: JavaScript, WebAssembly, code, buffers on their way to others. */
  page: number | null;
  gpu: number | null;
  /** All processes together, at one moment. */
  browser: number | null;
  /** What JavaScript holds in the page and its workers, array buffers and WebAssembly memory included. */
  script: number | null;
}

/** A browser switch: without it the measure waits for the next garbage collection, which may be long in coming. */
export const MEASURE_MEMORY_FLAG = '--enable-blink-features=ForceEagerMeasureMemory';

export class MemoryWatch {
  readonly #profile: string;
  readonly #page: Page;
  readonly #timers: NodeJS.Timeout[];
  #peaks: MemoryPeaks = { page: null, gpu: null, browser: null, script: null };
  #measuring: Promise<void> | null = null;
  #reading: Promise<void> | null = null;

  /** @param profile the browser's user data folder, by which its processes are found */
  constructor(profile: string, page: Page) {
    this.#profile = profile;
    this.#page = page;
    this.#timers = [
      setInterval(() => void this.#readProcesses(), PROCESS_INTERVAL_MS),
      setInterval(() => void this.#measureScript(), SCRIPT_INTERVAL_MS),
    ];
  }

  /** Forgets the peaks so far: a step begins. */
  reset(): void {
    this.#peaks = { page: null, gpu: null, browser: null, script: null };
  }

  /** The peaks since the last reset. Measures once more, for steps that are shorter than the intervals. */
  async peaks(): Promise<MemoryPeaks> {
    // The browser may take its time over the second measure, so it is asked for only where there is none yet.
    await Promise.all([this.#readProcesses(), this.#peaks.script === null ? this.#measureScript() : null]);
    return this.#peaks;
  }

  stop(): void {
    this.#timers.forEach((timer) => clearInterval(timer));
  }

  /** Whoever asks while it is being done waits for that. */
  #readProcesses(): Promise<void> {
    this.#reading ??= this.#readNow().finally(() => (this.#reading = null));
    return this.#reading;
  }

  #measureScript(): Promise<void> {
    this.#measuring ??= this.#measureNow().finally(() => (this.#measuring = null));
    return this.#measuring;
  }

  async #readNow(): Promise<void> {
    const sizes = await processSizes(this.#profile).catch(() => null);
    if (!sizes) return;
    this.#raise('page', sizes.page);
    this.#raise('gpu', sizes.gpu);
    this.#raise('browser', sizes.all);
  }

  async #measureNow(): Promise<void> {
    try {
      const bytes = await this.#page.evaluate(async () => {
        type Measuring = Performance & { measureUserAgentSpecificMemory?: () => Promise<{ bytes: number }> };
        return (await (performance as Measuring).measureUserAgentSpecificMemory?.())?.bytes ?? null;
      });
      if (bytes !== null) this.#raise('script', bytes);
    } catch {
      // The page is being closed.
    }
  }

  #raise(what: keyof MemoryPeaks, bytes: number): void {
    this.#peaks[what] = Math.max(this.#peaks[what] ?? 0, bytes);
  }
}

interface ProcessInfo {
  id: string;
  parent: string;
  command: string;
}

/** Proportional set sizes of the browser's processes; the page's is the largest renderer. */
async function processSizes(profile: string): Promise<{ page: number; gpu: number; all: number } | null> {
  const processes = (await Promise.all((await readdir('/proc')).map(readProcess))).filter(
    (one) => one !== null,
  );
  const root = processes.find(
    ({ command }) => command.includes(`--user-data-dir=${profile}`) && !command.includes('--type='),
  );
  if (!root) return null;
  const family = new Set([root.id]);
  for (let before = 0; before < family.size;) {
    before = family.size;
    for (const { id, parent } of processes) if (family.has(parent)) family.add(id);
  }
  const sizes = { page: 0, gpu: 0, all: 0 };
  for (const { id, command } of processes.filter((one) => family.has(one.id))) {
    const bytes = await proportionalSize(id);
    sizes.all += bytes;
    if (command.includes('--type=renderer')) sizes.page = Math.max(sizes.page, bytes);
    if (command.includes('--type=gpu-process')) sizes.gpu = Math.max(sizes.gpu, bytes);
  }
  return sizes;
}

async function readProcess(id: string): Promise<ProcessInfo | null> {
  if (!/^\d+$/.test(id)) return null;
  try {
    const status = await readFile(`/proc/${id}/status`, 'utf8');
    const command = (await readFile(`/proc/${id}/cmdline`, 'utf8')).replaceAll('\0', ' ');
    return { id, parent: /^PPid:\s*(\d+)/m.exec(status)?.[1] ?? '', command };
  } catch {
    return null; // It has ended meanwhile.
  }
}

async function proportionalSize(id: string): Promise<number> {
  const text = await readFile(`/proc/${id}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s*(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
}
