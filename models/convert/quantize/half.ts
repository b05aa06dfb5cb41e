/**
 * float16 and bfloat16, both IEEE-style, converted bit by bit with round to nearest, ties to even.
 * Arrays are read in the host's byte order; every host that runs a browser or Node is little-endian, as are the files.
 */
const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** Largest finite float16. */
export const MAX_FLOAT16 = 65_504;

/** Bits of the float16 nearest to `value` (taken as float32 first). Overflow gives infinity, NaN stays NaN. */
export function float16Bits(value: number): number {
  f32[0] = value;
  const bits = u32[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 is half-way between 65504 and the next step, which does not exist: ties go to even, here infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // Normal: adding half a unit less one, plus the lowest kept bit, rounds ties to even and carries into the exponent.
    return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13);
  }
  // 2^-25 is half of the smallest subnormal: a tie with 0, which is even.
  if (magnitude <= 0x33000000) return sign;
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - (magnitude >>> 23);
  const kept = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0));
}

/** The value of a float16. Called for every scale that the search tries, so by bits and not by powers. */
export function float16Value(bits: number): number {
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0) return (bits & 0x8000 ? -mantissa : mantissa) * 2 ** -24;
  // Normal numbers move from bias 15 to 127; infinity and NaN have all exponent bits set in both types.
  const widened = exponent === 31 ? 0xff : exponent + 112;
  u32[0] = ((bits & 0x8000) << 16) | (widened << 23) | (mantissa << 13);
  return f32[0] as number;
}

/** Bits of the bfloat16 nearest to `value` (taken as float32 first). */
export function bfloat16Bits(value: number): number {
  f32[0] = value;
  const bits = u32[0] as number;
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) | 0x40) & 0xffff;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The value of a bfloat16. */
export function bfloat16Value(bits: number): number {
  u32[0] = bits << 16;
  return f32[0] as number;
}

export type FloatDtype = 'BF16' | 'F16' | 'F32';

export const FLOAT_BYTES: Readonly<Record<FloatDtype, number>> = { BF16: 2, F16: 2, F32: 4 };

/**
 * Widens stored weights to float32, which is exact for all three types.
 * @param bytes little-endian, as in the file; 4-byte aligned at its start
 * @returns the values, or null where one of them is NaN or infinite
 */
export function widenToFloat32(bytes: ArrayBuffer, dtype: FloatDtype): Float32Array | null {
  if (dtype === 'F32') {
    const values = new Float32Array(bytes);
    const bits = new Uint32Array(bytes);
    for (let i = 0; i < bits.length; i++) if (((bits[i] as number) & 0x7f800000) === 0x7f800000) return null;
    return values;
  }
  const source = new Uint16Array(bytes);
  return dtype === 'BF16' ? widenBfloat16(source) : widenFloat16(source);
}

function widenBfloat16(source: Uint16Array): Float32Array | null {
  const values = new Float32Array(source.length);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < source.length; i++) {
    const half = source[i] as number;
    if ((half & 0x7f80) === 0x7f80) return null;
    bits[i] = half << 16;
  }
  return values;
}

function widenFloat16(source: Uint16Array): Float32Array | null {
  const values = new Float32Array(source.length);
  for (let i = 0; i < source.length; i++) {
    const half = source[i] as number;
    if ((half & 0x7c00) === 0x7c00) return null;
    values[i] = float16Value(half);
  }
  return values;
}
