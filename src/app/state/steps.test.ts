import { describe, expect, it } from 'vitest';
import { stepOf, type Step } from './steps';
import type { Stage } from '../../shared/protocol';

/** Overall place of each report, as a bar would show it. */
function places(reports: [Stage, number, number][]): number[] {
  let step: Step | null = null;
  return reports.map(([stage, done, total]) => {
    step = stepOf(stage, done, total, step);
    return (step.index + (step.share ?? 0)) / step.count;
  });
}

describe('steps', () => {
  it('of a load go forward only, also where a device fails and another is prepared', () => {
    const seen = places([
      ['manifest', 0, 1],
      ['download', 10, 100],
      ['download', 100, 100],
      ['compile', 0, 100],
      ['compile', 60, 100],
      ['check', 0, 1],
      ['compile', 0, 100],
      ['compile', 100, 100],
      ['check', 1, 1],
    ]);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen[2]).toBeCloseTo(0.4);
  });

  it('do not go back within a step', () => {
    const seen = places([
      ['verify', 50, 100],
      ['verify', 20, 100],
      ['verify', 80, 100],
    ]);
    expect(seen[1]).toBe(seen[0]);
    expect(seen[2]).toBeCloseTo((2 + 0.8) / 5);
  });

  it('are unknown where one thing is either done or not', () => {
    expect(stepOf('vision', 0, 1, null)).toEqual({ index: 1, count: 4, share: null });
    expect(stepOf('prefill', 512, 2048, null).share).toBe(0.25);
  });
});
