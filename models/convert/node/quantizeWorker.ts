/** The thread side of workerPool.ts: one job in, one reply out. */
import { parentPort } from 'node:worker_threads';
import { RoundsError } from '../../../src/shared/errors';
import { quantizeRows, type QuantizeJob } from '../quantize/quantizeRows';
import type { WorkerReply } from './workerPool';

parentPort?.on('message', (job: QuantizeJob) => {
  try {
    const rows = quantizeRows(job);
    const reply: WorkerReply = { rows };
    parentPort?.postMessage(reply, [...new Set([rows.data.buffer, rows.scales.buffer])]);
  } catch (thrown) {
    const reply: WorkerReply = { error: RoundsError.from(thrown).toWire() };
    parentPort?.postMessage(reply);
  }
});
