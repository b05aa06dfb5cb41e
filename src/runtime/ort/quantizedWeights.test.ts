import { describe, expect, it } from 'vitest';
import { float16Bits, float16Value } from '../../shared/half';
import { transposedInt4, transposedInt8, transposedValues, type QuantizedDtype } from './quantizedWeights';

/** More rows than one tile, and not a multiple of it. */
const ROWS = 70;
const COLUMNS = 96;

const scales = Uint16Array.from({ length: (ROWS * COLUMNS) / 32 }, (_, i) => float16Bits(0.01 * (i - 50)));
const bytes: Record<QuantizedDtype, Uint8Array> = {
  q4: Uint8Array.from({ length: (ROWS * COLUMNS) / 2 }, (_, i) => (i * 37) % 256),
  q8: Uint8Array.from({ length: ROWS * COLUMNS }, (_, i) => (i * 37) % 256),
};

/** As docs/pack-format.md defines it. */
function integerAt(dtype: QuantizedDtype, row: number, column: number): number {
  const at = row * COLUMNS + column;
  if (dtype === 'q8') return (bytes.q8[at] ?? 0) - 128;
  return (((bytes.q4[at >> 1] ?? 0) >> (4 * (at & 1))) & 15) - 8;
}

function scaleAt(row: number, column: number): number {
  return float16Value(scales[(row * COLUMNS + column - (column % 32)) / 32] ?? 0);
}

/** [COLUMNS, ROWS] */
function expected(of: (row: number, column: number) => number): number[] {
  return Array.from({ length: ROWS * COLUMNS }, (_, i) => of(i % ROWS, Math.floor(i / ROWS)));
}

describe.each(['q4', 'q8'] as const)('%s weights', (dtype) => {
  it('become float32, transposed', () => {
    const values = transposedValues(bytes[dtype], scales, ROWS, dtype);
    expect([...values]).toEqual(
      expected((row, column) => Math.fround(integerAt(dtype, row, column) * scaleAt(row, column))),
    );
  });

  it('become integers of one byte, transposed', () => {
    const result = new Int8Array(transposedInt8(bytes[dtype], ROWS, dtype).buffer);
    expect([...result]).toEqual(expected((row, column) => integerAt(dtype, row, column)));
  });
});

it('become integers of half a byte, transposed', () => {
  const packed = transposedInt4(bytes.q4, ROWS);
  const result = [...packed].flatMap((pair) => [(pair << 28) >> 28, (pair << 24) >> 28]);
  expect(result).toEqual(expected((row, column) => integerAt('q4', row, column)));
});
