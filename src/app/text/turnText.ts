/** The outcome of a question in a few words: for lists and for screen readers. */
import { optionLetter } from '../../shared/options';
import { t } from '../i18n/i18n.svelte';
import type { Verdict } from '../question/prompting';

interface RunOutcome {
  readonly isOver: boolean;
  readonly status: 'waiting' | 'running' | 'done' | 'stopped' | 'failed';
}

export interface AnswerOutcome extends RunOutcome {
  readonly kind: 'answer';
  readonly answer: string;
  readonly verdict: Verdict | null;
  readonly asked: { readonly options: readonly string[] };
}

export interface RolloutsOutcome extends RunOutcome {
  readonly kind: 'rollouts';
  readonly finished: readonly { readonly verdict: Verdict | null }[];
  /** 0 to 1; null without a key. */
  readonly passRate: number | null;
}

export type Outcome = AnswerOutcome | RolloutsOutcome;

/** One line: the choice, the answer, or why there is none. */
export function outcomeText(entry: Outcome): string {
  if (!entry.isOver) return t('answer.running');
  if (entry.status === 'failed') return t('answer.failed');
  if (entry.kind === 'rollouts') {
    const count = entry.finished.length;
    if (entry.passRate === null) return t('answer.rolloutCount', { count });
    const right = entry.finished.filter(({ verdict }) => verdict?.correct === true).length;
    return t('answer.rolloutCountRight', { count, right });
  }
  const chosen = entry.verdict?.chosen ?? null;
  if (chosen !== null) return choiceText(chosen, entry.asked.options);
  return entry.answer.trim() || t(entry.status === 'stopped' ? 'answer.stopped' : 'answer.none');
}

/** A choice with its letter: "B. Head CT". */
export function choiceText(index: number, options: readonly string[]): string {
  return `${optionLetter(index)}. ${options[index] ?? ''}`;
}

/** Whether the answer was right; null for rollouts and without a key. */
export function outcomeVerdict(entry: Outcome): boolean | null {
  return entry.kind === 'answer' ? (entry.verdict?.correct ?? null) : null;
}
