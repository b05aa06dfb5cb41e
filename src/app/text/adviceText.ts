/** What would make this device run models better, as sentences with a next step; nothing where nothing is missing. */
import type { Environment } from '../browser/environment';
import type { ModelState } from '../state/models/modelState.svelte';
import { t } from '../i18n/i18n.svelte';
import type { MessageKey } from '../i18n/messages';

const WEBGPU_ADVICE: Readonly<Record<Environment['browser'], MessageKey>> = {
  chromium: 'model.adviceWebGpuChromium',
  firefox: 'model.adviceWebGpuFirefox',
  safari: 'model.adviceWebGpuSafari',
  other: 'model.adviceWebGpuOther',
};

export function adviceFor(
  environment: Environment,
  { info, error }: Pick<ModelState, 'info' | 'error'>,
): string[] {
  const { browser, isolated, online } = environment;
  const onCpu = info !== null && (info.device.backend === 'wasm' || info.device.software);
  const noGpu = error?.code === 'webgpu_unavailable' || error?.code === 'feature_missing';
  return [
    ...(!online && error?.code === 'download_failed' ? [t('model.adviceOffline')] : []),
    ...(onCpu || noGpu ? [t(WEBGPU_ADVICE[browser])] : []),
    ...(!isolated && (noGpu || info?.device.backend === 'wasm') ? [t('model.adviceIsolation')] : []),
  ];
}
