/**
 * 4-bit weights: each block of 32 weights along a row shares one float16 scale; a weight is (nibble − 8) × scale with
 * nibble 0…15. The layout is that of onnxruntime's MatMulNBits and GatherBlockQuantized (docs/quantization.md).
 */
import { BLOCK_SIZE } from '../../shared/pack';
import { createBlockErrors } from './blockErrors';
import { float16Bits, float16Value } from './half';

const BYTES_PER_BLOCK = BLOCK_SIZE / 2;

/**
 * Candidate scales of the search, as factors of the absmax scale: 1, and 20 evenly spaced values from 0.62 to 1.20.
 * A factor below 1 clips the block's extreme and gives the other weights finer steps; a step above 1 may fit the other
 * weights better.
 */
const SEARCH_FACTORS: readonly number[] = [
  1,
  ...Array.from({ length: 20 }, (_, i) => 0.62 + (0.58 * i) / 19),
];

/**
 * Quantizes rows to 4 bits.
 * @param values float32 [rows × K], K a multiple of 32
 * @param search false: use the absmax scale (the signed value of largest magnitude / −8, which makes that value exact
 *   at nibble 0); true: use the factor of that scale with the least squared error in the block
 * @param importance float32 [K]: the weight of each column's squared error in the search; null: all equal
 * @returns data uint8 [rows, K/32, 16], element 2j in the low nibble of byte j; scales float16 bits [rows, K/32]
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

/** The element of largest magnitude, with its sign; of equal magnitudes, the first. */
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
 * Returns the float16 bits of the best scale. Candidates are rounded to float16 before they are compared, so the
 * compared error is that of the stored scale. Of equal errors, the first wins. Candidates that float16 rounds to 0 are
 * skipped.
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

const trials = createBlockErrors();
const factors = Float64Array.from(SEARCH_FACTORS);
const singles = new Float32Array(SEARCH_FACTORS.length);
const singleBits = new Uint32Array(singles.buffer);
/** Absmax scales in this range give a normal (≥ 2^-14) and finite (≤ 65504) float16 for every factor. */
const SURELY_NORMAL = 2 ** -13;
const SURELY_FINITE = 2 ** 15;

/** Candidates rounded as by `float16Bits` for normal results: ties to even at the 13th bit of float32. */
function roundNormal(absmax: number, scales: Float64Array): void {
  for (let f = 0; f < factors.length; f++) singles[f] = absmax * (factors[f] as number);
  for (let f = 0; f < factors.length; f++) {
    const bits = singleBits[f] as number;
    singleBits[f] = (bits + 0xfff + ((bits >>> 13) & 1)) & 0xffffe000;
  }
  for (let f = 0; f < factors.length; f++) scales[f] = singles[f] as number;
}

/** The same for any magnitude. A candidate that rounds to 0 becomes NaN, so that its error is never the least. */
function roundAny(absmax: number, scales: Float64Array): void {
  for (let f = 0; f < factors.length; f++) {
    scales[f] = float16Value(float16Bits(absmax * (factors[f] as number))) || NaN;
  }
}

/**
 * Divides instead of multiplying by a reciprocal: values exactly half-way between two levels are common in bfloat16
 * and must always round the same way.
 */
function packBlock(values: Float32Array, start: number, scale: number, data: Uint8Array, out: number): void {
  for (let j = 0; j < BYTES_PER_BLOCK; j++) {
    const low = toNibble(values[start + 2 * j] as number, scale);
    const high = toNibble(values[start + 2 * j + 1] as number, scale);
    data[out + j] = low | (high << 4);
  }
}

/** floor(x / scale + 8.5), clamped to 0…15. With a scale of 0 (the block is zero or underflows float16), 8, i.e. zero. */
function toNibble(value: number, scale: number): number {
  if (scale === 0) return 8;
  const level = Math.floor(value / scale + 8.5);
  return level < 0 ? 0 : level > 15 ? 15 : level;
}
