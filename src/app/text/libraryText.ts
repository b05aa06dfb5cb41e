/** The library's states and answers in the words of the page. */
import type { JobPhase, StorageReport } from '../../shared/library';
import { formatBytes } from './format';

export const JOB_TEXT: Readonly<Record<JobPhase, string>> = {
  planning: 'Looking at its files',
  downloading: 'Fetching',
  converting: 'Fetching and converting',
  importing: 'Taking it in',
  verifying: 'Checking every byte',
  exporting: 'Writing it out',
  elsewhere: 'Another tab is at it',
  paused: 'Paused',
  done: 'Done',
  failed: 'Stopped by an error',
  cancelled: 'Cancelled',
};

/** What is in use, and what the browser says about keeping it. */
export function storageText({ usage, quota, persisted, isPrivate }: StorageReport): string[] {
  const used = usage === null ? '' : `${formatBytes(usage)} in use.`;
  const room =
    usage === null || quota === null || isPrivate
      ? ''
      : `The browser speaks of room for ${formatBytes(Math.max(quota - usage, 0))} more, which is a guess.`;
  return [used, room, keptText(persisted, isPrivate)].filter(Boolean);
}

function keptText(persisted: boolean, isPrivate: boolean): string {
  if (isPrivate) return 'This looks like a private window: everything is gone when it closes.';
  return persisted
    ? 'The browser has promised to keep the models until you delete them.'
    : 'The browser may delete models when space runs low, or after weeks without a visit.';
}

const BITS: Readonly<Record<string, string>> = { q4: '4-bit', q8: '8-bit', f16: '16-bit', f32: '32-bit' };

/** "q4 (best)" of a plan or a manifest, for people. */
export function weightsText(weights: string): string {
  const bits = BITS[weights.split(' ')[0] ?? ''];
  return bits ? `${bits} weights` : weights;
}
