/** Devices and stages as the page describes them. */
import type { BackendName, SelfTestReport, Stage } from '../../shared/protocol';
import { t } from '../i18n/i18n.svelte';
import type { MessageKey } from '../i18n/messages';
import { formatDuration } from './format';

/** Proper names, the same in every language. */
export const BACKEND_NAME: Readonly<Record<BackendName, string>> = {
  webgpu: 'WebGPU',
  wasm: 'WebAssembly',
};

const STAGE_KEYS: Readonly<Record<Stage, MessageKey>> = {
  manifest: 'model.stageManifest',
  download: 'model.stageDownload',
  verify: 'model.stageVerify',
  compile: 'model.stageCompile',
  check: 'model.stageCheck',
  image: 'model.stageImage',
  vision: 'model.stageVision',
  prefill: 'model.stagePrefill',
  decode: 'model.stageDecode',
};

export function stageText(stage: Stage): string {
  return t(STAGE_KEYS[stage]);
}

/** Stages whose progress is counted in bytes; the others count steps. */
export const STAGES_IN_BYTES: ReadonlySet<Stage> = new Set(['download', 'verify', 'compile']);

/** How src/engine/selfTest.ts words a passed test; stored verdicts contain the same sentence. */
const PASSED = /^Known answers reproduced; largest difference (\S+) of (\S+) allowed\./;

/** How close the numbers were; the engine's English text if it reports anything else. */
export function selfTestDetail({ detail }: SelfTestReport): string {
  const [, worst, limit] = PASSED.exec(detail) ?? [];
  if (worst === undefined || limit === undefined) return detail;
  const rest = detail.replace(PASSED, '');
  return t('model.selfTestFigures', { worst, limit }) + rest;
}

/** The result of the self-test with the pack's known answers on this device. */
export function selfTestText({ status, milliseconds }: SelfTestReport): string {
  if (status === 'none') return t('model.selfTestNone');
  if (status === 'kept') return t('model.selfTestKept');
  return t('model.selfTestPassed', { time: formatDuration(milliseconds) });
}
