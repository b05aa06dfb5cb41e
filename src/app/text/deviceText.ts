/** Devices and stages in the words of the page. */
import type { BackendName, SelfTestReport, Stage } from '../../shared/protocol';

export const BACKEND_NAME: Readonly<Record<BackendName, string>> = {
  webgpu: 'WebGPU',
  wasm: 'WebAssembly',
};

export const STAGE_TEXT: Readonly<Record<Stage, string>> = {
  manifest: 'Looking up the model',
  download: 'Fetching the model',
  verify: 'Checking every byte of the model',
  compile: 'Preparing the model for this device',
  check: 'Checking this device’s numbers',
  image: 'Reading the image',
  vision: 'Looking at the image',
  prefill: 'Reading the question',
  decode: 'Writing',
};

/** Stages whose progress is counted in bytes; the others count steps. */
export const STAGES_IN_BYTES: ReadonlySet<Stage> = new Set(['download', 'verify']);

/** What the known answers of the pack said about this device. */
export function selfTestText({ status, detail, milliseconds }: SelfTestReport): string {
  if (status === 'none') return 'not made: this model carries no known answers';
  const when = status === 'kept' ? 'passed on an earlier visit' : `passed in ${Math.round(milliseconds)} ms`;
  return `${when}. ${detail}`;
}
