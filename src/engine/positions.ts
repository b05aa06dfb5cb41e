/** M-RoPE positions of Qwen2-VL and Qwen2.5-VL (get_rope_index in transformers; still images only). */
import { RoundsError } from '../shared/errors';
import type { GridThw } from './preprocess/patchify';

/** [temporal, height, width], each with the length of the prompt. */
export type PositionIds = [Int32Array, Int32Array, Int32Array];

export interface Positions {
  positionIds: PositionIds;
  /** max(position) + 1 − prompt length. The token at index i after the prompt has position i + ropeDelta on all axes. */
  ropeDelta: number;
}

/**
 * Each text token advances all three axes by one. The tokens of an image with a merged grid of h × w, starting at
 * position s, have temporal position s, height s + row and width s + column; the next text token is at s + max(h, w).
 *
 * @param ids prompt in which every image placeholder is repeated to the image's number of tokens
 * @param grids [t, h, w] in patches, one per image in order
 * @throws RoundsError request_invalid if image tokens and grids do not match
 */
export function mropePositions(
  ids: ArrayLike<number>,
  grids: readonly GridThw[],
  imageTokenId: number,
  mergeSize: number,
): Positions {
  const count = ids.length;
  const positionIds: PositionIds = [new Int32Array(count), new Int32Array(count), new Int32Array(count)];
  let next = 0;
  let image = 0;
  let index = 0;
  while (index < count) {
    if (ids[index] !== imageTokenId) {
      for (const axis of positionIds) axis[index] = next;
      next++;
      index++;
      continue;
    }
    const grid = grids[image++];
    if (!grid)
      throw new RoundsError('request_invalid', 'The prompt has more image tokens than its images need.');
    const merged = mergedGrid(grid, mergeSize);
    const tokens = merged[0] * merged[1] * merged[2];
    checkRun(ids, index, tokens, imageTokenId);
    placeImage(positionIds, index, next, merged);
    index += tokens;
    next += Math.max(...merged);
  }
  if (image !== grids.length) {
    throw new RoundsError(
      'request_invalid',
      `The request has ${grids.length} images, but the prompt has ${image}.`,
    );
  }
  return { positionIds, ropeDelta: next - count };
}

/** Number of tokens that an image takes in the language model. */
export function imageTokenCount(grid: GridThw, mergeSize: number): number {
  const [t, h, w] = mergedGrid(grid, mergeSize);
  return t * h * w;
}

function mergedGrid([t, h, w]: GridThw, mergeSize: number): GridThw {
  return [t, h / mergeSize, w / mergeSize];
}

function checkRun(ids: ArrayLike<number>, start: number, tokens: number, imageTokenId: number): void {
  for (let i = start; i < start + tokens; i++) {
    if (ids[i] !== imageTokenId) {
      throw new RoundsError('request_invalid', 'The prompt has fewer image tokens than its images need.');
    }
  }
}

function placeImage(positionIds: PositionIds, start: number, first: number, [t, h, w]: GridThw): void {
  const [temporal, height, width] = positionIds;
  let index = start;
  for (let frame = 0; frame < t; frame++) {
    for (let row = 0; row < h; row++) {
      for (let column = 0; column < w; column++) {
        temporal[index] = first + frame;
        height[index] = first + row;
        width[index] = first + column;
        index++;
      }
    }
  }
}
