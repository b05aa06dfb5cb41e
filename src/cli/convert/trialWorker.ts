/** Runs in the thread of trialThread.ts. */
import { parentPort } from 'node:worker_threads';
import { runTrial, type TrialFiles } from '../../runtime/trial/trialSteps';

parentPort?.on('message', (files: TrialFiles) => {
  runTrial(files, (step) => parentPort?.postMessage(step));
  parentPort?.postMessage('done');
});
parentPort?.postMessage('ready');
