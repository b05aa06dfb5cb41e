/** What a job of the library is doing, in the words of the page. */
import type { JobDetail } from '../../shared/jobDetail';
import type { WaitReason } from '../../shared/waitReason';
import { t } from '../i18n/i18n.svelte';

export function jobDetailText(detail: JobDetail): string {
  switch (detail.code) {
    case 'reading_manifest':
      return t('jobs.readingManifest');
    case 'reading_config':
      return t('jobs.readingConfig');
    case 'reading_calibration':
      return t('jobs.readingCalibration');
    case 'fetching_part':
      return t('jobs.fetchingPart', detail.params);
    case 'quantizing':
      return t('jobs.quantizing', detail.params);
    case 'reading_file':
      return t('jobs.readingFile', detail.params);
    case 'writing_file':
      return t('jobs.writingFile', detail.params);
    case 'comparing_file':
      return t('jobs.comparingFile', detail.params);
    case 'waiting':
      return `${reasonText(detail.params.reason)} ${retryText(detail.params.milliseconds)}`;
  }
}

function reasonText(reason: WaitReason): string {
  switch (reason.code) {
    case 'offline':
      return t('jobs.offline');
    case 'server_status':
      return t('jobs.serverStatus', { status: String(reason.params.status) });
    case 'redirect_status':
      return t('jobs.redirectStatus', { status: String(reason.params.status) });
    case 'connection_failed':
      return t('jobs.connectionFailed');
    case 'connection_stalled':
      return t('jobs.connectionStalled');
    case 'web_page':
      return t('jobs.webPage');
    case 'wrong_length':
      return t('jobs.wrongLength');
    case 'damaged':
      return t('jobs.damaged', reason.params);
  }
}

function retryText(milliseconds: number | null): string {
  if (milliseconds === null) return t('jobs.retryOnline');
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds > 1 ? t('jobs.retryIn', { seconds }) : t('jobs.retryNow');
}
