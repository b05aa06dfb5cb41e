/**
 * Quantiles and extremes of values that come in parts, in memory that doesn't grow with them: by counting each value if there
 * are few different ones, else from a sample.
 */
import type { Samples } from './samples';

export interface ValueRange {
  /** At 1 % and 99 %, interpolated like numpy's default. */
  quantiles: [low: number, high: number];
  /** Smallest and largest finite value. */
  extremes: [low: number, high: number];
  /** A mask: hardly any different values. */
  isMask: boolean;
}

export interface Statistics {
  add: (values: Samples) => void;
  range: () => ValueRange;
}

const RANKS = [0.01, 0.99] as const;
/** Values that quantiles are taken from if they can't be counted: every n-th of all. */
const MAX_SAMPLES = 1 << 20;
/** Different values of a mask at most, and values that there must be of each on average. */
const MASK_VALUES = 16;
const MASK_REPEATS = 64;

/** Of integers from `low` to `high`. @param isPadding true for values to leave out */
export function countValues(low: number, high: number, isPadding?: (value: number) => boolean): Statistics {
  const counts = new Uint32Array(high - low + 1);
  const others = new Uint32Array(counts.length);
  return {
    add(values) {
      if (values instanceof Uint8Array) countBytes(values, low, counts, others);
      else if (values instanceof Int16Array) countShorts(values, low, counts, others);
      else if (values instanceof Uint16Array) countWords(values, low, counts, others);
      else for (let i = 0; i < values.length; i++) counts[values[i]! - low]! += 1;
    },
    range() {
      for (let i = 0; i < counts.length; i++) counts[i]! += others[i]!;
      others.fill(0);
      if (isPadding) {
        for (let i = 0; i < counts.length; i++) if (counts[i]! > 0 && isPadding(low + i)) counts[i] = 0;
      }
      return rangeOfCounts(counts, low);
    },
  };
}

/*
 * One function for each common type: a loop that has seen many types takes seven times as long (docs/log.md). Neighbours are
 * often equal; counted in the same place, each would wait for the one before, so every other one is counted elsewhere.
 */

function countBytes(values: Uint8Array, low: number, counts: Uint32Array, others: Uint32Array): void {
  let i = 0;
  if (values.byteOffset % 4 === 0) {
    // Background, which is most of a volume, four at a time.
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length >> 2);
    for (let at = 0; at < words.length; at++, i += 4) {
      const word = words[at]!;
      const value = word & 255;
      if (word === value * 0x01010101) {
        counts[value - low]! += 4;
        continue;
      }
      counts[value - low]! += 1;
      others[((word >>> 8) & 255) - low]! += 1;
      counts[((word >>> 16) & 255) - low]! += 1;
      others[(word >>> 24) - low]! += 1;
    }
  }
  for (; i < values.length; i++) counts[values[i]! - low]! += 1;
}

function countShorts(values: Int16Array, low: number, counts: Uint32Array, others: Uint32Array): void {
  const even = values.length & ~1;
  for (let i = 0; i < even; i += 2) {
    counts[values[i]! - low]! += 1;
    others[values[i + 1]! - low]! += 1;
  }
  if (even < values.length) counts[values[even]! - low]! += 1;
}

function countWords(values: Uint16Array, low: number, counts: Uint32Array, others: Uint32Array): void {
  const even = values.length & ~1;
  for (let i = 0; i < even; i += 2) {
    counts[values[i]! - low]! += 1;
    others[values[i + 1]! - low]! += 1;
  }
  if (even < values.length) counts[values[even]! - low]! += 1;
}

function rangeOfCounts(counts: Uint32Array, low: number): ValueRange {
  let total = 0;
  let different = 0;
  let first = -1;
  let last = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    total += counts[i]!;
    different += 1;
    if (first < 0) first = i;
    last = i;
  }
  if (first < 0) return constant(low);
  /** The value at a position of the sorted values. */
  const valueAt = (position: number): number => {
    let seen = 0;
    for (let i = first; i < last; i++) {
      seen += counts[i]!;
      if (seen > position) return low + i;
    }
    return low + last;
  };
  return {
    quantiles: quantilesOf(total, valueAt),
    extremes: [low + first, low + last],
    isMask: isMask(different, total),
  };
}

function constant(value: number): ValueRange {
  return { quantiles: [value, value], extremes: [value, value], isMask: true };
}

function isMask(different: number, total: number): boolean {
  return different <= MASK_VALUES && total >= different * MASK_REPEATS;
}

/** Of any values. Those that aren't finite are left out. @param total how many will come */
export function sampleValues(total: number, isPadding?: (value: number) => boolean): Statistics {
  const step = Math.max(1, Math.ceil(total / MAX_SAMPLES));
  const samples = new Float64Array(Math.ceil(total / step));
  let count = 0;
  /** Values until the next sample. */
  let wait = 0;
  let [low, high] = [Infinity, -Infinity];
  return {
    add(values) {
      for (let i = 0; i < values.length; i++) {
        const value = values[i]!;
        const isSample = wait === 0;
        wait = isSample ? step - 1 : wait - 1;
        if (!Number.isFinite(value) || isPadding?.(value)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
        if (isSample && count < samples.length) samples[count++] = value;
      }
    },
    range() {
      if (low > high) return constant(0);
      // All samples may be NaN, as in the background of a masked volume, though other values aren't.
      if (count === 0) return { quantiles: [low, high], extremes: [low, high], isMask: false };
      const sorted = samples.subarray(0, count).sort();
      return {
        quantiles: quantilesOf(count, (position) => sorted[position]!),
        extremes: [low, high],
        isMask: isMask(countDifferent(sorted), count),
      };
    },
  };
}

function countDifferent(sorted: Float64Array): number {
  let different = 1;
  for (let i = 1; i < sorted.length; i++) if (sorted[i] !== sorted[i - 1]) different += 1;
  return different;
}

function quantilesOf(count: number, valueAt: (position: number) => number): [number, number] {
  return RANKS.map((rank) => {
    const position = rank * (count - 1);
    const below = valueAt(Math.floor(position));
    const above = valueAt(Math.min(Math.floor(position) + 1, count - 1));
    return below + (above - below) * (position % 1);
  }) as [number, number];
}
