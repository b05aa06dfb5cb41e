/** Starts the thread of a trial from the library's worker. */
import type { TrialMessage } from './trialSteps';
import type { TrialThread } from './tryModel';

/** Null where workers cannot start workers (Safari before 16.4), and in Node. */
export function startTrialThread(): TrialThread | null {
  if (typeof Worker === 'undefined') return null;
  let worker: Worker;
  try {
    worker = new Worker(new URL('./trial.worker.ts', import.meta.url), { type: 'module' });
  } catch {
    return null;
  }
  let onMessage: (message: TrialMessage) => void = () => undefined;
  let onError: (error: unknown) => void = () => undefined;
  worker.onmessage = (event: MessageEvent<TrialMessage | { failed: string }>) => {
    if (typeof event.data === 'string') onMessage(event.data);
    else onError({ name: event.data.failed });
  };
  worker.onerror = (event) => onError(event);
  return {
    onMessage: (listener) => (onMessage = listener),
    onError: (listener) => (onError = listener),
    run: (files) => worker.postMessage(files),
    end: () => worker.terminate(),
  };
}
