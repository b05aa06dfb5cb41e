/** Spreads quantizing jobs over threads of any kind: Node's worker_threads or a browser's module workers. */
import { RoundsError, type WireError } from '../shared/errors';
import {
  quantizeRows,
  type QuantizeJob,
  type QuantizedRows,
  type RowQuantizer,
} from './quantize/quantizeRows';

/** What a thread answers to a job. */
export type QuantizeReply = { rows: QuantizedRows } | { error: WireError };

/** A thread that is running; `onReply` and `onError` of `openPool` are told what comes from it. */
export interface QuantizerThread {
  /** Gives a job away, with its buffer. */
  post(job: QuantizeJob, transfer: ArrayBuffer[]): void;
  end(): Promise<void>;
}

export interface QuantizerPool {
  quantizer: RowQuantizer;
  close(): Promise<void>;
}

export interface ThreadEvents {
  onReply: (reply: QuantizeReply) => void;
  onError: (cause: unknown) => void;
}

interface Waiting {
  job: QuantizeJob;
  resolve: (rows: QuantizedRows) => void;
  reject: (error: RoundsError) => void;
}

/** The thread's side: one job in, one reply out, and the buffers to give away with it. */
export function answerJob(job: QuantizeJob): { reply: QuantizeReply; transfer: ArrayBuffer[] } {
  try {
    const rows = quantizeRows(job);
    return { reply: { rows }, transfer: [...new Set([rows.data.buffer, rows.scales.buffer])] };
  } catch (thrown) {
    return { reply: { error: RoundsError.from(thrown).toWire() }, transfer: [] };
  }
}

/**
 * Each job goes to a free thread, in the order in which they come; the caller keeps the order of results. A thread that
 * dies takes the pool with it: what waits, and whatever comes later, is rejected with worker_crashed.
 * @param connect attaches to one of the running threads
 */
export function openPool(size: number, connect: (events: ThreadEvents) => QuantizerThread): QuantizerPool {
  const queue: Waiting[] = [];
  const idle: QuantizerThread[] = [];
  const busy = new Map<QuantizerThread, Waiting>();
  let failure: RoundsError | null = null;

  const pump = (): void => {
    while (queue.length > 0 && idle.length > 0) {
      const thread = idle.pop() as QuantizerThread;
      const next = queue.shift() as Waiting;
      busy.set(thread, next);
      thread.post(next.job, [next.job.bytes]);
    }
  };
  const settle = (thread: QuantizerThread, reply: QuantizeReply): void => {
    const waiting = busy.get(thread);
    busy.delete(thread);
    idle.push(thread);
    if ('rows' in reply) waiting?.resolve(reply.rows);
    else waiting?.reject(RoundsError.fromWire(reply.error));
    pump();
  };
  const fail = (cause: unknown): void => {
    failure ??= new RoundsError('worker_crashed', 'A quantizing thread ended.', { cause });
    for (const waiting of [...busy.values(), ...queue.splice(0)]) waiting.reject(failure);
    busy.clear();
  };
  const threads = Array.from({ length: size }, () => {
    const thread = connect({ onReply: (reply) => settle(thread, reply), onError: fail });
    return thread;
  });
  idle.push(...threads);

  return {
    quantizer: (job) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        queue.push({ job, resolve, reject });
        pump();
      }),
    close: async () => {
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}
