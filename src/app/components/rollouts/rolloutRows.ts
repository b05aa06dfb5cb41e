/** The figures of a group of rollouts, one row a rollout: for its chart and its table. */
import { optionLetter } from '../../text/format';
import type { RolloutGroup, RolloutItem } from '../../state/rolloutGroup.svelte';

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
