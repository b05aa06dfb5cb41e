/** A quantizing thread (quantizerPool.ts): reports that it started, then answers each job. */
import { answerJob } from '../../convert/quantizerPool';
import type { QuantizeJob } from '../../convert/quantize/quantizeRows';

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

scope.addEventListener('message', (event: MessageEvent<QuantizeJob>) => {
  const { reply, transfer } = answerJob(event.data);
  scope.postMessage(reply, transfer);
});
scope.postMessage('ready');
