/**
 * Rounding to bfloat16, and widening stored weights (bfloat16, float16, float32) to float32; src/shared/half.ts has
 * float16. Arrays are read in the host's byte order: every host that runs a browser or Node is little-endian, as are
 * the files.
 */
import { float16Bits, float16Value } from '../../shared/half';

export { float16Bits, float16Value };

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** Largest finite float16. */
export const MAX_FLOAT16 = 65_504;

/** Bits of the bfloat16 nearest to `value`, ties to even. `value` is rounded to float32 first. */
export function bfloat16Bits(value: number): number {
  f32[0] = value;
  const bits = u32[0] as number;
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) | 0x40) & 0xffff;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

export type FloatDtype = 'BF16' | 'F16' | 'F32';

export const FLOAT_BYTES: Readonly<Record<FloatDtype, number>> = { BF16: 2, F16: 2, F32: 4 };

/**
 * Widens stored weights to float32, which is exact for all three types.
 * @param bytes little-endian, as in the file
 * @returns the values, or null if any of them is NaN or infinite
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
