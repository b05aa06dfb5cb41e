/**
 * 4-bit weights: blocks of 32 along a row share one float16 scale; a weight is (nibble − 8) × scale, nibble 0…15.
 * The layout is what onnxruntime's MatMulNBits and GatherBlockQuantized read (docs/quantization.md).
 */
import { BLOCK_SIZE } from '../../shared/pack';
import { openBlockErrors } from './blockErrors';
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
 * @param importance float32 [K]: what an error of each column counts in the search; null: all the same
 * @returns blob uint8 [rows, K/32, 16], element 2j in the low nibble of byte j; scales float16 bits [rows, K/32]
 */
export function quantizeQ4(
  values: Float32Array,
  search: boolean,
  importance: Float32Array | null = null,
): { data: Uint8Array; scales: Uint16Array } {
  const blocks = values.length / BLOCK_SIZE;
  const data = new Uint8Array(blocks * BYTES_PER_BLOCK);
  const scales = new Uint16Array(blocks);
  for (let block = 0; block < blocks; block++) {
    const start = block * BLOCK_SIZE;
    const absmax = signedMax(values, start) / -8;
    const scaleBits = search ? searchScale(values, start, absmax, importance) : float16Bits(absmax);
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

/**
 * Every candidate is rounded to float16 before it is tried, so the error compared is the error stored. The first of
 * equal errors wins. A candidate that float16 makes 0 is none.
 */
function searchScale(
  values: Float32Array,
  start: number,
  absmax: number,
  importance: Float32Array | null,
): number {
  const { block, scales, errors } = trials;
  for (let i = 0; i < BLOCK_SIZE; i++) block[i] = values[start + i] as number;
  const magnitude = Math.abs(absmax);
  if (magnitude >= SURELY_NORMAL && magnitude < SURELY_FINITE) roundNormal(absmax, scales);
  else roundAny(absmax, scales);
  if (importance) {
    const column = start % importance.length;
    trials.importance.set(importance.subarray(column, column + BLOCK_SIZE));
    trials.runWeighted(SEARCH_FACTORS.length);
  } else trials.run(SEARCH_FACTORS.length);
  let best = 0;
  let bestError = Number.isNaN(scales[0]) ? Infinity : (errors[0] as number);
  for (let i = 1; i < SEARCH_FACTORS.length; i++) {
    if ((errors[i] as number) < bestError) {
      best = i;
      bestError = errors[i] as number;
    }
  }
  return float16Bits(absmax * (SEARCH_FACTORS[best] as number));
}

const trials = openBlockErrors();
const factors = Float64Array.from(SEARCH_FACTORS);
const singles = new Float32Array(SEARCH_FACTORS.length);
const singleBits = new Uint32Array(singles.buffer);
/** From here on every factor gives a normal float16 (from 2^-14), and below a finite one (to 65504). */
const SURELY_NORMAL = 2 ** -13;
const SURELY_FINITE = 2 ** 15;

/** The candidates, rounded as `float16Bits` does where the result is normal: ties to even at the 13th bit of float32. */
function roundNormal(absmax: number, scales: Float64Array): void {
  for (let f = 0; f < factors.length; f++) singles[f] = absmax * (factors[f] as number);
  for (let f = 0; f < factors.length; f++) {
    const bits = singleBits[f] as number;
    singleBits[f] = (bits + 0xfff + ((bits >>> 13) & 1)) & 0xffffe000;
  }
  for (let f = 0; f < factors.length; f++) scales[f] = singles[f] as number;
}

/** The same for any size. What becomes 0 is given as NaN: its error is below none. */
function roundAny(absmax: number, scales: Float64Array): void {
  for (let f = 0; f < factors.length; f++) {
    scales[f] = float16Value(float16Bits(absmax * (factors[f] as number))) || NaN;
  }
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
