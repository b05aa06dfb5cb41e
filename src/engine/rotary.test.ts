/** Compares with transformers' rotary modules: vectors from models/goldens/make_preprocess_vectors.py. */
import { describe, expect, it } from 'vitest';
import vectors from '../../models/goldens/preprocess/rotary.json';
import type { GridThw } from './preprocess/patchify';
import { textRotaryTables, visionRotaryTables } from './rotary';

function expectClose(actual: Float32Array, expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  const worst = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - actual[i]!)), 0);
  expect(worst).toBeLessThanOrEqual(tolerance);
}

describe('textRotaryTables', () => {
  const { positions, head_dim: headDim, theta, sections, cos, sin } = vectors.text;
  const config = { headDim, ropeTheta: theta, mropeSection: sections as [number, number, number] };

  it('uses the axis of its section for each pair', () => {
    const tables = textRotaryTables(positions as [number[], number[], number[]], config);
    expect([tables.rows, tables.pairs]).toEqual([7, 16]);
    expectClose(tables.cos, cos, 1e-6);
    expectClose(tables.sin, sin, 1e-6);
  });

  it('refuses sections that do not cover a head', () => {
    const broken = { ...config, mropeSection: [4, 6, 5] as [number, number, number] };
    expect(() => textRotaryTables([[0], [0], [0]], broken)).toThrow(/15 of 16/);
  });
});

describe('visionRotaryTables', () => {
  it('uses the row for the first half of the pairs, the column for the second, in patch order', () => {
    const { grid, merge, head_dim: headDim, cos, sin } = vectors.vision;
    const tables = visionRotaryTables(grid as GridThw, merge, headDim);
    expect([tables.rows, tables.pairs]).toEqual([24, 40]);
    expectClose(tables.cos, cos, 1e-6);
    expectClose(tables.sin, sin, 1e-6);
  });
});
