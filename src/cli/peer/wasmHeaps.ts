/** Reads the sizes of WebAssembly memories of a page and its workers. */
import type { Page, Worker } from 'playwright';

/** Runs in each worker before it makes a memory, and in pages. */
const WATCH = `(() => {
  const { Memory } = WebAssembly;
  const memories = (globalThis.watchedMemories ??= []);
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor) { super(descriptor); memories.push(this); }
  };
})()`;
/** Emscripten's module, where it is global, also has the memory. */
const READ = `(() => {
  const memories = new Set(globalThis.watchedMemories ?? []);
  for (const memory of [globalThis.Module?.wasmMemory, globalThis.wasmMemory]) if (memory) memories.add(memory);
  return [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
})()`;

/** Less is a memory that was only made to see whether the browser can. */
const SMALLEST_BYTES = 2 ** 20;
const ANSWER_MS = 3_000;

export class WasmHeaps {
  readonly #workers = new Set<Worker>();
  readonly #page: Page;

  /** Call it before the page opens anything. */
  constructor(page: Page) {
    this.#page = page;
    page.on('worker', (worker) => {
      this.#workers.add(worker);
      worker.on('close', () => this.#workers.delete(worker));
      worker.evaluate(WATCH).catch(() => undefined);
    });
  }

  async watch(): Promise<void> {
    await this.#page.addInitScript({ content: WATCH });
  }

  /** @returns bytes; null if no memory was seen */
  async read(): Promise<number | null> {
    const workers = [...this.#workers].map((worker) => worker.evaluate<number>(READ));
    const reads = [this.#page.evaluate<number>(READ), ...workers].map(withinTime);
    const sizes = await Promise.all(reads);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    return total >= SMALLEST_BYTES ? total : null;
  }
}

/** A thread of a runtime that waits for work answers nothing. It has no memory of its own. */
function withinTime(size: Promise<number>): Promise<number> {
  const late = new Promise<number>((resolve) => setTimeout(() => resolve(0), ANSWER_MS));
  return Promise.race([size.catch(() => 0), late]);
}
