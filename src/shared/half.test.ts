import { describe, expect, it } from 'vitest';
import { floatArrayFromHalf, float16Value, halfArrayFrom, float16Bits } from './half';

describe('float16', () => {
  it('round-trips all 65,536 bit patterns', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = float16Value(bits);
      if (Number.isNaN(value)) expect(float16Bits(value) & 0x7fff).toBeGreaterThan(0x7c00);
      else expect(float16Bits(value)).toBe(bits);
    }
  });

  it('rounds halfway cases to even', () => {
    // Above 2048, float16 has only even integers.
    expect(float16Value(float16Bits(2049))).toBe(2048);
    expect(float16Value(float16Bits(2051))).toBe(2052);
    expect(float16Value(float16Bits(2 ** -25))).toBe(0);
    expect(float16Value(float16Bits(3 * 2 ** -25))).toBe(2 ** -23);
  });

  it('overflows to infinity exactly where rounding would', () => {
    expect(float16Value(float16Bits(65519))).toBe(65504);
    expect(float16Value(float16Bits(65520))).toBe(Infinity);
    expect(float16Value(float16Bits(-1e9))).toBe(-Infinity);
  });

  it('converts arrays', () => {
    const values = [0, -1.5, 0.1, 65504];
    const back = floatArrayFromHalf(halfArrayFrom(values));
    expect([...back]).toEqual([0, -1.5, 0.0999755859375, 65504]);
  });
});
