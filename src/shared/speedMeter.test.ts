import { expect, it } from 'vitest';
import { SpeedMeter } from './speedMeter';

function meter(): { speed: SpeedMeter; at: (ms: number, done: number) => void; pass: (ms: number) => void } {
  let now = 0;
  const speed = new SpeedMeter(() => now);
  return {
    speed,
    at: (ms, done) => {
      now = ms;
      speed.add(done);
    },
    pass: (ms) => (now += ms),
  };
}

it('measures the last seconds only', () => {
  const { speed, at } = meter();
  for (let second = 0; second <= 20; second++) at(second * 1000, second * 100);
  for (let second = 21; second <= 40; second++) at(second * 1000, 2000 + (second - 20) * 1000);
  expect(speed.bytesPerSecond).toBeCloseTo(1000, 0);
  expect(speed.secondsLeft(32_000)).toBeCloseTo(10, 1);
});

it('moves its window even with frequent calls', () => {
  const { speed, at } = meter();
  for (let ms = 0; ms <= 10_000; ms += 10) at(ms, 0);
  for (let ms = 10_010; ms <= 30_000; ms += 10) at(ms, ms - 10_000);
  expect(speed.bytesPerSecond).toBeGreaterThan(950);
});

it('does not count bytes that were there before', () => {
  const { speed, at } = meter();
  at(0, 1_000_000);
  at(2000, 1_000_200);
  expect(speed.bytesPerSecond).toBe(100);
});

it('gives no speed in the first second, and a falling one while nothing arrives', () => {
  const { speed, at, pass } = meter();
  at(0, 0);
  at(500, 1000);
  expect(speed.bytesPerSecond).toBe(0);
  expect(speed.secondsLeft(2000)).toBeNull();
  pass(500);
  expect(speed.bytesPerSecond).toBe(1000);
  pass(9000);
  expect(speed.bytesPerSecond).toBe(100);
});

it('counts bytes fetched twice as speed but not as progress', () => {
  const { speed, at } = meter();
  at(0, 0);
  at(1000, 1000);
  at(1500, 0);
  at(2000, 1000);
  expect(speed.bytesPerSecond).toBe(1000);
  expect(speed.secondsLeft(3000)).toBe(2);
});
