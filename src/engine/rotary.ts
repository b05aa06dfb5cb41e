/** Rotary tables as graph inputs: M-RoPE for the language model, 2-D rotary positions for the vision tower. */
import { RoundsError } from '../shared/errors';
import type { TextConfig } from '../shared/modelConfig';
import type { GridThw } from './preprocess/patchify';

export interface RotaryTables {
  /** [rows, pairs], row-major. */
  cos: Float32Array<ArrayBuffer>;
  sin: Float32Array<ArrayBuffer>;
  rows: number;
  /** headDim / 2. Both halves of a head use the same tables (rotate_half layout). */
  pairs: number;
}

/** Base of the vision tower's frequencies; fixed in the published code. */
const VISION_THETA = 10000;

/** 1 / theta^(2j / dim) for j < dim / 2, each step rounded to float32 as in torch. */
function inverseFrequencies(theta: number, dim: number): Float32Array {
  const frequencies = new Float32Array(dim / 2);
  for (let j = 0; j < frequencies.length; j++) {
    frequencies[j] = 1 / Math.fround(theta ** Math.fround((2 * j) / dim));
  }
  return frequencies;
}

/**
 * Tables [n, headDim / 2] for n positions. Pair j uses the temporal, height or width position, depending on the
 * section that contains j (mrope_section, e.g. 16 + 24 + 24 pairs).
 *
 * @throws RoundsError model_unsupported if the sections do not add up to headDim / 2
 */
export function textRotaryTables(
  positionIds: readonly [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>],
  config: Pick<TextConfig, 'headDim' | 'ropeTheta' | 'mropeSection'>,
): RotaryTables {
  const pairs = config.headDim / 2;
  const axes = config.mropeSection.flatMap((length, axis) => Array<number>(length).fill(axis));
  if (axes.length !== pairs) {
    throw new RoundsError(
      'model_unsupported',
      `mrope_section covers ${axes.length} of ${pairs} rotary pairs, but must cover all.`,
    );
  }
  const frequencies = inverseFrequencies(config.ropeTheta, config.headDim);
  const tables = emptyTables(positionIds[0].length, pairs);
  for (let j = 0; j < pairs; j++) {
    const positions = positionIds[axes[j] as 0 | 1 | 2];
    for (let row = 0; row < tables.rows; row++)
      setAngle(tables, row * pairs + j, positions[row]! * frequencies[j]!);
  }
  return tables;
}

/**
 * Tables [patches, headDim / 2] in patch order (merged row, merged column, then within the merge group), as in
 * VisionRotaryEmbedding with dim headDim / 2: the first half of the pairs uses the patch's row, the second half its
 * column, with the same frequencies.
 */
export function visionRotaryTables(grid: GridThw, mergeSize: number, headDim: number): RotaryTables {
  const [frames, gridHeight, gridWidth] = grid;
  const frequencies = inverseFrequencies(VISION_THETA, headDim / 2);
  const tables = emptyTables(frames * gridHeight * gridWidth, headDim / 2);
  const half = frequencies.length;
  let at = 0;
  const writeHalf = (position: number) => {
    for (let j = 0; j < half; j++) setAngle(tables, at++, position * frequencies[j]!);
  };
  const group = mergeSize * mergeSize;
  const groupsPerRow = gridWidth / mergeSize;
  for (let patch = 0; patch < tables.rows; patch++) {
    const inFrame = patch % (gridHeight * gridWidth);
    const block = Math.floor(inFrame / group);
    const within = inFrame % group;
    writeHalf(Math.floor(block / groupsPerRow) * mergeSize + Math.floor(within / mergeSize));
    writeHalf((block % groupsPerRow) * mergeSize + (within % mergeSize));
  }
  return tables;
}

function emptyTables(rows: number, pairs: number): RotaryTables {
  return { cos: new Float32Array(rows * pairs), sin: new Float32Array(rows * pairs), rows, pairs };
}

function setAngle(tables: RotaryTables, index: number, product: number): void {
  // torch multiplies in float32; for positions in the thousands the rounding is visible in the cosine.
  const angle = Math.fround(product);
  tables.cos[index] = Math.cos(angle);
  tables.sin[index] = Math.sin(angle);
}
