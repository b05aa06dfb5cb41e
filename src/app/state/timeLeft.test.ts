import { describe, expect, it } from 'vitest';
import { TimeLeft } from './timeLeft';

function setup(): { at: (ms: number) => void; timeLeft: TimeLeft } {
  let now = 0;
  return { at: (ms) => (now = ms), timeLeft: new TimeLeft(() => now) };
}

describe('TimeLeft', () => {
  it('says nothing before it can know', () => {
    const { at, timeLeft } = setup();
    expect(timeLeft.report('download', 0, 100).msLeft).toBeNull();
    at(100);
    expect(timeLeft.report('download', 50, 100).msLeft).toBeNull();
    at(1000);
    expect(timeLeft.report('download', 1, 100).msLeft).toBeNull();
  });

  it('extrapolates the speed of this stage alone', () => {
    const { at, timeLeft } = setup();
    timeLeft.report('download', 0, 100);
    at(9000);
    timeLeft.report('compile', 0, 10);
    at(11_000);
    expect(timeLeft.report('compile', 5, 10).msLeft).toBe(2000);
  });

  it('does not count what was there from the start', () => {
    const { at, timeLeft } = setup();
    timeLeft.report('download', 80, 100);
    at(1000);
    expect(timeLeft.report('download', 90, 100).msLeft).toBe(1000);
  });

  it('ends at zero, also when more came than was announced', () => {
    const { at, timeLeft } = setup();
    timeLeft.report('download', 0, 100);
    at(1000);
    expect(timeLeft.report('download', 120, 100).msLeft).toBe(0);
    expect(timeLeft.report('download', 5, 0).msLeft).toBeNull();
  });
});
