/** How far values are from their reference, and how far they may be: the limits of models/goldens/README.md. */

export type Activations = 'f32' | 'f16';

export interface Limits {
  /** Largest relRmse of image features. */
  features: number;
  /** Largest relRmse of logits. */
  logits: number;
  /** Largest absolute difference of a logit. */
  logitsAbs: number;
  /** Greedy ids must agree wherever the reference's margin is larger than this. */
  margin: number;
}

export const LIMITS: Record<Activations, Limits> = {
  f32: { features: 1e-4, logits: 1e-4, logitsAbs: 1e-3, margin: 0.002 },
  f16: { features: 0.005, logits: 0.01, logitsAbs: 0.1, margin: 0.05 },
};

export interface Differences {
  maxAbs: number;
  /** rms(value − reference) / std(reference). */
  relRmse: number;
}

/**
 * @param indices which of `values` the reference holds; all if absent
 * @returns Infinity in both fields if any compared value is NaN or missing
 */
export function differences(
  values: Float32Array,
  reference: ArrayLike<number>,
  indices?: number[],
): Differences {
  let maxAbs = 0;
  let squares = 0;
  let mean = 0;
  for (let i = 0; i < reference.length; i++) mean += (reference[i] ?? 0) / reference.length;
  let variance = 0;
  for (let i = 0; i < reference.length; i++) {
    const expected = reference[i] ?? 0;
    const difference = Math.abs((values[indices ? (indices[i] ?? -1) : i] ?? NaN) - expected);
    // Comparisons with NaN are false, so NaN would otherwise count as no difference.
    if (!(difference <= maxAbs)) maxAbs = Number.isNaN(difference) ? Infinity : difference;
    squares += difference ** 2;
    variance += (expected - mean) ** 2;
  }
  const relRmse = Math.sqrt(squares / variance);
  return { maxAbs, relRmse: Number.isNaN(relRmse) ? Infinity : relRmse };
}
