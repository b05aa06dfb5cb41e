/** Quantizes rows in worker threads. Each job goes to a free worker; the caller keeps the order. */
import { Worker } from 'node:worker_threads';
import { RoundsError, type WireError } from '../../../src/shared/errors';
import type { QuantizeJob, QuantizedRows, RowQuantizer } from '../quantize/quantizeRows';

export type WorkerReply = { rows: QuantizedRows } | { error: WireError };

export interface WorkerPool {
  quantizer: RowQuantizer;
  close(): Promise<void>;
}

interface Waiting {
  job: QuantizeJob;
  resolve: (rows: QuantizedRows) => void;
  reject: (error: RoundsError) => void;
}

export function openWorkerPool(size: number): WorkerPool {
  const queue: Waiting[] = [];
  const idle: Worker[] = [];
  const busy = new Map<Worker, Waiting>();

  const pump = (): void => {
    while (queue.length > 0 && idle.length > 0) {
      const worker = idle.pop() as Worker;
      const next = queue.shift() as Waiting;
      busy.set(worker, next);
      worker.postMessage(next.job, [next.job.bytes]);
    }
  };
  const settle = (worker: Worker, reply: WorkerReply): void => {
    const waiting = busy.get(worker);
    busy.delete(worker);
    idle.push(worker);
    if ('rows' in reply) waiting?.resolve(reply.rows);
    else waiting?.reject(RoundsError.fromWire(reply.error));
    pump();
  };
  /** A worker that dies takes the conversion with it: everything that waits is told. */
  const fail = (cause: unknown): void => {
    const error = new RoundsError('worker_crashed', 'A quantizing thread ended. Try again with --jobs 1.', {
      cause,
    });
    for (const waiting of [...busy.values(), ...queue.splice(0)]) waiting.reject(error);
    busy.clear();
  };
  const workers = Array.from({ length: size }, () => {
    const worker = new Worker(new URL('./quantizeWorker.mjs', import.meta.url));
    worker.on('message', (reply: WorkerReply) => settle(worker, reply));
    worker.on('error', fail);
    return worker;
  });
  idle.push(...workers);

  return {
    quantizer: (job) =>
      new Promise((resolve, reject) => {
        queue.push({ job, resolve, reject });
        pump();
      }),
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
