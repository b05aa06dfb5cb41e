/**
 * Writes the text model of a pack as a GGUF file of the architecture `qwen2`, for llama.cpp. The weights are the same: q4 is
 * its Q4_0 and q8 its Q8_0, with other orders of the bits. Text has equal positions on all axes of mRoPE, so the rotary
 * embedding is the plain one.
 */
import { open, type FileHandle } from 'node:fs/promises';
import type { PackReader } from '../../engine/ports';
import { RoundsError } from '../../shared/errors';
import { BLOCK_SIZE, type PackTensor, type TensorDtype } from '../../shared/pack';

const ALIGNMENT = 32;
const VERSION = 3;
/** Types of metadata values. */
const [U32, I32, F32, BOOL, STRING, ARRAY] = [4, 5, 6, 7, 8, 9];
/** Types of tensors: F32, F16, Q4_0, Q8_0. */
const TENSOR_TYPE: Record<TensorDtype, number> = { f32: 0, f16: 1, q4: 2, q8: 8 };
/** Kinds of tokens. */
const [NORMAL, CONTROL, USER_DEFINED, UNUSED] = [1, 3, 4, 5];

/** A tensor of the file: some rows of a tensor of the pack. */
interface Entry {
  name: string;
  tensor: PackTensor;
  start: number;
  rows: number;
  offset: number;
  bytes: number;
}

