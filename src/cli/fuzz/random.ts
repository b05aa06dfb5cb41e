/** Chance that can be repeated: numbers in [0, 1) from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from 0 to `count` − 1. */
export const below = (random: () => number, count: number): number => Math.floor(random() * count);

/** @param list isn't empty */
export function pick<T>(random: () => number, list: readonly T[]): T {
  return list[below(random, list.length)] as T;
}
