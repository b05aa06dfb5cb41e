/** Converts resized RGB to the vision tower's input rows (Qwen2VLImageProcessor: rescale, normalise, flatten). */
import { RoundsError } from '../../shared/errors';
import type { ImageProcessorConfig, VisionConfig } from '../../shared/modelConfig';
import type { RgbImage } from './resample';

/** [frames, patch rows, patch columns], before merging. */
export type GridThw = [number, number, number];

export type PatchGeometry = Pick<
  VisionConfig,
  'patchSize' | 'temporalPatchSize' | 'spatialMergeSize' | 'inChannels'
>;

export interface Patches {
  /** [rows, columns], row-major. */
  data: Float32Array<ArrayBuffer>;
  rows: number;
  columns: number;
  gridThw: GridThw;
}

const LEVELS = 256;
const CHANNELS = 3;

/** (v / 255 − mean) / std for each channel and byte, [3 × 256], each step rounded to float32 as in numpy. */
function normalizationTable(config: ImageProcessorConfig): Float32Array {
  const table = new Float32Array(CHANNELS * LEVELS);
  for (let channel = 0; channel < CHANNELS; channel++) {
    const mean = Math.fround(config.imageMean[channel]!);
    const std = Math.fround(config.imageStd[channel]!);
    for (let level = 0; level < LEVELS; level++) {
      const rescaled = Math.fround(level * (1 / 255));
      table[channel * LEVELS + level] = Math.fround(Math.fround(rescaled - mean) / std);
    }
  }
  return table;
}

/**
 * Rows are ordered by (merged row, merged column, row within the merge group, column within it), so that the patches
 * of one language-model token are adjacent. Columns are (channel, temporal slice, y, x), zero-padded to
 * `paddedColumns`. All temporal slices of a still image are equal.
 *
 * @throws RoundsError internal if the sides are not multiples of patch size × merge size
 */
export function patchify(
  image: RgbImage,
  geometry: PatchGeometry,
  config: ImageProcessorConfig,
  paddedColumns = columnCount(geometry),
): Patches {
  const { patchSize: patch, spatialMergeSize: merge } = geometry;
  const block = patch * merge;
  if (image.width % block !== 0 || image.height % block !== 0 || paddedColumns < columnCount(geometry)) {
    throw new RoundsError(
      'internal',
      `An image of ${image.width}×${image.height} pixels cannot be divided into patches.`,
    );
  }
  const table = normalizationTable(config);
  const gridHeight = image.height / patch;
  const gridWidth = image.width / patch;
  const rows = gridHeight * gridWidth;
  const data = new Float32Array(rows * paddedColumns);
  let row = 0;
  for (let blockY = 0; blockY < gridHeight; blockY += merge) {
    for (let blockX = 0; blockX < gridWidth; blockX += merge) {
      for (let i = 0; i < merge * merge; i++) {
        const y = (blockY + Math.floor(i / merge)) * patch;
        const x = (blockX + (i % merge)) * patch;
        writePatch(data, row++ * paddedColumns, image, x, y, geometry, table);
      }
    }
  }
  return { data, rows, columns: paddedColumns, gridThw: [1, gridHeight, gridWidth] };
}

/** Columns of a patch row without padding: channels × temporal × patch² (1176 in every published model). */
export function columnCount(geometry: PatchGeometry): number {
  return geometry.inChannels * geometry.temporalPatchSize * geometry.patchSize * geometry.patchSize;
}

function writePatch(
  out: Float32Array,
  start: number,
  image: RgbImage,
  x: number,
  y: number,
  geometry: PatchGeometry,
  table: Float32Array,
): void {
  const { patchSize: patch, temporalPatchSize: slices, inChannels } = geometry;
  const area = patch * patch;
  for (let channel = 0; channel < inChannels; channel++) {
    const first = start + channel * slices * area;
    let at = first;
    for (let dy = 0; dy < patch; dy++) {
      let from = ((y + dy) * image.width + x) * CHANNELS + channel;
      for (let dx = 0; dx < patch; dx++) {
        out[at++] = table[channel * LEVELS + image.data[from]!]!;
        from += CHANNELS;
      }
    }
    for (let slice = 1; slice < slices; slice++) out.copyWithin(first + slice * area, first, first + area);
  }
}
