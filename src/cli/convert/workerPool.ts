/** Quantizes rows in Node worker threads. */
import { Worker } from 'node:worker_threads';
import { openPool, type QuantizerPool, type QuantizeReply } from '../../convert/quantizerPool';

export function openWorkerPool(size: number): QuantizerPool {
  return openPool(size, ({ onReply, onError }) => {
    const worker = new Worker(new URL('./quantizeWorker.mjs', import.meta.url));
    worker.on('message', (reply: QuantizeReply) => onReply(reply));
    worker.on('error', onError);
    return {
      post: (job, transfer) => worker.postMessage(job, transfer),
      end: async () => {
        await worker.terminate();
      },
    };
  });
}
