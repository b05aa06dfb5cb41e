/** Distributes quantization jobs over threads: Node's worker_threads or a browser's module workers. */
import { RoundsError, type WireError } from '../shared/errors';
import {
  quantizeRows,
  type QuantizeJob,
  type QuantizedRows,
  type RowQuantizer,
} from './quantize/quantizeRows';

/** A thread's reply to a job. */
export type QuantizeReply = { rows: QuantizedRows } | { error: WireError };

/** A running thread. Its replies and errors go to the ThreadEvents that it was connected with. */
export interface QuantizerThread {
  /** Sends a job to the thread and transfers its buffer. */
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

interface PendingJob {
  job: QuantizeJob;
  resolve: (rows: QuantizedRows) => void;
  reject: (error: RoundsError) => void;
}

/** The thread's side: runs one job and returns the reply with the buffers to transfer. */
export function answerJob(job: QuantizeJob): { reply: QuantizeReply; transfer: ArrayBuffer[] } {
  try {
    const rows = quantizeRows(job);
    return { reply: { rows }, transfer: [...new Set([rows.data.buffer, rows.scales.buffer])] };
  } catch (thrown) {
    return { reply: { error: RoundsError.from(thrown).toWire() }, transfer: [] };
  }
}

/**
 * Jobs are sent to idle threads in the order in which they arrive; the caller restores the order of the results. If a
 * thread ends unexpectedly the whole pool fails: pending and later jobs are rejected with worker_crashed.
 * @param connect attaches to one of the running threads
 */
export function openPool(size: number, connect: (events: ThreadEvents) => QuantizerThread): QuantizerPool {
  const queue: PendingJob[] = [];
  const idle: QuantizerThread[] = [];
  const busy = new Map<QuantizerThread, PendingJob>();
  let failure: RoundsError | null = null;

  const dispatch = (): void => {
    while (queue.length > 0 && idle.length > 0) {
      const thread = idle.pop() as QuantizerThread;
      const next = queue.shift() as PendingJob;
      busy.set(thread, next);
      thread.post(next.job, [next.job.bytes]);
    }
  };
  const resolveJob = (thread: QuantizerThread, reply: QuantizeReply): void => {
    const pending = busy.get(thread);
    busy.delete(thread);
    idle.push(thread);
    if ('rows' in reply) pending?.resolve(reply.rows);
    else pending?.reject(RoundsError.fromWire(reply.error));
    dispatch();
  };
  const fail = (cause: unknown): void => {
    failure ??= new RoundsError(
      'worker_crashed',
      'A quantization thread ended unexpectedly. Start the conversion again.',
      { cause },
    );
    for (const pending of [...busy.values(), ...queue.splice(0)]) pending.reject(failure);
    busy.clear();
  };
  const threads = Array.from({ length: size }, () => {
    const thread = connect({ onReply: (reply) => resolveJob(thread, reply), onError: fail });
    return thread;
  });
  idle.push(...threads);

  return {
    quantizer: (job) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        queue.push({ job, resolve, reject });
        dispatch();
      }),
    close: async () => {
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}
