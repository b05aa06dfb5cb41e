/**
 * 4-bit weights: blocks of 32 along a row share one float16 scale; a weight is (nibble − 8) × scale, nibble 0…15.
 * The layout is what onnxruntime's MatMulNBits and GatherBlockQuantized read (docs/quantization.md).
 */
import { BLOCK_SIZE } from '../../../src/shared/pack';
import { float16Bits, float16Value } from './half';

const BYTES_PER_BLOCK = BLOCK_SIZE / 2;

/**
 * Scales that the search tries, as factors of the absmax scale: 1, and 20 evenly spaced from 0.62 to 1.20.
 * Below 1 the block's extreme is clipped and the rest gets finer steps; above 1 the step may fit the others better.
 */
export const SEARCH_FACTORS: readonly number[] = [
  1,
  ...Array.from({ length: 20 }, (_, i) => 0.62 + (0.58 * i) / 19),
];

/**
 * @param values float32 [rows × K], K a multiple of 32
 * @param search false: absmax scale (signed value of largest magnitude / −8, so that it is exact at nibble 0);
 *   true: the factor of that scale with the least squared error in the block
 * @returns blob uint8 [rows, K/32, 16], element 2j in the low nibble of byte j; scales float16 bits [rows, K/32]
 */
export function quantizeQ4(values: Float32Array, search: boolean): { data: Uint8Array; scales: Uint16Array } {
  const blocks = values.length / BLOCK_SIZE;
  const data = new Uint8Array(blocks * BYTES_PER_BLOCK);
  const scales = new Uint16Array(blocks);
  for (let block = 0; block < blocks; block++) {
    const start = block * BLOCK_SIZE;
    const absmax = signedMax(values, start) / -8;
    const scaleBits = search ? searchScale(values, start, absmax) : float16Bits(absmax);
    scales[block] = scaleBits;
    packBlock(values, start, float16Value(scaleBits), data, block * BYTES_PER_BLOCK);
  }
  return { data, scales };
}

/** The element of largest magnitude with its sign; the first of equals. */
function signedMax(values: Float32Array, start: number): number {
  let extreme = 0;
  let magnitude = 0;
  for (let i = start; i < start + BLOCK_SIZE; i++) {
    const value = values[i] as number;
    if (Math.abs(value) > magnitude) {
      magnitude = Math.abs(value);
      extreme = value;
    }
  }
  return extreme;
}

/** Every candidate is rounded to float16 before it is tried, so the error compared is the error stored. */
function searchScale(values: Float32Array, start: number, absmax: number): number {
  for (let i = 0; i < BLOCK_SIZE; i++) scratch[i] = values[start + i] as number;
  let bestBits = float16Bits(absmax);
  let bestError = blockError(float16Value(bestBits), Infinity);
  for (let f = 1; f < SEARCH_FACTORS.length; f++) {
    const bits = float16Bits(absmax * (SEARCH_FACTORS[f] as number));
    const error = blockError(float16Value(bits), bestError);
    if (error < bestError) {
      bestError = error;
      bestBits = bits;
    }
  }
  return bestBits;
}

/** The block that is searched, widened once for its 21 trials: that alone halves the time. */
const scratch = new Float64Array(BLOCK_SIZE);
/** 1.5 × 2^52: adding and taking it away rounds a float64 below 2^51 to a whole number. */
const ROUNDING = 6_755_399_441_055_744;

/**
 * Sum of squared errors of the scratch block, or anything ≥ `limit` once it cannot win any more. Half-way values may
 * round to the other side than in `toNibble`, which leaves the error as it is. Two sums let the processor overlap.
 */
function blockError(scale: number, limit: number): number {
  if (scale === 0) return Infinity;
  const inverse = 1 / scale;
  const square = scale * scale;
  let even = 0;
  let odd = 0;
  for (let i = 0; i < BLOCK_SIZE; i += 8) {
    for (let j = i; j < i + 8; j += 2) {
      const first = (scratch[j] as number) * inverse;
      const second = (scratch[j + 1] as number) * inverse;
      const firstLevel = first + ROUNDING - ROUNDING;
      const secondLevel = second + ROUNDING - ROUNDING;
      const firstError = first - (firstLevel > 7 ? 7 : firstLevel < -8 ? -8 : firstLevel);
      const secondError = second - (secondLevel > 7 ? 7 : secondLevel < -8 ? -8 : secondLevel);
      even += firstError * firstError;
      odd += secondError * secondError;
    }
    if ((even + odd) * square >= limit) return limit;
  }
  return (even + odd) * square;
}

/** Division, not a reciprocal: values that lie exactly between two levels are common in bfloat16 and must go one way. */
function packBlock(values: Float32Array, start: number, scale: number, data: Uint8Array, out: number): void {
  for (let j = 0; j < BYTES_PER_BLOCK; j++) {
    const low = toNibble(values[start + 2 * j] as number, scale);
    const high = toNibble(values[start + 2 * j + 1] as number, scale);
    data[out + j] = low | (high << 4);
  }
}

/** floor(x / scale + 8.5), clamped. A scale of 0 (an all-zero block, or one below float16) stores 8, which is 0. */
function toNibble(value: number, scale: number): number {
  if (scale === 0) return 8;
  const level = Math.floor(value / scale + 8.5);
  return level < 0 ? 0 : level > 15 ? 15 : level;
}

/** The inverse, for inspection and tests. */
export function dequantizeQ4(data: Uint8Array, scales: Uint16Array): Float32Array {
  const values = new Float32Array(data.length * 2);
  for (let i = 0; i < values.length; i++) {
    const byte = data[i >> 1] as number;
    const nibble = i & 1 ? byte >> 4 : byte & 15;
    values[i] = (nibble - 8) * float16Value(scales[Math.floor(i / BLOCK_SIZE)] as number);
  }
  return values;
}
