/** How many of their bits the values of a picture use: cameras and exports often put 10 or 12 bits into 16. */
import type { UsedBits } from '../shared/imageFacts';
import type { Samples } from './grey';

/** Values that leave two bits or more unused, three quarters of the range, are taken for values of fewer bits. */
const UNUSED = 2;

/** @returns null if the values use their whole range, or almost */
export function findUsedBits(largest: number, stored: number): UsedBits | null {
  if (!(largest > 0)) return null;
  const used = Math.floor(Math.log2(largest)) + 1;
  return used <= stored - UNUSED ? { used, stored } : null;
}

/**
 * Colours of 8–16 bits → 8-bit RGB: the upper 8 of the bits that they use.
 *
 * @param values with at least 3 channels, interleaved; others are left out
 * @param hasOwnRange false if the values are smaller for another reason, as colours are that were multiplied with α
 */
export function reduceDepth(
  values: Samples,
  channels: number,
  bits: number,
  hasOwnRange = true,
): { data: Uint8Array<ArrayBuffer>; usedBits: UsedBits | null } {
  if (bits === 8 && channels === 3 && values instanceof Uint8Array)
    return { data: values as Uint8Array<ArrayBuffer>, usedBits: null };
  const usedBits = bits > 8 && hasOwnRange ? findUsedBits(largestColor(values, channels), bits) : null;
  const shift = Math.max(0, (usedBits?.used ?? bits) - 8);
  const data = new Uint8Array((values.length / channels) * 3);
  for (let from = 0, to = 0; to < data.length; from += channels, to += 3) {
    data[to] = values[from]! >> shift;
    data[to + 1] = values[from + 1]! >> shift;
    data[to + 2] = values[from + 2]! >> shift;
  }
  return { data, usedBits };
}

function largestColor(values: Samples, channels: number): number {
  let largest = 0;
  for (let i = 0; i < values.length; i += channels) {
    largest = Math.max(largest, values[i]!, values[i + 1]!, values[i + 2]!);
  }
  return largest;
}
