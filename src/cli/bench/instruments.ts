/**
 * Counts the WebGPU calls of the engine's worker and samples the JavaScript heap. The counters are injected from outside,
 * so that the app's unchanged code is measured.
 */
import type { Page, Worker } from 'playwright';

/** Without this browser argument the reported heap size is rounded. */
export const PRECISE_MEMORY = '--enable-precise-memory-info';
const SAMPLE_MS = 100;

/** Calls of WebGPU so far. */
export interface GpuCalls {
  dispatches: number;
  passes: number;
  submits: number;
  /** Buffers mapped, which is how results come back. */
  maps: number;
  /** New buffers. */
  buffers: number;
  bindGroups: number;
  /** Writes of the queue into buffers; of onnxruntime, the uniforms of a kernel. */
  writes: number;
}

export interface WorkerCounts extends GpuCalls {
  /** Largest total size of GPU buffers at any time so far. */
  peakGpuBytes: number;
}

const NONE: WorkerCounts = {
  dispatches: 0,
  passes: 0,
  submits: 0,
  maps: 0,
  buffers: 0,
  bindGroups: 0,
  writes: 0,
  peakGpuBytes: 0,
};

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
      const install = `globalThis.__name ??= (named) => named; (${String(countCalls)})(${JSON.stringify(NONE)})`;
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
    await this.#installed;
    const counts = await this.#worker?.evaluate(
      () => (globalThis as { benchCounts?: WorkerCounts }).benchCounts,
    );
    return counts ?? NONE;
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
function countCalls(counts: WorkerCounts): void {
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
  watch(GPUCommandEncoder.prototype, 'beginComputePass', () => counts.passes++);
  watch(GPUQueue.prototype, 'submit', () => counts.submits++);
  watch(GPUQueue.prototype, 'writeBuffer', () => counts.writes++);
  watch(GPUBuffer.prototype, 'mapAsync', () => counts.maps++);
  watch(GPUDevice.prototype, 'createBindGroup', () => counts.bindGroups++);
  const alive = new Map<GPUBuffer, number>();
  let bytes = 0;
  watch(GPUDevice.prototype, 'createBuffer', (_, result) => {
    const buffer = result as GPUBuffer;
    counts.buffers++;
    alive.set(buffer, buffer.size);
    bytes += buffer.size;
    counts.peakGpuBytes = Math.max(counts.peakGpuBytes, bytes);
  });
  watch(GPUBuffer.prototype, 'destroy', (self) => {
    bytes -= alive.get(self as GPUBuffer) ?? 0;
    alive.delete(self as GPUBuffer);
  });
}
