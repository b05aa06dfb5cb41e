/** What became of a question, in a few words: for lists and for screen readers. */
import { optionLetter } from './format';
import type { Entry } from '../state/conversation.svelte';

/** One line: the choice, the answer, or why there is none. */
export function outcomeText(entry: Entry): string {
  if (!entry.isOver) return 'running';
  if (entry.status === 'failed') return 'failed';
  if (entry.kind === 'rollouts') {
    const right = entry.finished.filter(({ verdict }) => verdict?.correct === true).length;
    const ofThem = entry.passRate === null ? '' : `, ${right} right`;
    return `${entry.finished.length} rollouts${ofThem}`;
  }
  const chosen = entry.verdict?.chosen ?? null;
  if (chosen !== null) return `${optionLetter(chosen)}. ${entry.asked.options[chosen]}`;
  return entry.answer.trim() || (entry.status === 'stopped' ? 'stopped' : 'no answer');
}

/** Whether the answer was right; null of rollouts, and without a key. */
export function outcomeVerdict(entry: Entry): boolean | null {
  return entry.kind === 'answer' ? (entry.verdict?.correct ?? null) : null;
}
