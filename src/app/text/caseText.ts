/** Texts about saved cases, in the page’s language. */
import { optionLetter } from '../../shared/options';
import type { CaseOutcome } from '../cases/caseSummary';
import { language, t } from '../i18n/i18n.svelte';
import { formatCount } from './format';

/** The answer, or why there is none. */
export function outcomeOf(outcome: CaseOutcome | null): string {
  if (!outcome) return '';
  if (outcome.kind === 'rollouts') {
    const { right, finished } = outcome;
    if (right === null) return t('cases.rolloutsDone', { count: finished });
    return t('cases.rolloutsRight', { right: formatCount(right), count: formatCount(finished) });
  }
  const { status, chosen, text } = outcome;
  if (status === 'failed') return t('cases.failed');
  if (text === '') return t(status === 'stopped' ? 'cases.stopped' : 'cases.noAnswer');
  return chosen === null ? text : `${optionLetter(chosen)}. ${text}`;
}

/** Day and time of an ISO timestamp. */
export function formatMoment(iso: string): string {
  return new Date(iso).toLocaleString(language.format, { dateStyle: 'medium', timeStyle: 'short' });
}
