/** The steps that a wait is made of: those of a load, and those before the first word of an answer. */
import type { Stage } from '../../shared/protocol';

const SERIES: readonly (readonly Stage[])[] = [
  ['manifest', 'download', 'verify', 'compile', 'check'],
  ['image', 'vision', 'prefill', 'decode'],
];

export interface Step {
  /** From 0, and how many there are. */
  index: number;
  count: number;
  /** 0 to 1 of this step; null where it can't be known before it is over: one image, one chunk, one request. */
  share: number | null;
}

/** @param before the step that was reported last: from there it only goes forward */
export function stepOf(stage: Stage, done: number, total: number, before: Step | null): Step {
  const stages = SERIES.find((series) => series.includes(stage)) ?? [stage];
  const index = stages.indexOf(stage);
  const share = total > 1 ? Math.min(Math.max(done / total, 0), 1) : null;
  const step = { index, count: stages.length, share };
  if (!before || before.count !== step.count || index > before.index) return step;
  if (index < before.index) return before;
  return { ...step, share: share === null ? before.share : Math.max(share, before.share ?? 0) };
}
