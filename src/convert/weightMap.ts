/**
 * Lists the tensors of a pack: name, shape, and the stored tensors that each is made of. The graphs in
 * src/engine/graphs use the same names.
 */
import { RoundsError } from '../shared/errors';
import type { ModelConfig, TextConfig, VisionConfig } from '../shared/modelConfig';
import { BLOCK_SIZE } from '../shared/pack';
import { missingFile, readable, type ListedTensor, type StoredTensor } from './safetensors';

/** A stored tensor, by its original name, and the shape that it must have. */
export interface WeightPart {
  name: string;
  shape: number[];
}

export interface PackWeight {
  name: string;
  /** After padding: [N, K] for linear weights and the embedding, [N] for norms and biases. */
  shape: number[];
  /** Concatenated along the rows: q, k and v become one matrix. */
  parts: WeightPart[];
  /** Zero rows after the last part. */
  padRows: number;
  /** Columns of a stored row, before zero padding to shape[1]; 1 for vectors. */
  columns: number;
}

/** Rounds a width up to a multiple of 32. */
export function padToBlock(width: number): number {
  return Math.ceil(width / BLOCK_SIZE) * BLOCK_SIZE;
}

/** All tensors of a model's pack, in the order of the pack. */
export function packWeights({ text, vision }: ModelConfig): PackWeight[] {
  const layers = Array.from({ length: text.numHiddenLayers }, (_, n) => textLayer(`model.layers.${n}`, text));
  const blocks = Array.from({ length: vision.depth }, (_, n) => visionBlock(`visual.blocks.${n}`, vision));
  return [
    matrix('model.embed_tokens.weight', text.vocabSize, text.hiddenSize),
    ...layers.flat(),
    vector('model.norm.weight', text.hiddenSize),
    ...(text.tieWordEmbeddings ? [] : [matrix('lm_head.weight', text.vocabSize, text.hiddenSize)]),
    patchEmbed(vision),
    ...blocks.flat(),
    ...merger(vision),
  ];
}

function textLayer(prefix: string, text: TextConfig): PackWeight[] {
  const { hiddenSize, intermediateSize, headDim } = text;
  const queryRows = text.numAttentionHeads * headDim;
  const keyRows = text.numKeyValueHeads * headDim;
  const width = padToBlock(intermediateSize);
  return [
    vector(`${prefix}.input_layernorm.weight`, hiddenSize),
    ...packedQkv(`${prefix}.self_attn`, queryRows, keyRows, hiddenSize),
    matrix(`${prefix}.self_attn.o_proj.weight`, hiddenSize, queryRows),
    vector(`${prefix}.post_attention_layernorm.weight`, hiddenSize),
    matrix(`${prefix}.mlp.gate_proj.weight`, intermediateSize, hiddenSize, { rows: width }),
    matrix(`${prefix}.mlp.up_proj.weight`, intermediateSize, hiddenSize, { rows: width }),
    matrix(`${prefix}.mlp.down_proj.weight`, hiddenSize, intermediateSize, { columns: width }),
  ];
}

/** GroupQueryAttention takes q, k and v from one packed projection. */
function packedQkv(prefix: string, queryRows: number, keyRows: number, columns: number): PackWeight[] {
  const rows: [string, number][] = [
    ['q_proj', queryRows],
    ['k_proj', keyRows],
    ['v_proj', keyRows],
  ];
  const total = queryRows + 2 * keyRows;
  return [
    {
      name: `${prefix}.qkv_proj.weight`,
      shape: [total, columns],
      parts: rows.map(([part, n]) => ({ name: `${prefix}.${part}.weight`, shape: [n, columns] })),
      padRows: 0,
      columns,
    },
    {
      name: `${prefix}.qkv_proj.bias`,
      shape: [total],
      parts: rows.map(([part, n]) => ({ name: `${prefix}.${part}.bias`, shape: [n] })),
      padRows: 0,
      columns: 1,
    },
  ];
}

/** A Conv3d with stride = kernel is a matrix product over flattened (channel, temporal, height, width) patches. */
function patchEmbed(vision: VisionConfig): PackWeight {
  const kernel = [vision.inChannels, vision.temporalPatchSize, vision.patchSize, vision.patchSize];
  const columns = kernel.reduce((product, dim) => product * dim, 1);
  const name = 'visual.patch_embed.proj.weight';
  return {
    name,
    shape: [vision.hiddenSize, padToBlock(columns)],
    parts: [{ name, shape: [vision.hiddenSize, ...kernel] }],
    padRows: 0,
    columns,
  };
}

function visionBlock(prefix: string, vision: VisionConfig): PackWeight[] {
  const { hiddenSize, intermediateSize } = vision;
  const width = padToBlock(intermediateSize);
  const [widening, narrowing] =
    vision.mlp === 'swiglu' ? [['gate_proj', 'up_proj'], 'down_proj'] : [['fc1'], 'fc2'];
  return [
    ...norm(`${prefix}.norm1`, vision),
    ...norm(`${prefix}.norm2`, vision),
    ...linear(`${prefix}.attn.qkv`, 3 * hiddenSize, hiddenSize),
    ...linear(`${prefix}.attn.proj`, hiddenSize, hiddenSize),
    ...widening.flatMap((name) =>
      linear(`${prefix}.mlp.${name}`, intermediateSize, hiddenSize, { rows: width }),
    ),
    ...linear(`${prefix}.mlp.${narrowing}`, hiddenSize, intermediateSize, { columns: width }),
  ];
}

