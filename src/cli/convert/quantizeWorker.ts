/** Runs in the threads of workerPool.ts. */
import { parentPort } from 'node:worker_threads';
import type { QuantizeJob } from '../../convert/quantize/quantizeRows';
import { answerJob } from '../../convert/quantizerPool';

parentPort?.on('message', (job: QuantizeJob) => {
  const { reply, transfer } = answerJob(job);
  parentPort?.postMessage(reply, transfer);
});
