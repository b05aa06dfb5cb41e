import { describe, expect, it } from 'vitest';
import { floatArrayFromHalf, fromHalfBits, halfArrayFrom, toHalfBits } from './half';

describe('float16', () => {
  it('returns every one of the 65,536 bit patterns unchanged', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = fromHalfBits(bits);
      if (Number.isNaN(value)) expect(toHalfBits(value) & 0x7fff).toBeGreaterThan(0x7c00);
      else expect(toHalfBits(value)).toBe(bits);
    }
  });

  it('rounds halfway cases to even', () => {
    // Above 2048 float16 holds only even numbers.
    expect(fromHalfBits(toHalfBits(2049))).toBe(2048);
    expect(fromHalfBits(toHalfBits(2051))).toBe(2052);
    expect(fromHalfBits(toHalfBits(2 ** -25))).toBe(0);
    expect(fromHalfBits(toHalfBits(3 * 2 ** -25))).toBe(2 ** -23);
  });

  it('overflows to infinity exactly where rounding would', () => {
    expect(fromHalfBits(toHalfBits(65519))).toBe(65504);
    expect(fromHalfBits(toHalfBits(65520))).toBe(Infinity);
    expect(fromHalfBits(toHalfBits(-1e9))).toBe(-Infinity);
  });

  it('converts arrays', () => {
    const values = [0, -1.5, 0.1, 65504];
    const back = floatArrayFromHalf(halfArrayFrom(values));
    expect([...back]).toEqual([0, -1.5, 0.0999755859375, 65504]);
  });
});
