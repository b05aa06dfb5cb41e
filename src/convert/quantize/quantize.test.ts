import { describe, expect, it } from 'vitest';
import type { RoundsError } from '../../shared/errors';
import { BLOCK_SIZE } from '../../shared/pack';
import { encodeFloats, seeded } from '../testing/testCheckpoint';
import { dequantizeQ4, dequantizeQ8 } from '../testing/dequantize';
import { float16Bits, float16Value } from './half';
import { quantizeQ4 } from './q4';
import { quantizeQ8 } from './q8';
import { quantizeRows, type QuantizeJob } from './quantizeRows';

/** Roughly bell-shaped with a few outliers, as weights are. */
function weights(count: number, seed: number): Float32Array {
  const next = seeded(seed);
  return Float32Array.from({ length: count }, () => {
    const bell = next() + next() + next();
    return 0.02 * bell * (next() > 0.98 ? 6 : 1);
  });
}

function blockErrors(values: Float32Array, restored: Float32Array): number[] {
  return Array.from({ length: values.length / BLOCK_SIZE }, (_, block) => {
    let sum = 0;
    for (let i = block * BLOCK_SIZE; i < (block + 1) * BLOCK_SIZE; i++) {
      sum += ((values[i] as number) - (restored[i] as number)) ** 2;
    }
    return sum;
  });
}

describe('quantizeQ4', () => {
  it('packs element 2j into the low nibble of byte j, value = (nibble − 8) × scale', () => {
    // Scale = −(−8) / 8 = 1 exactly, so every level is an integer.
    const values = Float32Array.from({ length: 32 }, (_, i) => (i % 16) - 8);
    const { data, scales } = quantizeQ4(values, false);
    expect([...scales]).toEqual([float16Bits(1)]);
    expect([...data]).toEqual(
      Array.from({ length: 16 }, (_, j) => ((2 * j) % 16) | (((2 * j + 1) % 16) << 4)),
    );
    expect(dequantizeQ4(data, scales)).toEqual(values);
  });

  it('uses a negative scale if the extreme is positive, and represents the extreme exactly', () => {
    const values = new Float32Array(32);
    values[5] = 8;
    values[6] = -8;
    values[7] = -7;
    const { data, scales } = quantizeQ4(values, false);
    expect(float16Value(scales[0] as number)).toBe(-1);
    const restored = dequantizeQ4(data, scales);
    expect([restored[5], restored[6], restored[7]]).toEqual([8, -7, -7]);
  });

  it('rounds half-way values up, as floor(x / scale + 8.5) does', () => {
    const values = new Float32Array(32);
    values[0] = -8;
    values[1] = 0.5;
    values[2] = -0.5;
    const { data } = quantizeQ4(values, false);
    expect([(data[0] as number) & 15, (data[0] as number) >> 4, (data[1] as number) & 15]).toEqual([0, 9, 8]);
  });

  it('stores zeros for all-zero blocks and for blocks that underflow float16', () => {
    for (const search of [false, true]) {
      for (const value of [0, 1e-12]) {
        const { data, scales } = quantizeQ4(new Float32Array(32).fill(value), search);
        expect(float16Value(scales[0] as number)).toBeCloseTo(0, 20);
        expect(new Set(data)).toEqual(new Set([0x88]));
      }
    }
  });

  it('is off by at most half a step, or by one step at the extreme without a level of its own', () => {
    const values = weights(32 * 500, 1);
    const { data, scales } = quantizeQ4(values, false);
    const restored = dequantizeQ4(data, scales);
    for (let i = 0; i < values.length; i++) {
      const scale = float16Value(scales[Math.floor(i / 32)] as number);
      const ratio = (values[i] as number) / scale;
      const limit = ratio > 7.5 ? ratio - 7 : 0.5;
      // float16 rounds the scale by up to 2^-11, which has the largest effect at level 8.
      expect(Math.abs(ratio - (restored[i] as number) / scale)).toBeLessThanOrEqual(limit + 8 * 2 ** -11);
    }
  });

  it('has no larger error with search than with absmax in any block, and a smaller one in total', () => {
    const values = weights(32 * 2000, 2);
    const plain = quantizeQ4(values, false);
    const searched = quantizeQ4(values, true);
    const plainErrors = blockErrors(values, dequantizeQ4(plain.data, plain.scales));
    const searchedErrors = blockErrors(values, dequantizeQ4(searched.data, searched.scales));
    for (const [i, error] of searchedErrors.entries()) {
      expect(error).toBeLessThanOrEqual((plainErrors[i] as number) * (1 + 1e-9));
    }
    const sum = (errors: number[]): number => errors.reduce((a, b) => a + b, 0);
    // docs/quantization.md: the search reduces the squared error by about a tenth.
    expect(sum(searchedErrors) / sum(plainErrors)).toBeLessThan(0.95);
  });

  it('minimises the weighted error of every block if inputs differ in importance', () => {
    const next = seeded(31);
    const importance = Float32Array.from({ length: 64 }, () => next() ** 8);
    const values = weights(64 * 100, 4);
    const weighted = (q: { data: Uint8Array; scales: Uint16Array }): number[] => {
      const root = (i: number): number => Math.sqrt(importance[i % 64] as number);
      const scaled = (from: Float32Array): Float32Array => from.map((value, i) => value * root(i));
      return blockErrors(scaled(values), scaled(dequantizeQ4(q.data, q.scales)));
    };
    const even = weighted(quantizeQ4(values, true));
    const measured = weighted(quantizeQ4(values, true, importance));
    expect(measured.every((error, i) => error <= (even[i] as number) * (1 + 1e-6))).toBe(true);
    const sum = (errors: number[]): number => errors.reduce((total, error) => total + error, 0);
    expect(sum(measured)).toBeLessThan(0.95 * sum(even));
    // Equal importance changes nothing.
    expect(quantizeQ4(values, true, new Float32Array(64).fill(0.5))).toEqual(quantizeQ4(values, true));
  });
});

