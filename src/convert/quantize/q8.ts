/** 8-bit weights: each block of 32 weights shares one float16 scale; a weight is (byte − 128) × scale, byte 1…255. */
import { BLOCK_SIZE } from '../../shared/pack';
import { float16Bits, float16Value } from './half';

/**
 * Quantizes rows to 8 bits.
 * @param values float32 [rows × K], K a multiple of 32
 * @returns data uint8 [rows, K/32, 32]; scales float16 bits [rows, K/32], max |x| / 127
 */
export function quantizeQ8(values: Float32Array): { data: Uint8Array; scales: Uint16Array } {
  const blocks = values.length / BLOCK_SIZE;
  const data = new Uint8Array(values.length);
  const scales = new Uint16Array(blocks);
  for (let block = 0; block < blocks; block++) {
    const start = block * BLOCK_SIZE;
    let magnitude = 0;
    for (let i = start; i < start + BLOCK_SIZE; i++)
      magnitude = Math.max(magnitude, Math.abs(values[i] as number));
    const scaleBits = float16Bits(magnitude / 127);
    const scale = float16Value(scaleBits);
    scales[block] = scaleBits;
    for (let i = start; i < start + BLOCK_SIZE; i++) data[i] = toByte(values[i] as number, scale);
  }
  return { data, scales };
}

/** round(x / scale) + 128, ties to even as in onnxruntime, clamped to ±127; 128 (zero) if the scale is 0. */
function toByte(value: number, scale: number): number {
  if (scale === 0) return 128;
  const ratio = value / scale;
  let level = Math.round(ratio);
  if (level - ratio === 0.5 && (level & 1) === 1) level -= 1;
  return (level < -127 ? -127 : level > 127 ? 127 : level) + 128;
}
