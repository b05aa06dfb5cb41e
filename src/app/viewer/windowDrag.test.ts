import { describe, expect, it } from 'vitest';
import { dragWindow, isSameWindow, roundWindow } from './windowDrag';

describe('dragWindow', () => {
  it('widens to the right and narrows to the left, by the same factor', () => {
    expect(dragWindow([40, 400], { x: 160, y: 0 }, 'LINEAR')).toEqual([40, 800]);
    expect(dragWindow([40, 400], { x: -160, y: 0 }, 'LINEAR')).toEqual([40, 200]);
  });

  it('brightens upwards: a lower centre, in proportion to the width', () => {
    expect(dragWindow([40, 400], { x: 0, y: -30 }, 'LINEAR')).toEqual([0, 400]);
    expect(dragWindow([0.5, 1], { x: 0, y: 30 }, 'LINEAR_EXACT')).toEqual([0.6, 1]);
  });

  it('never makes a window that the worker refuses', () => {
    expect(dragWindow([40, 4], { x: -1e5, y: 0 }, 'LINEAR')).toEqual([40, 1]);
    const [, width] = dragWindow([0.5, 1], { x: -1e5, y: 0 }, 'LINEAR_EXACT');
    expect(width).toBeGreaterThan(0);
  });
});

describe('roundWindow', () => {
  it.each([
    [[1050.3349, 98.0199], 'LINEAR', [1050, 98]],
    [[1050.3349, 98.0199], 'LINEAR_EXACT', [1050.33, 98.02]],
    [[0.123456, 0.5], 'SIGMOID', [0.1235, 0.5]],
    [[32767.5, 65535], 'LINEAR_EXACT', [32768, 65535]],
  ] as const)('%j (%s) reads %j', (range, shape, expected) => {
    expect(roundWindow([...range], shape)).toEqual(expected);
  });
});

it('compares windows by their numbers', () => {
  expect(isSameWindow([40, 400], [40, 400])).toBe(true);
  expect(isSameWindow([40, 400], [40, 401])).toBe(false);
  expect(isSameWindow(null, [40, 400])).toBe(false);
  expect(isSameWindow(null, null)).toBe(true);
});
