/** Devices and stages as the page describes them. */
import type {
  ActivationType,
  BackendName,
  DeviceReason,
  DeviceReport,
  ModeName,
  SelfTestDetail,
  SelfTestReport,
} from '../../shared/device';
import type { Stage } from '../../shared/protocol';
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

const REASON_KEYS = {
  software_gpu_slower: 'device.softwareGpuSlower',
  no_webgpu: 'device.noWebGpu',
  software_gpu_only: 'device.softwareGpuOnly',
} as const satisfies Partial<Record<DeviceReason['code'], MessageKey>>;

/** Why the model runs where it does, as sentences; empty when that was asked for or is the best. */
export function reasonsText({ reasons }: Pick<DeviceReport, 'reasons'>): string {
  return reasons.map(reasonText).join(' ');
}

function reasonText(reason: DeviceReason): string {
  switch (reason.code) {
    case 'wrong_numbers': {
      const { mode, detail } = reason.params;
      return t('device.wrongNumbers', { mode: modeText(mode), detail: comparisonText(detail) });
    }
    case 'mode_failed':
      return t('device.modeFailed', { mode: modeText(reason.params.mode) });
    default:
      return t(REASON_KEYS[reason.code]);
  }
}

function modeText({ backend, activations, subgroups }: ModeName): string {
  if (backend === 'wasm') return BACKEND_NAME.wasm;
  return t(subgroups ? 'device.mode' : 'device.modeWithoutSubgroups', {
    backend: BACKEND_NAME[backend],
    activations: activationsText(activations),
  });
}

export function activationsText(activations: ActivationType): string {
  return t(activations === 'f16' ? 'model.float16' : 'model.float32');
}

/** The adapter as the browser names it, or WebAssembly with its threads. */
export function adapterText({ adapter, threads }: Pick<DeviceReport, 'adapter' | 'threads'>): string {
  return threads === undefined ? adapter : t('device.adapterThreads', { adapter, threads });
}

/** What the comparison with the known answers found, and on which day if that was on an earlier visit. */
export function selfTestDetail({ detail, date }: SelfTestReport): string {
  if (!detail) return '';
  return comparisonText(detail) + (date ? ` (${date})` : '');
}

function comparisonText(detail: SelfTestDetail): string {
  switch (detail.code) {
    case 'reproduced': {
      const { worst, limit } = detail.params;
      return t('model.selfTestFigures', { worst: worst.toExponential(1), limit: String(limit) });
    }
    case 'prompt_length': {
      const { tokens, expected } = detail.params;
      return t('device.promptLength', { tokens, expected });
    }
    case 'prediction_off': {
      const { deviations } = detail.params;
      if (deviations === null) return t('device.predictionMissing');
      return t('device.predictionOff', { deviations: deviations.toPrecision(2) });
    }
    case 'token_differs':
      return t('device.tokenDiffers', { token: detail.params.token });
  }
}

/** The result of the self-test with the pack's known answers on this device. */
export function selfTestText({ status, milliseconds }: SelfTestReport): string {
  if (status === 'none') return t('model.selfTestNone');
  if (status === 'kept') return t('model.selfTestKept');
  return t('model.selfTestPassed', { time: formatDuration(milliseconds) });
}
