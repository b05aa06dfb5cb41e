/** float16 ↔ float32 on raw bits, rounding to nearest even. */

const floatView = new Float32Array(1);
const bitsView = new Uint32Array(floatView.buffer);
let decodeTable: Float32Array | null = null;

/** Bits of the nearest float16; overflow gives infinity. */
export function toHalfBits(value: number): number {
  floatView[0] = value;
  const bits = bitsView[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x7f800000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x33000001) return sign;
  const exponent = magnitude >>> 23;
  if (exponent < 113) {
    // Subnormal: shift the full 24-bit significand down, ties to even.
    const shift = 126 - exponent;
    const significand = (magnitude & 0x7fffff) | 0x800000;
    const half = 1 << (shift - 1);
    const truncated = significand >>> shift;
    const rest = significand & ((1 << shift) - 1);
    return sign | (truncated + (rest > half || (rest === half && (truncated & 1) === 1) ? 1 : 0));
  }
  const rounded = magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1);
  return sign | (rounded >>> 13);
}

export function fromHalfBits(bits: number): number {
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function halfArrayFrom(values: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const result = new Uint16Array(values.length);
  for (let i = 0; i < result.length; i++) result[i] = toHalfBits(values[i] ?? 0);
  return result;
}

export function floatArrayFromHalf(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const table = (decodeTable ??= Float32Array.from({ length: 65536 }, (_, i) => fromHalfBits(i)));
  const result = new Float32Array(bits.length);
  for (let i = 0; i < result.length; i++) result[i] = table[bits[i] ?? 0] ?? 0;
  return result;
}
