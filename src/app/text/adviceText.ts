/** Advice that would make this device run models better: sentences with a next step; empty if nothing is missing. */
import { DOWNLOAD_FAILURES, type RoundsError } from '../../shared/errors';
import type { ModelInfo } from '../../shared/protocol';
import type { Environment } from '../browser/environment';
import { t } from '../i18n/i18n.svelte';
import type { MessageKey } from '../i18n/messages';

const WEBGPU_ADVICE: Readonly<Record<Environment['browser'], MessageKey>> = {
  chromium: 'model.adviceWebGpuChromium',
  firefox: 'model.adviceWebGpuFirefox',
  safari: 'model.adviceWebGpuSafari',
  other: 'model.adviceWebGpuOther',
};

/** The loaded model, or why there is none. */
export interface LoadOutcome {
  readonly info: ModelInfo | null;
  readonly error: RoundsError | null;
}

export function adviceFor(environment: Environment, { info, error }: LoadOutcome): string[] {
  const { browser, isolated, online } = environment;
  const onCpu = info !== null && (info.device.backend === 'wasm' || info.device.software);
  const noGpu = error?.code === 'webgpu_unavailable' || error?.code === 'feature_missing';
  return [
    ...(!online && error && DOWNLOAD_FAILURES.has(error.code) ? [t('model.adviceOffline')] : []),
    ...(onCpu || noGpu ? [t(WEBGPU_ADVICE[browser])] : []),
    ...(!isolated && (noGpu || info?.device.backend === 'wasm') ? [t('model.adviceIsolation')] : []),
  ];
}
