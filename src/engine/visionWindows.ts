/** Attention windows of the Qwen2.5-VL vision tower (get_window_index in transformers). */
import type { VisionConfig } from '../shared/modelConfig';
import type { GridThw } from './preprocess/patchify';

export interface VisionWindows {
  /** Index i in window order is merged token windowIndex[i]; for all images together. */
  windowIndex: Int32Array;
  /** The inverse: merged token j has index reverseIndex[j] in window order. */
  reverseIndex: Int32Array;
  /** Boundaries of the windows in patches, in window order, from 0 to the number of patches. */
  cuWindowSeqlens: Int32Array;
}

type WindowGeometry = Pick<VisionConfig, 'patchSize' | 'spatialMergeSize' | 'windowSize'>;

/**
 * Divides images into square windows of `windowSize` pixels (4 × 4 merged tokens for 112), in raster order. Windows at
 * the right and bottom edges are smaller. A window never spans two images. Without a window size, each frame is one
 * window.
 */
export function visionWindows(grids: readonly GridThw[], geometry: WindowGeometry): VisionWindows {
  const { spatialMergeSize: merge, patchSize, windowSize } = geometry;
  const side = windowSize === null ? Infinity : Math.floor(Math.floor(windowSize / merge) / patchSize);
  const total = grids.reduce((sum, [t, h, w]) => sum + (t * h * w) / merge ** 2, 0);
  const windowIndex = new Int32Array(total);
  const bounds = [0];
  let at = 0;
  let imageStart = 0;
  for (const [t, h, w] of grids) {
    const rows = h / merge;
    const columns = w / merge;
    for (let frame = 0; frame < t; frame++) {
      const start = imageStart + frame * rows * columns;
      for (let top = 0; top < rows; top += side) {
        for (let left = 0; left < columns; left += side) {
          const bottom = Math.min(top + side, rows);
          const right = Math.min(left + side, columns);
          for (let y = top; y < bottom; y++) {
            for (let x = left; x < right; x++) windowIndex[at++] = start + y * columns + x;
          }
          bounds.push(at * merge * merge);
        }
      }
    }
    imageStart += t * rows * columns;
  }
  return { windowIndex, reverseIndex: inverse(windowIndex), cuWindowSeqlens: Int32Array.from(bounds) };
}

function inverse(permutation: Int32Array): Int32Array {
  const result = new Int32Array(permutation.length);
  permutation.forEach((value, index) => {
    result[value] = index;
  });
  return result;
}
