/** Parameters of a JPEG-LS scan, and what the decoder learns of the picture. ISO/IEC 14495-1 A.2, C.2.4.1. */
import { JpegError } from '../jpeg/bits';
import type { LsBitReader } from './bits';

export interface LsParameters {
  maxValue: number;
  thresholds: [number, number, number];
  reset: number;
  /** Largest difference to the original; 0: lossless. */
  near: number;
}

/** @param given of an LSE segment; zeros mean the default */
export function withDefaults(bits: number, near: number, given: readonly number[]): LsParameters {
  const maxValue = given[0] || 2 ** bits - 1;
  const clamp = (value: number, least: number): number => (value > maxValue || value < least ? least : value);
  const factor = Math.floor((Math.min(maxValue, 4095) + 128) / 256);
  const divisor = Math.floor(256 / (maxValue + 1));
  const basic = ([2, 3, 4] as const).map((least, i) => {
    const usual = [3, 7, 21][i]!;
    const growth = [3, 5, 7][i]! * near;
    if (maxValue >= 128) return factor * (usual - least) + least + growth;
    return Math.max(least, Math.floor(usual / divisor) + growth);
  });
  const first = given[1] || clamp(basic[0]!, near + 1);
  const second = given[2] || clamp(basic[1]!, first);
  const third = given[3] || clamp(basic[2]!, second);
  return { maxValue, thresholds: [first, second, third], reset: given[4] || 64, near };
}

/** Contexts 0–364 are for gradients; 365 and 366 for samples that end a run. */
const RUN_CONTEXT = 365;
const CONTEXTS = 367;
const MAX_BITS = 20;

export class LsModel {
  /** Step between the values that a sample may have, 2 near + 1. */
  readonly step: number;
  readonly range: number;
  readonly #parameters: LsParameters;
  /** Bits of a code that is written out, and the longest code. */
  readonly #plainBits: number;
  readonly #limit: number;
  /** Sums of errors, their bias, its correction, and counts. */
  readonly #sums = new Int32Array(CONTEXTS);
  readonly #bias = new Int32Array(CONTEXTS);
  readonly corrections = new Int32Array(CONTEXTS);
  readonly #counts = new Int32Array(CONTEXTS).fill(1);
  readonly #negatives = new Int32Array(CONTEXTS);
  readonly #bits: LsBitReader;

  constructor(parameters: LsParameters, reader: LsBitReader) {
    const { maxValue, near } = parameters;
    this.#parameters = parameters;
    this.#bits = reader;
    this.step = 2 * near + 1;
    this.range = Math.floor((maxValue + 2 * near) / this.step) + 1;
    this.#plainBits = Math.ceil(Math.log2(this.range));
    const depth = Math.max(2, Math.ceil(Math.log2(maxValue + 1)));
    this.#limit = 2 * (depth + Math.max(8, depth));
    this.#sums.fill(Math.max(2, Math.floor((this.range + 32) / 64)));
  }

  /** Error of the prediction in a gradient's context; updates the context. A.5 and A.6. */
  error(context: number): number {
    const sums = this.#sums;
    const counts = this.#counts;
    const count = counts[context]!;
    const bits = golombBits(sums[context]!, count);
    const code = this.#golomb(bits, this.#limit);
    let error = code & 1 ? -((code + 1) >> 1) : code >> 1;
    if (bits === 0 && this.#parameters.near === 0 && 2 * this.#bias[context]! <= -count) error = -error - 1;
    sums[context]! += Math.abs(error);
    this.#learn(context, error * this.step);
    return error;
  }

  #learn(context: number, error: number): void {
    let bias = this.#bias[context]! + error;
    let count = this.#counts[context]!;
    if (count === this.#parameters.reset) {
      this.#sums[context]! >>= 1;
      bias >>= 1;
      count >>= 1;
    }
    count++;
    const correction = this.corrections[context]!;
    if (bias <= -count) {
      bias = Math.max(bias + count, 1 - count);
      if (correction > -128) this.corrections[context] = correction - 1;
    } else if (bias > 0) {
      bias = Math.min(bias - count, 0);
      if (correction < 127) this.corrections[context] = correction + 1;
    }
    this.#bias[context] = bias;
    this.#counts[context] = count;
  }

  /** Error of the sample that ends a run. A.7.2. @param type 1: the samples beside and above are alike @param runBits J of the run */
  runError(type: 0 | 1, runBits: number): number {
    const context = RUN_CONTEXT + type;
    let count = this.#counts[context]!;
    const sum = this.#sums[context]!;
    const bits = golombBits(type ? sum + (count >> 1) : sum, count);
    const code = this.#golomb(bits, this.#limit - runBits - 1);
    const mapped = code + type;
    const isOdd = (mapped & 1) === 1;
    const size = (mapped + 1) >> 1;
    const error = (bits !== 0 || 2 * this.#negatives[context]! >= count) === isOdd ? -size : size;
    if (error < 0) this.#negatives[context]!++;
    this.#sums[context] = sum + ((code + 1 - type) >> 1);
    if (count === this.#parameters.reset) {
      this.#sums[context] >>= 1;
      this.#negatives[context]! >>= 1;
      count >>= 1;
    }
    this.#counts[context] = count + 1;
    return error;
  }

  /** A.5.3. */
  #golomb(bits: number, limit: number): number {
    const zeros = this.#bits.zeros();
    if (zeros < limit - this.#plainBits - 1) return (zeros << bits) + this.#bits.bits(bits);
    return this.#bits.bits(this.#plainBits) + 1;
  }

  /** The sample, with the error in units of `step`. A.8. */
  sample(prediction: number, error: number): number {
    const { maxValue, near } = this.#parameters;
    let value = prediction + error * this.step;
    if (value < -near) value += this.range * this.step;
    else if (value > maxValue + near) value -= this.range * this.step;
    return value < 0 ? 0 : value > maxValue ? maxValue : value;
  }
}

/** The first k for which count × 2^k reaches the sum. */
function golombBits(sum: number, count: number): number {
  let bits = 0;
  for (let reached = count; reached < sum; reached *= 2) bits++;
  // Sound data needs 16 at most.
  if (bits > MAX_BITS) throw new JpegError('the coded data is damaged');
  return bits;
}
