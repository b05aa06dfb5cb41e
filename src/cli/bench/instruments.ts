/**
 * Counts what the engine's worker asks of the GPU, and watches its JavaScript heap. Put into the worker from outside: the
 * app's own code is what is measured.
 */
import type { Page, Worker } from 'playwright';

/** Without it the browser tells its heap in coarse steps. */
export const PRECISE_MEMORY = '--enable-precise-memory-info';
const SAMPLE_MS = 100;

export interface WorkerCounts {
  /** Compute dispatches so far. */
  dispatches: number;
  /** Largest sum of all GPU buffers alive at once so far. */
  peakGpuBytes: number;
}

export class Instruments {
  #page: Page | null = null;
  #worker: Worker | null = null;
  #installed: Promise<unknown> = Promise.resolve();
  #peakHeapBytes = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  /** Before the page makes its worker. */
  attach(page: Page): void {
    this.#page = page;
    page.on('worker', (worker) => {
      if (!/engine\.worker/.test(worker.url())) return;
      this.#worker = worker;
      // The loader that runs this file names functions by a helper, which the worker does not have.
      const install = `globalThis.__name ??= (named) => named; (${String(countCalls)})()`;
      this.#installed = worker.evaluate(install);
    });
  }

  /** Samples the heaps of page and worker until `stop`. A worker answers between its tasks only. */
  watchHeap(): void {
    this.#timer ??= setInterval(() => void this.#sample(), SAMPLE_MS);
  }

  /** @returns the largest sum of the used heaps, in bytes; null where the browser does not tell */
  async stopHeap(): Promise<number | null> {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    await this.#sample();
    return this.#peakHeapBytes || null;
  }

  async counts(): Promise<WorkerCounts> {
    const none = { dispatches: 0, peakGpuBytes: 0 };
    await this.#installed;
    const counts = await this.#worker?.evaluate(
      () => (globalThis as { benchCounts?: WorkerCounts }).benchCounts,
    );
    return counts ?? none;
  }

  async #sample(): Promise<void> {
    try {
      const heaps = await Promise.all([this.#page?.evaluate(usedHeap), this.#worker?.evaluate(usedHeap)]);
      const sum = heaps.reduce((total: number, bytes) => total + (bytes ?? 0), 0);
      this.#peakHeapBytes = Math.max(this.#peakHeapBytes, sum);
    } catch {
      // The worker is just starting, or ending.
    }
  }
}

/** Runs in the page and in the worker. */
function usedHeap(): number {
  return (performance as { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize ?? 0;
}

/** Runs in the worker, once, before the engine has a device. */
function countCalls(): void {
  const counts = { dispatches: 0, peakGpuBytes: 0 };
  Object.assign(globalThis, { benchCounts: counts });
  if (!('GPUDevice' in globalThis)) return;
  type Method = (...parameters: unknown[]) => unknown;
  const watch = (target: object, name: string, note: (self: unknown, result: unknown) => void): void => {
    const method = Reflect.get(target, name) as Method;
    Reflect.set(target, name, function (this: unknown, ...parameters: unknown[]) {
      const result = method.apply(this, parameters);
      note(this, result);
      return result;
    });
  };
  watch(GPUComputePassEncoder.prototype, 'dispatchWorkgroups', () => counts.dispatches++);
  watch(GPUComputePassEncoder.prototype, 'dispatchWorkgroupsIndirect', () => counts.dispatches++);
  const alive = new Map<GPUBuffer, number>();
  let bytes = 0;
  watch(GPUDevice.prototype, 'createBuffer', (_, result) => {
    const buffer = result as GPUBuffer;
    alive.set(buffer, buffer.size);
    bytes += buffer.size;
    counts.peakGpuBytes = Math.max(counts.peakGpuBytes, bytes);
  });
  watch(GPUBuffer.prototype, 'destroy', (self) => {
    bytes -= alive.get(self as GPUBuffer) ?? 0;
    alive.delete(self as GPUBuffer);
  });
}
