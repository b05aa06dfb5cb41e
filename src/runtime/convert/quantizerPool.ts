/** Quantizes rows in module workers, started from whatever worker converts. */
import { openPool, type QuantizerPool, type QuantizeReply } from '../../convert/quantizerPool';
import { quantizeRows } from '../../convert/quantize/quantizeRows';

/** More would be faster than any network and leave no core for the page. */
const MAX_THREADS = 4;

/** One core is left for the page, and for reading and writing. */
export function quantizerThreads(): number {
  const cores = typeof navigator === 'undefined' ? 1 : navigator.hardwareConcurrency || 1;
  return Math.max(1, Math.min(MAX_THREADS, cores - 1));
}

/**
 * @returns a pool over the workers that start; where none does (Safari before 16.4 has none within workers) one that
 *   quantizes in this thread
 */
export async function openQuantizerPool(size: number): Promise<QuantizerPool> {
  const started = await Promise.all(Array.from({ length: size }, startWorker));
  const workers = started.filter((worker) => worker !== null);
  if (workers.length === 0) return inThisThread;
  const waiting = [...workers];
  return openPool(workers.length, ({ onReply, onError }) => {
    const worker = waiting.pop() as Worker;
    worker.onmessage = (event: MessageEvent<QuantizeReply>) => onReply(event.data);
    worker.onerror = onError;
    worker.onmessageerror = onError;
    return {
      post: (job, transfer) => worker.postMessage(job, transfer),
      end: async () => worker.terminate(),
    };
  });
}

const inThisThread: QuantizerPool = {
  quantizer: async (job) => quantizeRows(job),
  close: () => Promise.resolve(),
};

/** A worker that reported that it started; null where none can start. */
async function startWorker(): Promise<Worker | null> {
  if (typeof Worker === 'undefined') return null;
  try {
    const worker = new Worker(new URL('./quantize.worker.ts', import.meta.url), { type: 'module' });
    const isReady = await new Promise<boolean>((resolve) => {
      worker.onmessage = () => resolve(true);
      worker.onerror = () => resolve(false);
    });
    if (isReady) return worker;
    worker.terminate();
  } catch {
    // Forbidden or unknown here.
  }
  return null;
}