describe('quantizeQ8', () => {
  it('stores round(x / scale) + 128 with ties to even, scale = max |x| / 127', () => {
    const values = new Float32Array(32);
    values.set([127, -127, 2.5, 3.5, -2.5, 1]);
    const { data, scales } = quantizeQ8(values);
    expect(float16Value(scales[0] as number)).toBe(1);
    expect([...data.subarray(0, 7)]).toEqual([255, 1, 130, 132, 126, 129, 128]);
  });

  it('is off by at most half a step', () => {
    const values = weights(32 * 500, 3);
    const { data, scales } = quantizeQ8(values);
    const restored = dequantizeQ8(data, scales);
    for (let i = 0; i < values.length; i++) {
      const scale = float16Value(scales[Math.floor(i / 32)] as number);
      const error = Math.abs((values[i] as number) - (restored[i] as number));
      expect(error).toBeLessThanOrEqual(scale * (0.5 + 127 * 2 ** -11));
    }
  });

  it('stores 128 for all-zero blocks', () => {
    const { data, scales } = quantizeQ8(new Float32Array(64));
    expect([...scales]).toEqual([0, 0]);
    expect(new Set(data)).toEqual(new Set([128]));
  });
});

describe('quantizeRows', () => {
  const job = (values: Float32Array, change: Partial<QuantizeJob>): QuantizeJob => ({
    tensor: 'x.weight',
    stored: 'F32',
    bytes: encodeFloats(values, 'F32').buffer as ArrayBuffer,
    rows: 1,
    columns: values.length,
    paddedColumns: values.length,
    dtype: 'f32',
    search: false,
    importance: null,
    ...change,
  });
  const codeOf = (work: () => unknown): string => {
    try {
      work();
    } catch (thrown) {
      return `${(thrown as RoundsError).code}: ${(thrown as RoundsError).message}`;
    }
    return 'no error';
  };

  it('pads every row with zeros', () => {
    const { data } = quantizeRows(
      job(Float32Array.of(1, 2, 3, 4, 5, 6), { rows: 2, columns: 3, paddedColumns: 4 }),
    );
    expect([...new Float32Array(data.buffer)]).toEqual([1, 2, 3, 0, 4, 5, 6, 0]);
  });

  it('rounds to float16 and refuses values that overflow, naming the tensor', () => {
    const { data } = quantizeRows(job(Float32Array.of(1, -2.0004), { dtype: 'f16' }));
    expect([...new Uint16Array(data.buffer)]).toEqual([0x3c00, 0xc000]);
    expect(codeOf(() => quantizeRows(job(Float32Array.of(70000), { dtype: 'f16' })))).toMatch(
      /^model_unsupported: x\.weight .*--weights f32/,
    );
    const huge = new Float32Array(32).fill(3e38);
    expect(codeOf(() => quantizeRows(job(huge, { dtype: 'q4' })))).toMatch(/^model_unsupported/);
    expect(codeOf(() => quantizeRows(job(huge, { dtype: 'q8' })))).toMatch(/^model_unsupported/);
  });

  it('refuses NaN and infinite weights, naming the tensor', () => {
    for (const value of [NaN, -Infinity]) {
      expect(codeOf(() => quantizeRows(job(Float32Array.of(1, value), {})))).toMatch(
        /^checkpoint_invalid: x\.weight/,
      );
    }
  });
});
