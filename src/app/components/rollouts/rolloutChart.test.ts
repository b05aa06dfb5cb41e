import { describe, expect, it } from 'vitest';
import { barsOf, yOf } from './rolloutChart';

const FRAME = { left: 10, right: 110, top: 0, bottom: 100, min: -1, max: 1 };

describe('barsOf', () => {
  it('begins every bar at zero, up for gains and down for losses', () => {
    const [gain, loss, none] = barsOf([1, -0.5, 0], FRAME);
    expect(gain).toMatchObject({ y: 0, height: 50 });
    expect(loss).toMatchObject({ y: 50, height: 25 });
    expect(none).toMatchObject({ y: 50, height: 0 });
  });

  it('shares the width evenly and keeps inside of it', () => {
    const bars = barsOf(Array<number>(16).fill(1), FRAME);
    expect(bars[0]?.x).toBeGreaterThanOrEqual(10);
    expect((bars[15]?.x ?? 0) + (bars[15]?.width ?? 0)).toBeLessThanOrEqual(110);
    expect((bars[1]?.center ?? 0) - (bars[0]?.center ?? 0)).toBeCloseTo(100 / 16);
  });
});

it('yOf puts the range between its lines', () => {
  expect([yOf(-1, FRAME), yOf(0, FRAME), yOf(1, FRAME)]).toEqual([100, 50, 0]);
});
