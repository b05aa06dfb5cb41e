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
const READ = `(globalThis.watchedMemories ?? []).reduce((sum, { buffer }) => sum + buffer.byteLength, 0)`;

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
    const reads = [this.#page.evaluate<number>(READ), ...workers].map((size) => size.catch(() => 0));
    const sizes = await Promise.all(reads);
    return sizes.reduce((sum, size) => sum + size, 0) || null;
  }
}
