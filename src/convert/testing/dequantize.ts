/** The inverse of quantize/q4.ts and quantize/q8.ts. */
import { float16Value } from '../../shared/half';
import { BLOCK_SIZE } from '../../shared/pack';

/** @param data uint8 [rows, K/32, 16] @param scales float16 bits [rows, K/32] @returns float32 [rows × K] */
export function dequantizeQ4(data: Uint8Array, scales: Uint16Array): Float32Array {
  const values = new Float32Array(data.length * 2);
  for (let i = 0; i < values.length; i++) {
    const byte = data[i >> 1] as number;
    const nibble = i & 1 ? byte >> 4 : byte & 15;
    values[i] = (nibble - 8) * float16Value(scales[Math.floor(i / BLOCK_SIZE)] as number);
  }
  return values;
}

/** @param data uint8 [rows, K/32, 32] @param scales float16 bits [rows, K/32] @returns float32 [rows × K] */
export function dequantizeQ8(data: Uint8Array, scales: Uint16Array): Float32Array {
  return Float32Array.from(
    data,
    (byte, i) => (byte - 128) * float16Value(scales[Math.floor(i / BLOCK_SIZE)] as number),
  );
}
