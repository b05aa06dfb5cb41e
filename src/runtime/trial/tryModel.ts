/** Tries a model's chat template and tokenizer in a thread that is ended where one of them does not end. */
import { RoundsError } from '../../shared/errors';
import type { PackManifest, Span } from '../../shared/pack';
import type { TrialFiles, TrialMessage, TrialStep } from './trialSteps';

/** A thread that runs `runTrial`. */
export interface TrialThread {
  onMessage(listener: (message: TrialMessage) => void): void;
  /** It failed, or could not be started. */
  onError(listener: (error: unknown) => void): void;
  run(files: TrialFiles): void;
  end(): void;
}

/** Null where no thread can be started: there is then no trial. */
export type StartThread = () => TrialThread | null;

const STEP_MS: Readonly<Record<TrialStep, number>> = { read: 30_000, template: 2_000, tokenizer: 2_000 };
/** A machine that is busy with other work starts a thread late, and the trial must not be left out for that. */
const START_MS = 60_000;
/** Memory that a template or a pattern may take in its time is not bounded; a string or a stack is. */
const EXHAUSTED = new Set(['RangeError', 'ERR_WORKER_OUT_OF_MEMORY']);

/**
 * @throws RoundsError model_refused, naming the template or the tokenizer, where one does not end within 2 seconds or
 *   exhausts the memory; aborted. What merely fails is reported when the model is loaded.
 */
export async function tryModel(
  name: string,
  files: TrialFiles,
  start: StartThread,
  signal?: AbortSignal,
): Promise<void> {
  const thread = start();
  if (thread === null) return;
  const outcome = new Promise<void>((resolve, reject) => {
    let step: TrialStep | null = null;
    let timer = setTimeout(resolve, START_MS);
    const stop = (): void => reject(new RoundsError('aborted', 'Stopped.'));
    signal?.addEventListener('abort', stop, { once: true });
    thread.onMessage((message) => {
      clearTimeout(timer);
      if (message === 'done') return resolve();
      if (message === 'ready') {
        thread.run(files);
        timer = setTimeout(resolve, START_MS);
        return;
      }
      step = message;
      timer = setTimeout(() => reject(refused(name, message)), STEP_MS[message]);
    });
    thread.onError((error) => {
      clearTimeout(timer);
      if (step !== null && EXHAUSTED.has(nameOf(error))) reject(refused(name, step));
      else resolve();
    });
    if (signal?.aborted) stop();
  });
  try {
    await outcome;
  } finally {
    thread.end();
  }
}

/** The files of a pack that are tried; null where it lacks one, which loading it reports. */
export async function trialFiles(
  { files }: Pick<PackManifest, 'files'>,
  read: (span: Span) => Promise<Uint8Array>,
): Promise<TrialFiles | null> {
  const spans = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'].map((name) => files[name]);
  const [tokenizer, tokenizerConfig, template] = spans;
  if (!tokenizer || !tokenizerConfig || !template) return null;
  return {
    tokenizer: await read(tokenizer),
    tokenizerConfig: await read(tokenizerConfig),
    template: await read(template),
  };
}

/** The same of a plan, whose files are in memory. */
export function plannedTrialFiles(files: readonly { name: string; bytes: Uint8Array }[]): TrialFiles | null {
  const bytesOf = (name: string): Uint8Array | undefined => files.find((file) => file.name === name)?.bytes;
  const tokenizer = bytesOf('tokenizer.json');
  const tokenizerConfig = bytesOf('tokenizer_config.json');
  const template = bytesOf('chat_template.jinja');
  return tokenizer && tokenizerConfig && template ? { tokenizer, tokenizerConfig, template } : null;
}

const SUBJECT: Readonly<Record<TrialStep, string>> = {
  read: 'tokenizer (tokenizer.json) could not be set up',
  template: 'chat template (chat_template.jinja) did not end',
  tokenizer: 'tokenizer (tokenizer.json) did not end',
};

function refused(name: string, step: TrialStep): RoundsError {
  return new RoundsError(
    'model_refused',
    `The ${SUBJECT[step]} within ${STEP_MS[step] / 1000} seconds when it was tried, so ${name} was not taken in. Get the model from its original source.`,
  );
}

function nameOf(error: unknown): string {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : '';
}
