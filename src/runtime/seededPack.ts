/**
 * A pack whose bytes are made when they are read: weights of any size for measuring, without a download and without ever being
 * in memory as a whole. The same bytes in every browser.
 */
import type { PackReader, Tokenizer } from '../engine/ports';
import { tensorDtypes } from '../convert/policy';
import { packWeights } from '../convert/weightMap';
import type { ModelConfig } from '../shared/modelConfig';
import { BLOCK_SIZE, type PackManifest, type PackTensor, type Span } from '../shared/pack';
import { tensorBytes } from '../shared/packManifest';
import { halfArrayFrom } from '../shared/half';

const BLOCK_BYTES = 2 ** 20;
/** Standard deviation of the integers in q4 and q8. */
const SPREAD = { q4: 4.6, q8: 74 };

/** @param name for messages */
export function seededPack(name: string, model: ModelConfig): PackReader {
  const manifest = makeManifest(name, model);
  const block = randomBlock();
  const read = async (span: Span): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = new Uint8Array(span.length);
    const [tensor, part] = partAt(manifest.tensors, span.offset);
    if (part === 'data' && (tensor.dtype === 'q4' || tensor.dtype === 'q8'))
      fillRandom(bytes, block, span.offset);
    else fillNumbers(bytes, tensor, part);
    return bytes;
  };
  return { manifest, read };
}

/** A measurement feeds ids and never text. */
export const NO_TOKENIZER: Tokenizer = {
  encode: () => [],
  decode: () => '',
  bytes: () => new Uint8Array(),
  render: () => '',
};

function makeManifest(name: string, model: ModelConfig): PackManifest {
  const weights = packWeights(model);
  const dtypes = tensorDtypes(weights, 'q4', 'best');
  let end = 0;
  const allocate = (length: number): Span => {
    const span = { offset: end, length };
    end += Math.ceil(length / 64) * 64;
    return span;
  };
  const tensors = weights.map(({ name: tensorName, shape }, i): PackTensor => {
    const dtype = dtypes[i] ?? 'f32';
    const bytes = tensorBytes(dtype, shape);
    const data = allocate(bytes.data);
    return {
      name: tensorName,
      dtype,
      shape,
      data,
      ...(bytes.scales > 0 ? { scales: allocate(bytes.scales) } : {}),
    };
  });
  return {
    format: 'rounds-pack',
    version: 1,
    name,
    model,
    imageProcessor: { minPixels: 1, maxPixels: 1e9, imageMean: [0.5, 0.5, 0.5], imageStd: [0.5, 0.5, 0.5] },
    source: { repo: name, revision: null, license: null, files: [] },
    recipe: { weights: 'q4', recipe: 'best', blockSize: BLOCK_SIZE, detail: '' },
    parameters: weights.reduce((sum, { shape }) => sum + shape.reduce((product, dim) => product * dim, 1), 0),
    totalBytes: end,
    files: {},
    tensors,
    shards: [],
  };
}

/** The tensor that holds a byte of the pack, and in which part. Tensors are in the order of their offsets. */
function partAt(tensors: readonly PackTensor[], offset: number): [PackTensor, 'data' | 'scales'] {
  let [low, high] = [0, tensors.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tensors[middle] as PackTensor).data.offset <= offset) low = middle;
    else high = middle - 1;
  }
  const tensor = tensors[low] as PackTensor;
  return [tensor, tensor.scales && offset >= tensor.scales.offset ? 'scales' : 'data'];
}

function randomBlock(): Uint8Array {
  const words = new Uint32Array(BLOCK_BYTES / 4);
  let state = 1;
  for (let i = 0; i < words.length; i++) {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}

/** Copies the block from a place that depends on the offset, so that neighbouring tensors differ. */
function fillRandom(bytes: Uint8Array, block: Uint8Array, offset: number): void {
  let from = (Math.floor(offset / 64) * 7919) % block.length;
  for (let at = 0; at < bytes.length;) {
    const piece = block.subarray(from, from + bytes.length - at);
    bytes.set(piece, at);
    at += piece.length;
    from = 0;
  }
}

/** Scales that keep activations at their size; norms are 1; biases are 0; other matrices too. */
function fillNumbers(
  bytes: Uint8Array<ArrayBuffer>,
  { name, dtype, shape }: PackTensor,
  part: 'data' | 'scales',
): void {
  const [, columns = 1] = shape;
  if (part === 'scales') {
    const scale = 1 / (SPREAD[dtype === 'q8' ? 'q8' : 'q4'] * Math.sqrt(columns));
    new Uint16Array(bytes.buffer).fill(halfArrayFrom(Float32Array.of(scale))[0] ?? 0);
  } else if (dtype === 'f32' && /(norm\d?|ln_q)\.weight$/.test(name)) {
    new Float32Array(bytes.buffer).fill(1);
  }
}
