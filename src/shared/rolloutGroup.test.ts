import { describe, expect, it } from 'vitest';
import { groupAdvantages, majorityVote, passRate } from './rolloutGroup';

const TRL = { epsilon: 1e-4, source: '' };

describe('groupAdvantages', () => {
  it('equals numbers computed by hand', () => {
    // Mean 0.25; deviations 0.75, −0.25 × 3; sum of squares 0.75; std √(0.75 / 3) = 0.5.
    const group = groupAdvantages([1, 0, 0, 0], TRL);
    expect(group).toMatchObject({ mean: 0.25, std: 0.5, hasSignal: true });
    expect(group.advantages[0]).toBeCloseTo(0.75 / 0.5001, 12);
    expect(group.advantages[1]).toBeCloseTo(-0.25 / 0.5001, 12);
    // Mean 1.25; squares 0.5625, 0.0625, 0.0625, 1.5625; std √(2.25 / 3) = 0.8660254….
    const sums = groupAdvantages([2, 1.5, 1, 0.5].reverse(), { epsilon: 0, source: '' });
    expect(sums.mean).toBe(1.25);
    expect(sums.std).toBeCloseTo(Math.sqrt(1.25 / 3), 12);
    expect(sums.advantages.map((value) => value.toFixed(4))).toEqual([
      '-1.1619',
      '-0.3873',
      '0.3873',
      '1.1619',
    ]);
  });

  it('divides by n − 1, as torch.std does: two rollouts give ±1/√2', () => {
    const { advantages } = groupAdvantages([0, 1], { epsilon: 0, source: '' });
    expect(advantages[1]).toBeCloseTo(Math.SQRT1_2, 12);
    expect(advantages[0]).toBeCloseTo(-Math.SQRT1_2, 12);
  });

  it.each([0, 1, 2, 0.1])('gives zeros for equal rewards of %d, without rounding noise', (reward) => {
    const group = groupAdvantages(Array<number>(7).fill(reward), { epsilon: 1e-6, source: '' });
    expect(group).toEqual({ mean: reward, std: 0, advantages: [0, 0, 0, 0, 0, 0, 0], hasSignal: false });
  });

  it('handles a stopped group with one rollout or none', () => {
    expect(groupAdvantages([1], TRL)).toMatchObject({ advantages: [0], hasSignal: false });
    expect(groupAdvantages([], TRL)).toMatchObject({ mean: 0, advantages: [], hasSignal: false });
  });
});

describe('majorityVote', () => {
  it('names the winner and counts unreadable answers', () => {
    expect(majorityVote([1, 0, 1, null, 1])).toEqual({
      counts: [
        { answer: 1, votes: 3 },
        { answer: 0, votes: 1 },
      ],
      winners: [1],
      unread: 1,
    });
  });

  it('reports a tie instead of choosing one', () => {
    expect(majorityVote([2, 0, 0, 2, 1]).winners).toEqual([2, 0]);
  });

  it('has no winner if nothing could be read', () => {
    expect(majorityVote([null, null])).toEqual({ counts: [], winners: [], unread: 2 });
  });
});

describe('passRate', () => {
  it('is the fraction of right answers', () => {
    expect(passRate([true, false, false, true])).toBe(0.5);
    expect(passRate([])).toBeNull();
  });
});
