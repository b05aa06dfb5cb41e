import { describe, expect, it } from 'vitest';
import { bfloat16Bits, float16Bits, float16Value, widenToFloat32 } from './half';

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** The value of a bfloat16. */
function bfloat16Value(bits: number): number {
  u32[0] = bits << 16;
  return f32[0] as number;
}

/** The float32 next to `value`, away from zero (1) or towards it (−1). */
function neighbour(value: number, step: 1 | -1): number {
  f32[0] = value;
  u32[0] = (u32[0] as number) + step;
  return f32[0];
}

describe('float16', () => {
  it('round-trips all 65,536 bit patterns', () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = float16Value(bits);
      const back = float16Bits(value);
      if (Number.isNaN(value) ? (back & 0x7fff) !== 0x7e00 : back !== bits) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });

  it('rounds to the nearest value, ties to even, between every two neighbours', () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 0x7bff; bits++) {
      const middle = (float16Value(bits) + float16Value(bits + 1)) / 2;
      const even = bits & 1 ? bits + 1 : bits;
      if (float16Bits(middle) !== even || float16Bits(-middle) !== (even | 0x8000)) wrong.push(bits);
      if (float16Bits(neighbour(middle, -1)) !== bits) wrong.push(bits);
      if (float16Bits(neighbour(middle, 1)) !== bits + 1) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });

  it('handles its limits', () => {
    expect(float16Value(0x7bff)).toBe(65504);
    expect(float16Value(1)).toBe(2 ** -24);
    expect(float16Value(0x3c00)).toBe(1);
    expect(float16Bits(65519.99)).toBe(0x7bff);
    expect(float16Bits(65520)).toBe(0x7c00);
    expect(float16Bits(-1e30)).toBe(0xfc00);
    expect(Object.is(float16Value(0x8000), -0)).toBe(true);
  });
});

describe('bfloat16', () => {
  it('round-trips all 65,536 bit patterns', () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = bfloat16Value(bits);
      const back = bfloat16Bits(value);
      if (Number.isNaN(value) ? (back & 0x7fc0) !== 0x7fc0 : back !== bits) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });

  it('rounds to the nearest value, ties to even, between every two neighbours', () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 0x7f7f; bits++) {
      u32[0] = (bits << 16) | 0x8000;
      const middle = f32[0] as number;
      if (bfloat16Bits(middle) !== (bits & 1 ? bits + 1 : bits)) wrong.push(bits);
      if (bfloat16Bits(neighbour(middle, -1)) !== bits) wrong.push(bits);
      if (bfloat16Bits(neighbour(middle, 1)) !== bits + 1) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });
});

describe('widenToFloat32', () => {
  it('gives the exact value of every finite stored number', () => {
    for (const [dtype, exponent, value] of [
      ['F16', 0x7c00, float16Value],
      ['BF16', 0x7f80, bfloat16Value],
    ] as const) {
      const all = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
      const finite = all.filter((bits) => (bits & exponent) !== exponent);
      const widened = widenToFloat32(finite.buffer, dtype);
      expect(widened?.every((x, i) => Object.is(x, value(finite[i] as number)))).toBe(true);
      expect(widened?.length).toBe(finite.length);
    }
    const floats = Float32Array.of(0, -1.5, 3.4e38, 1e-45);
    expect(widenToFloat32(floats.slice().buffer, 'F32')).toEqual(floats);
  });

  it('gives null for NaN and infinities of every type', () => {
    for (const bits of [0x7c00, 0xfc00, 0x7e01]) {
      expect(widenToFloat32(Uint16Array.of(0, bits).buffer, 'F16')).toBeNull();
    }
    for (const bits of [0x7f80, 0xff80, 0x7fc1]) {
      expect(widenToFloat32(Uint16Array.of(0, bits).buffer, 'BF16')).toBeNull();
    }
    for (const value of [NaN, Infinity, -Infinity]) {
      expect(widenToFloat32(Float32Array.of(0, value).buffer, 'F32')).toBeNull();
    }
  });
});
