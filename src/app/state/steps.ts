/** The steps of a wait: those of loading a model, and those before the first token of an answer. */
import type { Stage } from '../../shared/protocol';

const SERIES: readonly (readonly Stage[])[] = [
  ['manifest', 'download', 'verify', 'compile', 'check'],
  ['image', 'vision', 'prefill', 'decode'],
];

export interface Step {
  /** From 0. */
  index: number;
  /** Number of steps. */
  count: number;
  /** 0 to 1 of this step; null if it can't be known before the end: a single image, chunk or request. */
  share: number | null;
}

/** @param before the step reported last; the result is never before it */
export function stepOf(stage: Stage, done: number, total: number, before: Step | null): Step {
  const stages = SERIES.find((series) => series.includes(stage)) ?? [stage];
  const index = stages.indexOf(stage);
  const share = total > 1 ? Math.min(Math.max(done / total, 0), 1) : null;
  const step = { index, count: stages.length, share };
  if (!before || before.count !== step.count || index > before.index) return step;
  if (index < before.index) return before;
  return { ...step, share: share === null ? before.share : Math.max(share, before.share ?? 0) };
}
