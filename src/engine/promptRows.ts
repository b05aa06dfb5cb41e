/** A prompt as input for the decoder: one row per token, with image features in the rows of image tokens. */
import { RoundsError } from '../shared/errors';
import type { TensorData } from './ports';
import type { PositionIds } from './positions';

export interface Prompt {
  ids: number[];
  /** Identifies the content of each position. Equal keys after equal prefixes mean equal rows in the KV cache. */
  keys: string[];
  positionIds: PositionIds;
  ropeDelta: number;
  /** The row in `features` for each position; −1 for text. */
  featureRows: Int32Array;
  /** [rows, hidden] in the activation type, all images concatenated. */
  features: TensorData;
}

export interface ChunkFeatures {
  /** For each position of the chunk, its row in [chunk tokens; chunk features]; null if there are no features. */
  rows: number[] | null;
  data: TensorData | null;
}

/** The features needed by positions [start, end), and the row of each position. */
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

/** Number of keys that both begin with. */
export function commonPrefix(a: readonly string[], b: readonly string[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

/** @param capacity the model's context in tokens @throws RoundsError request_invalid, context_overflow */
export function checkPrompt({ ids }: Prompt, capacity: number): void {
  const total = ids.length;
  if (total === 0) throw new RoundsError('request_invalid', 'The prompt is empty. Ask a question.');
  if (total > capacity) {
    const message = `The prompt has ${total} tokens, but the model's context is ${capacity}. Use smaller or fewer images.`;
    throw new RoundsError('context_overflow', message);
  }
}