/** @throws RoundsError pack_invalid */
export async function writeGguf(pack: PackReader, path: string): Promise<void> {
  const entries = planEntries(pack);
  const header = await makeHeader(pack, entries);
  const file = await open(path, 'w');
  try {
    await file.write(header);
    const start = align(header.length);
    for (const entry of entries) await writeEntry(file, start, entry, pack);
  } finally {
    await file.close();
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function planEntries({ manifest }: PackReader): Entry[] {
  const byName = new Map(manifest.tensors.map((tensor) => [tensor.name, tensor]));
  const entries: Entry[] = [];
  let offset = 0;
  const add = (name: string, source: string, start = 0, count?: number): void => {
    const tensor = byName.get(source);
    if (!tensor) throw new RoundsError('pack_invalid', `The pack has no tensor named ${source}.`);
    const rows = count ?? tensor.shape[0] ?? 0;
    const bytes = rows * rowBytes(tensor);
    entries.push({ name, tensor, start, rows, offset, bytes });
    offset = align(offset + bytes);
  };
  const { numAttentionHeads, numKeyValueHeads, headDim, numHiddenLayers, tieWordEmbeddings } =
    manifest.model.text;
  const [queries, keys] = [numAttentionHeads * headDim, numKeyValueHeads * headDim];
  add('token_embd.weight', 'model.embed_tokens.weight');
  add('output_norm.weight', 'model.norm.weight');
  if (!tieWordEmbeddings) add('output.weight', 'lm_head.weight');
  for (let layer = 0; layer < numHiddenLayers; layer++) {
    const [to, from] = [`blk.${layer}`, `model.layers.${layer}`];
    add(`${to}.attn_norm.weight`, `${from}.input_layernorm.weight`);
    add(`${to}.ffn_norm.weight`, `${from}.post_attention_layernorm.weight`);
    for (const kind of ['weight', 'bias']) {
      const packed = `${from}.self_attn.qkv_proj.${kind}`;
      add(`${to}.attn_q.${kind}`, packed, 0, queries);
      add(`${to}.attn_k.${kind}`, packed, queries, keys);
      add(`${to}.attn_v.${kind}`, packed, queries + keys, keys);
    }
    add(`${to}.attn_output.weight`, `${from}.self_attn.o_proj.weight`);
    for (const name of ['gate', 'up', 'down'])
      add(`${to}.ffn_${name}.weight`, `${from}.mlp.${name}_proj.weight`);
  }
  return entries;
}

/** Bytes of a row in the file; for q4 and q8 those of data and scales together. */
function rowBytes({ dtype, shape }: PackTensor): number {
  const columns = shape[1] ?? 1;
  const blocks = columns / BLOCK_SIZE;
  return { f32: columns * 4, f16: columns * 2, q4: blocks * 18, q8: blocks * 34 }[dtype];
}

async function writeEntry(file: FileHandle, start: number, entry: Entry, pack: PackReader): Promise<void> {
  const { tensor, rows } = entry;
  const part = async (span: { offset: number; length: number }): Promise<Uint8Array> => {
    const each = span.length / (tensor.shape[0] ?? 1);
    return pack.read({ offset: span.offset + entry.start * each, length: rows * each });
  };
  const data = await part(tensor.data);
  const bytes = tensor.scales ? blocksOf(data, await part(tensor.scales), tensor.dtype) : data;
  await file.write(bytes, 0, bytes.length, start + entry.offset);
}

/** Blocks of 32 weights: a float16 scale, then the integers. */
export function blocksOf(data: Uint8Array, scales: Uint8Array, dtype: TensorDtype): Uint8Array {
  const blocks = scales.length / 2;
  const each = data.length / blocks;
  const result = new Uint8Array(blocks * (each + 2));
  for (let block = 0; block < blocks; block++) {
    const to = block * (each + 2);
    const from = block * each;
    result.set(scales.subarray(block * 2, block * 2 + 2), to);
    for (let i = 0; i < each; i++) {
      // q8: from an offset of 128 to two's complement. q4: element i in the low bits of byte i, element i + 16 in the high ones.
      result[to + 2 + i] =
        dtype === 'q8'
          ? (data[from + i] ?? 0) ^ 0x80
          : nibble(data, from, i) | (nibble(data, from, i + 16) << 4);
    }
  }
  return result;
}

function nibble(data: Uint8Array, from: number, element: number): number {
  return ((data[from + (element >> 1)] ?? 0) >> ((element & 1) * 4)) & 15;
}

class Bytes {
  readonly #parts: Buffer[] = [];

  u32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    return this.raw(part);
  }

  u64(value: number): this {
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(BigInt(value));
    return this.raw(part);
  }

  string(text: string): this {
    const part = Buffer.from(text);
    return this.u64(part.length).raw(part);
  }

  raw(part: Buffer): this {
    this.#parts.push(part);
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

interface Meta {
  key: string;
  type: number;
  value: Buffer;
}

const meta = (key: string, type: number, write: (bytes: Bytes) => void): Meta => {
  const bytes = new Bytes();
  write(bytes);
  return { key, type, value: bytes.finish() };
};
const whole = (key: string, value: number): Meta => meta(key, U32, (bytes) => bytes.u32(value));
const text = (key: string, value: string): Meta => meta(key, STRING, (bytes) => bytes.string(value));
const float = (key: string, value: number): Meta =>
  meta(key, F32, (bytes) => bytes.raw(Buffer.from(Float32Array.of(value).buffer)));
const flag = (key: string, value: boolean): Meta =>
  meta(key, BOOL, (bytes) => bytes.raw(Buffer.of(Number(value))));
const texts = (key: string, values: readonly string[]): Meta =>
  meta(key, ARRAY, (bytes) => {
    bytes.u32(STRING).u64(values.length);
    values.forEach((value) => bytes.string(value));
  });
const integers = (key: string, values: readonly number[]): Meta =>
  meta(key, ARRAY, (bytes) => {
    bytes
      .u32(I32)
      .u64(values.length)
      .raw(Buffer.from(Int32Array.from(values).buffer));
  });

async function makeHeader(pack: PackReader, entries: readonly Entry[]): Promise<Buffer> {
  const metas = [...modelMetas(pack), ...(await tokenizerMetas(pack))];
  const bytes = new Bytes().raw(Buffer.from('GGUF')).u32(VERSION).u64(entries.length).u64(metas.length);
  for (const { key, type, value } of metas) bytes.string(key).u32(type).raw(value);
  for (const { name, tensor, rows, offset } of entries) {
    const dims = tensor.shape.length === 2 ? [tensor.shape[1] ?? 0, rows] : [rows];
    bytes.string(name).u32(dims.length);
    dims.forEach((dim) => bytes.u64(dim));
    bytes.u32(TENSOR_TYPE[tensor.dtype]).u64(offset);
  }
  const header = bytes.finish();
  return Buffer.concat([header, Buffer.alloc(align(header.length) - header.length)]);
}

function modelMetas({ manifest }: PackReader): Meta[] {
  const config = manifest.model.text;
  return [
    text('general.architecture', 'qwen2'),
    text('general.name', manifest.name),
    whole('qwen2.block_count', config.numHiddenLayers),
    whole('qwen2.context_length', config.maxPositionEmbeddings),
    whole('qwen2.embedding_length', config.hiddenSize),
    whole('qwen2.feed_forward_length', config.intermediateSize),
    whole('qwen2.attention.head_count', config.numAttentionHeads),
    whole('qwen2.attention.head_count_kv', config.numKeyValueHeads),
    whole('qwen2.attention.key_length', config.headDim),
    whole('qwen2.attention.value_length', config.headDim),
    float('qwen2.attention.layer_norm_rms_epsilon', config.rmsNormEps),
    float('qwen2.rope.freq_base', config.ropeTheta),
  ];
}

interface TokenizerJson {
  added_tokens: { id: number; content: string; special: boolean }[];
  pre_tokenizer: unknown;
  model: { vocab: Record<string, number>; merges: (string | [string, string])[] };
}

async function tokenizerMetas(pack: PackReader): Promise<Meta[]> {
  const { manifest } = pack;
  const span = manifest.files['tokenizer.json'];
  if (!span) throw new RoundsError('pack_invalid', 'The pack has no tokenizer.json.');
  const json = JSON.parse(new TextDecoder().decode(await pack.read(span))) as TokenizerJson;
  const { vocabSize } = manifest.model.text;
  const tokens = Array.from({ length: vocabSize }, (_, id) => `[PAD${id}]`);
  const kinds = new Array<number>(vocabSize).fill(UNUSED);
  for (const [token, id] of Object.entries(json.model.vocab)) {
    tokens[id] = token;
    kinds[id] = NORMAL;
  }
  for (const { id, content, special } of json.added_tokens) {
    tokens[id] = content;
    kinds[id] = special ? CONTROL : USER_DEFINED;
  }
  const merges = json.model.merges.map((pair) => (typeof pair === 'string' ? pair : pair.join(' ')));
  const [eos = 0] = manifest.model.tokenIds.eos;
  const isDigits = JSON.stringify(json.pre_tokenizer).includes('"Digits"');
  return [
    text('tokenizer.ggml.model', 'gpt2'),
    text('tokenizer.ggml.pre', isDigits ? 'smollm' : 'qwen2'),
    texts('tokenizer.ggml.tokens', tokens),
    integers('tokenizer.ggml.token_type', kinds),
    texts('tokenizer.ggml.merges', merges),
    whole('tokenizer.ggml.eos_token_id', eos),
    flag('tokenizer.ggml.add_bos_token', false),
  ];
}
