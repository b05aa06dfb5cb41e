/** Starts the thread of a trial (src/runtime/trial) in Node. */
import { Worker } from 'node:worker_threads';
import type { TrialMessage } from '../../runtime/trial/trialSteps';
import type { TrialThread } from '../../runtime/trial/tryModel';

/** A tokenizer of 150,000 entries takes about 300 MB. */
const MAX_MEMORY_MB = 2_048;

export function startTrialThread(): TrialThread {
  const worker = new Worker(new URL('./trialWorker.mjs', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: MAX_MEMORY_MB },
  });
  return {
    onMessage: (listener) => void worker.on('message', (message: TrialMessage) => listener(message)),
    onError: (listener) => void worker.on('error', listener),
    run: (files) => worker.postMessage(files),
    end: () => void worker.terminate(),
  };
}
