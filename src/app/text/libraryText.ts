/** The library's states and answers in the words of the page. */
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
  elsewhere: 'library.phaseElsewhere',
  paused: 'library.phasePaused',
  done: 'library.phaseDone',
  failed: 'library.phaseFailed',
  cancelled: 'library.phaseCancelled',
};

export function jobText(phase: JobPhase): string {
  return t(JOB_TEXT[phase]);
}

/** How much is here of how much, and while it comes how fast and for how long still; empty before anything is known. */
export function amountText(job: JobState, isStopped: boolean): string {
  if (job.totalBytes <= 0) return '';
  const parts = [formatBytesOf(job.doneBytes, job.totalBytes)];
  if (!isStopped && job.bytesPerSecond > 0)
    parts.push(t('format.perSecond', { amount: formatBytes(Math.round(job.bytesPerSecond)) }));
  if (!isStopped && job.secondsLeft !== null) parts.push(formatTimeLeft(job.secondsLeft * 1000));
  return parts.join(' · ');
}

/** What is in use, and what the browser says about keeping it. */
export function storageText({ usage, quota, persisted, isPrivate }: StorageReport): string[] {
  const used = usage === null ? '' : t('library.storageUsed', { size: formatBytes(usage) });
  const room =
    usage === null || quota === null || isPrivate
      ? ''
      : t('library.storageRoom', { size: formatBytes(Math.max(quota - usage, 0)) });
  return [used, room, keptText(persisted, isPrivate)].filter(Boolean);
}

function keptText(persisted: boolean, isPrivate: boolean): string {
  if (isPrivate) return t('library.storagePrivate');
  return t(persisted ? 'library.storagePersisted' : 'library.storageAtRisk');
}

const WEIGHTS_TEXT: Readonly<Record<string, MessageKey>> = {
  q4: 'library.weights4',
  q8: 'library.weights8',
  f16: 'library.weights16',
  f32: 'library.weights32',
};

/** "q4 (best)" of a plan or a manifest, for people. */
export function weightsText(weights: string): string {
  const key = WEIGHTS_TEXT[weights.split(' ')[0] ?? ''];
  return key ? t(key) : weights;
}
