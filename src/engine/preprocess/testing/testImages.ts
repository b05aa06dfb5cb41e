/** Images that models/goldens/make_preprocess_vectors.py generates as well, so that they need not be stored. */
import type { RgbImage } from '../resample';

/** Bytes of a linear congruential generator (Numerical Recipes). */
export function noise(count: number, seed: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(count);
  let state = seed;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state >>> 24;
  }
  return data;
}

/** Noise. Odd seeds give only black and white, for which bicubic filtering overshoots most. */
export function testImage(width: number, height: number, seed: number): RgbImage {
  const data = noise(width * height * 3, seed);
  if (seed % 2 === 1) data.forEach((value, i) => (data[i] = value > 127 ? 255 : 0));
  return { width, height, data };
}
