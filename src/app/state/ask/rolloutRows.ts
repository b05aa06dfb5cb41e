/** The figures of a group of rollouts, one row per finished rollout: for the chart and the table. */
import type { RolloutGroup, RolloutItem } from './rolloutGroup.svelte';

export interface RolloutRow {
  item: RolloutItem;
  /** Index of the chosen option; null if none could be read from the answer. */
  chosen: number | null;
  isRight: boolean;
  format: number;
  accuracy: number;
  reward: number;
  advantage: number;
}

/** Rows of the rollouts that have finished, in order. */
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
