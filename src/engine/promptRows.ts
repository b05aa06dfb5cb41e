/** A prompt as the decoder takes it: a row for each token, with the image features that stand in some of them. */
import type { TensorData } from './ports';
import type { PositionIds } from './positions';

export interface Prompt {
  ids: number[];
  /** Names what stands at each place: equal keys with equal keys before them give equal cache rows. */
  keys: string[];
  positionIds: PositionIds;
  ropeDelta: number;
  /** For each place the row in `features`, or −1 for text. */
  featureRows: Int32Array;
  /** [rows, hidden] in the activation type, all images one after another. */
  features: TensorData;
}

export interface ChunkFeatures {
  /** Row in [chunk tokens; chunk features] for each place of the chunk; null: the tokens themselves. */
  rows: number[] | null;
  data: TensorData | null;
}

/** The features that places [start, end) need, and where each place finds its row. */
export function chunkFeatures(prompt: Prompt, start: number, end: number, hiddenSize: number): ChunkFeatures {
  const wanted = [...prompt.featureRows.subarray(start, end)].filter((row) => row >= 0);
  const first = wanted[0];
  if (first === undefined) return { rows: null, data: null };
  const count = end - start;
  const rows = Array.from({ length: count }, (_, i) => {
    const row = prompt.featureRows[start + i] ?? -1;
    return row < 0 ? i : count + row - first;
  });
  const last = wanted[wanted.length - 1] ?? first;
  return { rows, data: prompt.features.slice(first * hiddenSize, (last + 1) * hiddenSize) };
}
