/** The figures of a group of rollouts, one row a rollout: for its chart and its table. */
import { optionLetter } from '../../../shared/options';
import { t } from '../../i18n/i18n.svelte';
import { formatNumber, formatSigned } from '../../text/format';
import type { RolloutGroup, RolloutItem } from '../../state/ask/rolloutGroup.svelte';

export interface RolloutRow {
  item: RolloutItem;
  chosen: number | null;
  isRight: boolean;
  format: number;
  accuracy: number;
  reward: number;
  advantage: number;
}

/** Of the rollouts that have finished. */
export function rolloutRows(group: RolloutGroup): RolloutRow[] {
  return group.finished.map((item) => ({
    item,
    chosen: item.verdict?.chosen ?? null,
    isRight: item.verdict?.correct === true,
    format: item.verdict?.format ?? 0,
    accuracy: item.verdict?.accuracy ?? 0,
    reward: item.verdict?.reward ?? 0,
    advantage: group.advantageOf(item) ?? 0,
  }));
}

export function letterOf(chosen: number | null): string {
  return chosen === null ? '–' : optionLetter(chosen);
}

/** The chart in words, for those who do not see it. */
export function describeRows(rows: readonly RolloutRow[], meanReward: number): string {
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
