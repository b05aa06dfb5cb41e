/** Conversion between float16 (as raw bits) and float32, rounding to nearest, ties to even. */

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);
let decodeTable: Float32Array | null = null;

/** Bits of the float16 nearest to `value`, which is rounded to float32 first. Overflow gives infinity, NaN stays NaN. */
export function float16Bits(value: number): number {
  f32[0] = value;
  const bits = u32[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 is half-way between 65504 and the next step, which would be 65536: the tie goes to even, here infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // Normal: adding half a unit less one, plus the lowest remaining bit, rounds ties to even; carries reach the exponent.
    return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13);
  }
  // 2^-25 is half of the smallest subnormal: a tie that goes to 0, which is even.
  if (magnitude <= 0x33000000) return sign;
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - (magnitude >>> 23);
  const kept = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0));
}

/** The value of a float16. Called for every candidate of the scale search, so it works on bits instead of powers. */
export function float16Value(bits: number): number {
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0) return (bits & 0x8000 ? -mantissa : mantissa) * 2 ** -24;
  // The exponent bias changes from 15 to 127; infinity and NaN have all exponent bits set in both types.
  const widened = exponent === 31 ? 0xff : exponent + 112;
  u32[0] = ((bits & 0x8000) << 16) | (widened << 23) | (mantissa << 13);
  return f32[0] as number;
}

/** Rounds values to float16 bits. */
export function halfArrayFrom(values: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const result = new Uint16Array(values.length);
  for (let i = 0; i < result.length; i++) result[i] = float16Bits(values[i] ?? 0);
  return result;
}

/** Widens float16 bits, by a table of all 65,536 values. */
export function floatArrayFromHalf(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const table = (decodeTable ??= Float32Array.from({ length: 65536 }, (_, i) => float16Value(i)));
  const result = new Float32Array(bits.length);
  for (let i = 0; i < result.length; i++) result[i] = table[bits[i] ?? 0] ?? 0;
  return result;
}
