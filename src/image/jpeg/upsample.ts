/**
 * Enlarges the planes of subsampled components like libjpeg ("fancy upsampling", jdsample.c): a triangle filter with the same
 * rounding if a side is doubled, plain repetition for all other ratios.
 */
import type { Plane } from './frame';

type Samples = Uint8Array | Uint16Array;

/**
 * @param plane its first `usedWidth` × `usedHeight` samples belong to the picture
 * @param across factor for the width; `down` for the height
 * @returns [width, height] samples without gaps
 */
export function upsample(plane: Plane, across: number, down: number, width: number, height: number): Samples {
  const isWide = plane.usedWidth > 2;
  if (across === 2 && down === 1 && isWide) return filterRows(plane, width, height);
  if (across === 1 && down === 2) return filterColumns(plane, width, height);
  if (across === 2 && down === 2 && isWide) return filterBoth(plane, width, height);
  const out = like(plane.samples, width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / down) * plane.stride;
    for (let x = 0; x < width; x++) out[y * width + x] = plane.samples[row + Math.floor(x / across)]!;
  }
  return out;
}

const like = (samples: Samples, length: number): Samples =>
  samples instanceof Uint8Array ? new Uint8Array(length) : new Uint16Array(length);

/** 3/4 of the nearer sample and 1/4 of the farther one; the rounding alternates so that neither side is favoured. */
function filterRows({ samples, stride, usedWidth }: Plane, width: number, height: number): Samples {
  const out = like(samples, width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const column = x >> 1;
      const own = samples[y * stride + column]!;
      const neighbour = x & 1 ? column + 1 : column - 1;
      const isEdge = neighbour < 0 || neighbour >= usedWidth;
      const far = isEdge ? own : samples[y * stride + neighbour]!;
      out[y * width + x] = isEdge ? own : (own * 3 + far + (x & 1 ? 2 : 1)) >> 2;
    }
  }
  return out;
}

/** The neighbouring row of a doubled one; outside the picture, the first or the last row is used. */
const neighbourRow = (y: number, usedHeight: number): number =>
  Math.min(Math.max((y >> 1) + (y & 1 ? 1 : -1), 0), usedHeight - 1);

function filterColumns({ samples, stride, usedHeight }: Plane, width: number, height: number): Samples {
  const out = like(samples, width * height);
  for (let y = 0; y < height; y++) {
    const near = (y >> 1) * stride;
    const far = neighbourRow(y, usedHeight) * stride;
    for (let x = 0; x < width; x++) {
      out[y * width + x] = (samples[near + x]! * 3 + samples[far + x]! + (y & 1 ? 2 : 1)) >> 2;
    }
  }
  return out;
}

function filterBoth(plane: Plane, width: number, height: number): Samples {
  const { samples, stride, usedWidth, usedHeight } = plane;
  const out = like(samples, width * height);
  const sums = new Int32Array(usedWidth);
  for (let y = 0; y < height; y++) {
    const near = (y >> 1) * stride;
    const far = neighbourRow(y, usedHeight) * stride;
    for (let x = 0; x < usedWidth; x++) sums[x] = samples[near + x]! * 3 + samples[far + x]!;
    for (let x = 0; x < width; x++) {
      const column = x >> 1;
      const own = sums[column]!;
      const other = sums[x & 1 ? column + 1 : column - 1];
      out[y * width + x] = ((other === undefined ? own * 4 : own * 3 + other) + (x & 1 ? 7 : 8)) >> 4;
    }
  }
  return out;
}
