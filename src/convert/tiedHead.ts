/** Whether the head shares the embedding's weights: what transformers makes of config.json and of what is stored. */
import type { ModelConfig } from '../shared/modelConfig';
import type { ListedTensor, StoredWeights } from './safetensors';
import { originalName } from './weightMap';

const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';
/** Up to this size two tensors are compared as a whole. */
const MAX_WHOLE_BYTES = 64_000_000;
/** Of larger ones these many slices, evenly spread with both ends: training a head changes all of its rows. */
const SLICES = 32;
const SLICE_BYTES = 65_536;

export interface TiedWeights {
  model: ModelConfig;
  tensors: ReadonlyMap<string, ListedTensor>;
}

/**
 * A head that is stored and differs from the embedding is used although config.json ties them; where only the head is
 * stored, the embedding is the head. Values of two types are taken for different, which gives the same numbers.
 */
export async function resolveTie(model: ModelConfig, stored: StoredWeights): Promise<TiedWeights> {
  const { tensors, missingFiles } = stored;
  const head = tensors.get(HEAD);
  if (!model.text.tieWordEmbeddings || !head) return { model, tensors };
  const embedding = [...tensors.values()].find(({ name }) => originalName(name) === EMBEDDING);
  if (!embedding) {
    return missingFiles.length > 0
      ? { model, tensors }
      : { model, tensors: new Map(tensors).set(EMBEDDING, head) };
  }
  if (await isSame(embedding, head)) return { model, tensors };
  return { model: { ...model, text: { ...model.text, tieWordEmbeddings: false } }, tensors };
}

async function isSame(a: ListedTensor, b: ListedTensor): Promise<boolean> {
  const length = a.end - a.start;
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join() || b.end - b.start !== length) return false;
  const isWhole = length <= MAX_WHOLE_BYTES;
  const count = isWhole ? Math.ceil(length / SLICE_BYTES) : SLICES;
  for (let i = 0; i < count; i++) {
    const at = isWhole ? i * SLICE_BYTES : Math.floor(((length - SLICE_BYTES) * i) / (SLICES - 1));
    const end = Math.min(at + SLICE_BYTES, length);
    const [left, right] = await Promise.all([read(a, at, end), read(b, at, end)]);
    if (left.some((byte, j) => byte !== right[j])) return false;
  }
  return true;
}

async function read({ blob, start }: ListedTensor, from: number, to: number): Promise<Uint8Array> {
  return new Uint8Array(await blob.slice(start + from, start + to).arrayBuffer());
}
