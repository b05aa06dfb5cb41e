import { describe, expect, it } from 'vitest';
import { padWindows, queryRows } from './visionEncoder';

describe('padWindows', () => {
  const layout = padWindows(Int32Array.of(0, 4, 6), 4);

  it('puts every row into its window, with the inverse positions', () => {
    expect(layout.windows).toBe(2);
    expect([...layout.rows]).toEqual([0, 1, 2, 3, 4, 5, 4, 4]);
    expect([...layout.positions]).toEqual([0, 1, 2, 3, 4, 5]);
    layout.positions.forEach((place, row) => expect(layout.rows[place]).toBe(row));
  });

  it('masks padding for every query, and nothing else', () => {
    const second = layout.bias.subarray(16);
    expect([...layout.bias.subarray(0, 16)].every((value) => value === 0)).toBe(true);
    for (let query = 0; query < 4; query++) {
      expect([...second.subarray(query * 4, query * 4 + 4)].map((value) => value < -1e8)).toEqual([
        false,
        false,
        true,
        true,
      ]);
    }
  });
});

it('pads the query rows to equal parts', () => {
  expect([...queryRows(20, 16)].slice(18)).toEqual([18, 19, ...Array.from({ length: 12 }, () => 19)]);
  expect(queryRows(32, 16)).toHaveLength(32);
  expect(queryRows(12_288, 16).at(-1)).toBe(12_287);
});
