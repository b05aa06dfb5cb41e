/** Texts about a group of rollouts. */
import { optionLetter } from '../../shared/options';
import { t } from '../i18n/i18n.svelte';
import { formatNumber, formatSigned } from './format';

/** Letter of the chosen option; a dash if there is none. */
export function letterOf(chosen: number | null): string {
  return chosen === null ? '–' : optionLetter(chosen);
}

interface DescribedRow {
  readonly item: { readonly index: number };
  readonly reward: number;
  readonly advantage: number;
}

/** The chart in words, for screen readers. */
export function describeRows(rows: readonly DescribedRow[], meanReward: number): string {
  const sentences = rows.map(({ item, reward, advantage }) =>
    t('rollouts.chartRow', {
      n: item.index + 1,
      reward: formatNumber(reward),
      advantage: formatSigned(advantage),
    }),
  );
  const summary = t('rollouts.chartSummary', { count: rows.length, mean: formatNumber(meanReward) });
  return [summary, ...sentences].join(' ');
}
