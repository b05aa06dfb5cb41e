/**
 * Peak memory of a browser during a step: the proportional set size of each process (Linux only), and the memory that the
 * browser attributes to the page and its workers (performance.measureUserAgentSpecificMemory).
 */
import { readdir, readFile } from 'node:fs/promises';
import type { Page } from 'playwright';

const PROCESS_INTERVAL_MS = 500;
/** Each measurement first collects garbage in every worker, so it must not run too often. */
const SCRIPT_INTERVAL_MS = 5_000;

/** In bytes; null if it can't be measured. */
export interface MemoryPeaks {
  /** The page's process with all its workers: JavaScript, WebAssembly, code, buffers in transfer. */
  page: number | null;
  gpu: number | null;
  /** Sum over all processes at the same time. */
  browser: number | null;
  /** JavaScript memory of the page and its workers, including array buffers and WebAssembly memory. */
  script: number | null;
}

/** Without this browser argument the measurement waits for the next garbage collection, which can take long. */
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

  /** Call it when a step begins. */
  reset(): void {
    this.#peaks = { page: null, gpu: null, browser: null, script: null };
  }

  /** The peaks since the last reset. Measures once more, because a step can be shorter than the intervals. */
  async peaks(): Promise<MemoryPeaks> {
    // The second measurement can be slow, so it runs only if there is none yet.
    await Promise.all([this.#readProcesses(), this.#peaks.script === null ? this.#measureScript() : null]);
    return this.#peaks;
  }

  stop(): void {
    this.#timers.forEach((timer) => clearInterval(timer));
  }

  /** Calls during a measurement wait for the same one. */
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
      // The page is closing.
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
    return null; // It has ended in the meantime.
  }
}

async function proportionalSize(id: string): Promise<number> {
  const text = await readFile(`/proc/${id}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s*(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
}
