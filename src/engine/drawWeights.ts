/**
 * Weights of tokens for a draw, as whole numbers: 2^31 for the most probable token, exp((score − max) / temperature) · 2^31
 * for the others. Sums of whole numbers do not depend on their order, and every step but one product of float32 is
 * integer arithmetic, so the GPU (runtime/gpu/samplerShader.ts) draws exactly what this draws.
 */

/** Bits of a fraction that look up the table; 12 more are interpolated. */
const TABLE_BITS = 12;
/** 2^24 · 2^(−i / 4096) */
export const POWER_TABLE = Uint32Array.from({ length: 1 << TABLE_BITS }, (_, i) =>
  Math.round(2 ** (24 - i / (1 << TABLE_BITS))),
);
/** ln 2 · 2^16 */
export const LN2_16 = 45426;
/** Weights below 2^−32 of the largest are 0. */
export const MAX_EXPONENT = 32;
const LARGEST_FACTOR = Math.fround(3e38);

/** What differences of scores are multiplied by, a float32: log2(e) / temperature. */
export function weightFactor(temperature: number): number {
  return Math.min(Math.fround(Math.LOG2E / temperature), LARGEST_FACTOR);
}

/**
 * @param below the largest score minus this one, a float32; NaN gives 0
 * @param factor of weightFactor
 * @returns 0 … 2^31
 */
export function drawWeight(below: number, factor: number): number {
  const exponent = Math.fround(below * factor);
  if (!(exponent < MAX_EXPONENT)) return 0;
  const fixed = Math.floor(exponent * 2 ** 24);
  const entry = POWER_TABLE[(fixed >>> 12) & 0xfff]!;
  // 2^(−b / 2^24) is 1 − b · ln 2 / 2^24 to the last bit.
  const product = Math.imul(entry >>> 4, fixed & 0xfff) >>> 16;
  const mantissa = entry - (Math.imul(product, LN2_16) >>> 20);
  return ((mantissa << 7) >>> 0) >>> (fixed >>> 24);
}

/** ⌊mass · fraction / 2^32⌋ for a mass below 2^49 and a fraction below 2^32, both whole numbers. */
export function scaled(mass: number, fraction: number): number {
  const high = Math.floor(mass / 2 ** 32);
  const low = mass % 2 ** 32;
  const lower = Math.floor(((low % 65536) * fraction) / 65536);
  return high * fraction + Math.floor((Math.floor(low / 65536) * fraction + lower) / 65536);
}

/** A number of [0, 1) as a fraction of 2^32. */
export function fractionOf(value: number): number {
  return Math.min(Math.floor(value * 2 ** 32), 2 ** 32 - 1);
}