function merger(vision: VisionConfig): PackWeight[] {
  const merged = vision.hiddenSize * vision.spatialMergeSize ** 2;
  return [
    ...norm('visual.merger.ln_q', vision),
    ...linear('visual.merger.mlp.0', merged, merged),
    ...linear('visual.merger.mlp.2', vision.outHiddenSize, merged),
  ];
}

function norm(prefix: string, vision: VisionConfig): PackWeight[] {
  const weight = vector(`${prefix}.weight`, vision.hiddenSize);
  return vision.norm === 'rms' ? [weight] : [weight, vector(`${prefix}.bias`, vision.hiddenSize)];
}

interface Padding {
  rows?: number;
  columns?: number;
}

function linear(prefix: string, rows: number, columns: number, padding: Padding = {}): PackWeight[] {
  return [
    matrix(`${prefix}.weight`, rows, columns, padding),
    vector(`${prefix}.bias`, rows, padding.rows ?? rows),
  ];
}

function matrix(name: string, rows: number, columns: number, padding: Padding = {}): PackWeight {
  const padded = padding.rows ?? rows;
  return {
    name,
    shape: [padded, padding.columns ?? columns],
    parts: [{ name, shape: [rows, columns] }],
    padRows: padded - rows,
    columns,
  };
}

function vector(name: string, length: number, padded = length): PackWeight {
  return { name, shape: [padded], parts: [{ name, shape: [length] }], padRows: padded - length, columns: 1 };
}

/**
 * Finds every part among the stored tensors, under the original names (`model.layers…`, `visual.…`) or those of
 * transformers ≥ 4.52 (`model.language_model.layers…`, `model.visual.…`). Each name is read by itself, as in
 * transformers, because tools that merge or cut models leave files with both.
 * @param missingFiles files that the index names and the checkpoint lacks
 * @returns the stored tensors by original name
 * @throws RoundsError checkpoint_invalid, naming the tensor that is missing, unexpected or of the wrong shape;
 *   model_unsupported for a tensor of a type that is not read
 */
export function resolveParts(
  weights: readonly PackWeight[],
  stored: ReadonlyMap<string, ListedTensor>,
  missingFiles: readonly string[] = [],
): Map<string, StoredTensor> {
  const byOriginalName = new Map(
    [...stored].map(([name, tensor]) => [originalName(name), { ...tensor, name }]),
  );
  const resolved = new Map<string, StoredTensor>();
  for (const part of weights.flatMap((weight) => weight.parts)) {
    const listed = byOriginalName.get(part.name);
    if (!listed) refuseMissing(part.name, stored, missingFiles);
    const tensor = readable(listed);
    if (tensor.shape.join() !== part.shape.join()) {
      refuse(
        `${tensor.name} has the shape [${tensor.shape.join(', ')}], but config.json requires [${part.shape.join(', ')}]. Check that config.json belongs to these weights.`,
      );
    }
    resolved.set(part.name, tensor);
  }
  const extra = [...byOriginalName.keys()].find((name) => !resolved.has(name) && !isTolerated(name));
  if (extra !== undefined)
    refuse(
      `The tensor ${byOriginalName.get(extra)?.name} is not part of the model that config.json describes. Check that config.json belongs to these weights.`,
    );
  return resolved;
}

function refuseMissing(
  name: string,
  stored: ReadonlyMap<string, ListedTensor>,
  [missing]: readonly string[],
): never {
  if (missing !== undefined) refuse(missingFile(missing));
  if (name === 'lm_head.weight') {
    refuse(
      'The tensor lm_head.weight is missing, and config.json does not say that the head shares the weights of the embedding. If it does, as in models of 2B and 3B, add "tie_word_embeddings": true to config.json; else download the rest of the model.',
    );
  }
  const usesNewNames = [...stored.keys()].some((stored) => originalName(stored) !== stored);
  refuse(
    `The tensor ${usesNewNames ? newName(name) : name} is missing. Check that the download is complete and that config.json belongs to it.`,
  );
}

/** `model.language_model.X` → `model.X`, `model.visual.X` → `visual.X`; the same without `model.`, of a saved base model. */
export function originalName(name: string): string {
  const text = /^(?:model\.)?language_model\./.exec(name);
  if (text) return `model.${name.slice(text[0].length)}`;
  return name.startsWith('model.visual.') ? name.slice('model.'.length) : name;
}

function newName(name: string): string {
  if (name.startsWith('visual.')) return `model.${name}`;
  return name.startsWith('model.') ? name.replace('model.', 'model.language_model.') : name;
}

/** Buffers that old versions saved, and the copy of a tied head. transformers ignores them as well. */
function isTolerated(name: string): boolean {
  return (
    name.endsWith('rotary_emb.inv_freq') ||
    name.endsWith('rotary_pos_emb.inv_freq') ||
    name === 'lm_head.weight'
  );
}

function refuse(message: string): never {
  throw new RoundsError('checkpoint_invalid', message);
}
