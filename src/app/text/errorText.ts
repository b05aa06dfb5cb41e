/**
 * What each error code means to the visitor: a sentence, what to do about it, and the buttons for that. docs/errors.md has
 * the same table; errorText.test.ts checks that the two agree.
 */
import { ERROR_CODES, type ErrorCode } from '../../shared/errors';
import { t } from '../i18n/i18n.svelte';
import type { MessageKey } from '../i18n/messages';

/**
 * What a button next to an error does. Some work anywhere on the page (state/recoveryActions.ts); the panel that shows the
 * error knows what to retry, continue, edit or ask with smaller images.
 */
export type RecoveryAction =
  | 'retry'
  | 'continue'
  | 'smaller-images'
  | 'edit-question'
  | 'edit-settings'
  | 'choose-image'
  | 'use-wasm'
  | 'no-cache'
  | 'open-library'
  | 'use-embedded'
  | 'reload';

export interface ErrorText {
  readonly sentence: string;
  readonly action: string;
}

/** Recovery actions of each error, best first; a panel leaves out those that don't apply to it. */
export const RECOVERY_ACTIONS: Readonly<Record<ErrorCode, readonly RecoveryAction[]>> = {
  webgpu_unavailable: ['use-wasm'],
  feature_missing: ['use-wasm'],
  device_lost: ['continue', 'retry'],
  self_test_failed: ['use-wasm'],
  out_of_memory: ['smaller-images', 'open-library', 'use-embedded', 'retry'],
  download_failed: ['retry'],
  integrity_mismatch: ['retry'],
  storage_quota: ['no-cache', 'open-library'],
  storage_failed: ['no-cache'],
  model_missing: ['open-library', 'use-embedded'],
  checkpoint_invalid: ['retry'],
  model_unsupported: ['open-library', 'use-embedded'],
  pack_invalid: ['retry'],
  case_invalid: [],
  image_invalid: ['choose-image'],
  image_unsupported: ['choose-image'],
  image_too_large: ['choose-image'],
  decoder_missing: ['retry', 'choose-image'],
  request_invalid: ['edit-question'],
  address_invalid: ['open-library'],
  folder_needed: ['open-library'],
  host_unreachable: ['retry', 'use-embedded'],
  download_blocked: ['open-library'],
  model_refused: ['open-library', 'use-embedded'],
  files_needed: ['open-library'],
  file_invalid: ['retry', 'open-library'],
  model_busy: ['retry'],
  model_not_loaded: ['retry', 'open-library', 'use-embedded'],
  load_stalled: ['use-embedded', 'retry', 'open-library'],
  model_changed: ['retry', 'open-library'],
  setting_invalid: ['edit-settings'],
  context_overflow: ['smaller-images', 'edit-question'],
  aborted: ['retry'],
  worker_crashed: ['continue', 'retry'],
  start_blocked: ['reload'],
  internal: ['retry', 'reload'],
};

const KEYS: Readonly<Record<ErrorCode, readonly [MessageKey, MessageKey]>> = {
  webgpu_unavailable: ['errors.webgpuUnavailable', 'errors.webgpuUnavailableAction'],
  feature_missing: ['errors.featureMissing', 'errors.featureMissingAction'],
  device_lost: ['errors.deviceLost', 'errors.deviceLostAction'],
  self_test_failed: ['errors.selfTestFailed', 'errors.selfTestFailedAction'],
  out_of_memory: ['errors.outOfMemory', 'errors.outOfMemoryAction'],
  download_failed: ['errors.downloadFailed', 'errors.downloadFailedAction'],
  integrity_mismatch: ['errors.integrityMismatch', 'errors.integrityMismatchAction'],
  storage_quota: ['errors.storageQuota', 'errors.storageQuotaAction'],
  storage_failed: ['errors.storageFailed', 'errors.storageFailedAction'],
  model_missing: ['errors.modelMissing', 'errors.modelMissingAction'],
  checkpoint_invalid: ['errors.checkpointInvalid', 'errors.checkpointInvalidAction'],
  model_unsupported: ['errors.modelUnsupported', 'errors.modelUnsupportedAction'],
  pack_invalid: ['errors.packInvalid', 'errors.packInvalidAction'],
  case_invalid: ['errors.caseInvalid', 'errors.caseInvalidAction'],
  image_invalid: ['errors.imageInvalid', 'errors.imageInvalidAction'],
  image_unsupported: ['errors.imageUnsupported', 'errors.imageUnsupportedAction'],
  image_too_large: ['errors.imageTooLarge', 'errors.imageTooLargeAction'],
  decoder_missing: ['errors.decoderMissing', 'errors.decoderMissingAction'],
  request_invalid: ['errors.requestInvalid', 'errors.requestInvalidAction'],
  address_invalid: ['errors.addressInvalid', 'errors.addressInvalidAction'],
  folder_needed: ['errors.folderNeeded', 'errors.folderNeededAction'],
  host_unreachable: ['errors.hostUnreachable', 'errors.hostUnreachableAction'],
  download_blocked: ['errors.downloadBlocked', 'errors.downloadBlockedAction'],
  model_refused: ['errors.modelRefused', 'errors.modelRefusedAction'],
  files_needed: ['errors.filesNeeded', 'errors.filesNeededAction'],
  file_invalid: ['errors.fileInvalid', 'errors.fileInvalidAction'],
  model_busy: ['errors.modelBusy', 'errors.modelBusyAction'],
  model_not_loaded: ['errors.modelNotLoaded', 'errors.modelNotLoadedAction'],
  load_stalled: ['errors.loadStalled', 'errors.loadStalledAction'],
  model_changed: ['errors.modelChanged', 'errors.modelChangedAction'],
  setting_invalid: ['errors.settingInvalid', 'errors.settingInvalidAction'],
  context_overflow: ['errors.contextOverflow', 'errors.contextOverflowAction'],
  aborted: ['errors.aborted', 'errors.abortedAction'],
  worker_crashed: ['errors.workerCrashed', 'errors.workerCrashedAction'],
  start_blocked: ['errors.startBlocked', 'errors.startBlockedAction'],
  internal: ['errors.internal', 'errors.internalAction'],
};

/** In the page's language at the time of reading. */
export const ERROR_TEXT = Object.fromEntries(
  ERROR_CODES.map((code) => {
    const [sentence, action] = KEYS[code];
    return [
      code,
      {
        get sentence() {
          return t(sentence);
        },
        get action() {
          return t(action);
        },
      },
    ];
  }),
) as Readonly<Record<ErrorCode, ErrorText>>;

const RECOVERY_KEYS: Readonly<Record<RecoveryAction, MessageKey>> = {
  retry: 'errors.retry',
  continue: 'errors.continueAnswer',
  'smaller-images': 'errors.smallerImages',
  'edit-question': 'errors.editQuestion',
  'edit-settings': 'errors.editSettings',
  'choose-image': 'errors.chooseImage',
  'use-wasm': 'errors.useWasm',
  'no-cache': 'errors.continueWithoutStoring',
  'open-library': 'errors.openLibrary',
  'use-embedded': 'errors.useBuiltIn',
  reload: 'errors.reload',
};

export function recoveryLabel(action: RecoveryAction): string {
  return t(RECOVERY_KEYS[action]);
}
