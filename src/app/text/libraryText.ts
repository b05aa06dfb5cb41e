/** The library's jobs and storage as the page describes them. */
import type { JobPhase, JobState, StorageReport } from '../../shared/library';
import { t } from '../i18n/i18n.svelte';
import type { MessageKey } from '../i18n/messages';
import { formatBytes, formatBytesOf, formatTimeLeft } from './format';

const JOB_TEXT: Readonly<Record<JobPhase, MessageKey>> = {
  planning: 'library.phasePlanning',
  downloading: 'library.phaseDownloading',
  converting: 'library.phaseConverting',
  importing: 'library.phaseImporting',
  verifying: 'library.phaseVerifying',
  exporting: 'library.phaseExporting',
  elsewhere: 'library.phaseInOtherTab',
  paused: 'library.phasePaused',
  done: 'library.phaseDone',
  failed: 'library.phaseFailed',
  cancelled: 'library.phaseCancelled',
};

export function jobText(phase: JobPhase): string {
  return t(JOB_TEXT[phase]);
}

/** Bytes done of the total and, while the job runs, speed and time left; empty while the total is unknown. */
export function amountText(job: JobState, isStopped: boolean): string {
  if (job.totalBytes <= 0) return '';
  const parts = [formatBytesOf(job.doneBytes, job.totalBytes)];
  if (!isStopped && job.bytesPerSecond > 0)
    parts.push(t('format.perSecond', { amount: formatBytes(Math.round(job.bytesPerSecond)) }));
  if (!isStopped && job.secondsLeft !== null) parts.push(formatTimeLeft(job.secondsLeft * 1000));
  return parts.join(' · ');
}

/** Space used, space left, and whether the browser may delete the data. */
export function storageText({ usage, quota, persisted, isPrivate }: StorageReport): string[] {
  const used = usage === null ? '' : t('library.storageUsed', { size: formatBytes(usage) });
  const free =
    usage === null || quota === null || isPrivate
      ? ''
      : t('library.storageFree', { size: formatBytes(Math.max(quota - usage, 0)) });
  return [used, free, persistenceText(persisted, isPrivate)].filter(Boolean);
}

function persistenceText(persisted: boolean, isPrivate: boolean): string {
  if (isPrivate) return t('library.storagePrivate');
  return t(persisted ? 'library.storagePersisted' : 'library.storageAtRisk');
}

const WEIGHTS_TEXT: Readonly<Record<string, MessageKey>> = {
  q4: 'library.weights4',
  q8: 'library.weights8',
  f16: 'library.weights16',
  f32: 'library.weights32',
};

/** The weights of a plan or a manifest ("q4 (best)") as the page describes them. */
export function weightsText(weights: string): string {
  const key = WEIGHTS_TEXT[weights.split(' ')[0] ?? ''];
  return key ? t(key) : weights;
}
