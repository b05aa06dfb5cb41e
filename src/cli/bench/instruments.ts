/**
 * Counts the GPU dispatches and buffers of the engine's worker and samples the JavaScript heap. The counters are injected
 * from outside, so that the app's unchanged code is measured.
 */
import type { Page, Worker } from 'playwright';

/** Without this browser argument the reported heap size is rounded. */
export const PRECISE_MEMORY = '--enable-precise-memory-info';
const SAMPLE_MS = 100;

export interface WorkerCounts {
  /** Compute dispatches so far. */
  dispatches: number;
  /** Largest total size of GPU buffers at any time so far. */
  peakGpuBytes: number;
}

export class Instruments {
  #page: Page | null = null;
  #worker: Worker | null = null;
  #installed: Promise<unknown> = Promise.resolve();
  #peakHeapBytes = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  /** Call it before the page starts its worker. */
  attach(page: Page): void {
    this.#page = page;
    page.on('worker', (worker) => {
      if (!/engine\.worker/.test(worker.url())) return;
      this.#worker = worker;
      // tsx compiles functions to calls of a helper `__name`, which the worker doesn't have.
      const install = `globalThis.__name ??= (named) => named; (${String(countCalls)})()`;
      this.#installed = worker.evaluate(install);
    });
  }

  /** Samples the heaps of page and worker until `stopHeap`. A busy worker answers only between tasks. */
  watchHeap(): void {
    this.#timer ??= setInterval(() => void this.#sample(), SAMPLE_MS);
  }

  /** @returns the largest sum of both heaps in bytes; null if the browser doesn't report it */
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
      // The worker is starting or ending.
    }
  }
}

/** Runs in the page and in the worker. */
function usedHeap(): number {
  return (performance as { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize ?? 0;
}

/** Runs once in the worker, before the engine requests a device. */
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
