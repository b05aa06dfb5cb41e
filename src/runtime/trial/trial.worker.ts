/** A throw-away thread for `runTrial`. */
import { runTrial, type TrialFiles, type TrialMessage } from './trialSteps';

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
const post = (message: TrialMessage): void => scope.postMessage(message);

scope.addEventListener('message', (event: MessageEvent<TrialFiles>) => {
  try {
    runTrial(event.data, post);
  } catch (thrown) {
    scope.postMessage({ failed: thrown instanceof Error ? thrown.name : '' });
    return;
  }
  post('done');
});
post('ready');
