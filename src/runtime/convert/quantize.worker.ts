/** A quantizing thread (quantizerPool.ts): says that it is there, then answers each job. */
import { answerJob } from '../../convert/quantizerPool';
import type { QuantizeJob } from '../../convert/quantize/quantizeRows';

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

scope.addEventListener('message', (event: MessageEvent<QuantizeJob>) => {
  const { reply, transfer } = answerJob(event.data);
  scope.postMessage(reply, transfer);
});
scope.postMessage('ready');
