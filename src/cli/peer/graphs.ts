/**
 * Graphs of a pack in the layout that transformers.js loads, with the operators of current exports (grouped-query attention
 * with a growing KV cache, weights of 4 bits). The weights are those of the pack.
 */
import {
  createLayerContext,
  embedding,
  linear,
  rmsNorm,
  sigmoidGate,
  skipRmsNorm,
  vector,
} from '../../engine/graphs/layers';
import type { GraphTarget, LayerContext } from '../../engine/graphs/layers';
import { GraphBuilder } from '../../engine/onnx/graphBuilder';
import type { GraphModel, PackReader } from '../../engine/ports';
import { textRotaryTables } from '../../engine/rotary';
import type { PackManifest } from '../../shared/pack';
import { transposedValues } from '../../runtime/ort/quantizedWeights';
import { floatArrayFromHalf } from '../../shared/half';
import type { BackendName } from '../../shared/protocol';
import { withTables, type Table } from './packFolder';

/** q4: as the pack stores them, in MatMulNBits. fp32: unpacked, in MatMul. */
export type PeerDtype = 'q4' | 'fp32';

export interface PeerGraph {
  graph: GraphModel;
  pack: PackReader;
}

const [EMBEDDING, COS, SIN] = ['model.embed_tokens.weight', 'cos_table', 'sin_table'];
const UNPACKED_EMBEDDING = 'embed_tokens.values';
const LARGEST = 2 ** 53 - 1;

function targetOf(manifest: PackManifest, dtype: PeerDtype): GraphTarget {
  // The embedding and the head have weights of their own, as in exports.
  const target: GraphTarget = { backend: 'wasm', type: 'float32' };
  if (dtype === 'q4') return target;
  return { ...target, forms: new Map(manifest.tensors.map(({ name }) => [name, 'float32'])) };
}

/** model.onnx: ids to logits, for a text model. The rotary embedding is part of the attention. */
export async function textModel(
  pack: PackReader,
  dtype: PeerDtype,
  backend: BackendName,
): Promise<PeerGraph> {
  const extended = withTables(pack, { ...rotaryTables(pack), ...(await embeddingTable(pack, backend)) });
  const { manifest } = extended;
  const graph = new GraphBuilder('model');
  const ctx = createLayerContext(graph, targetOf(manifest, dtype), manifest);
  graph.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
  declareState(ctx, manifest);
  graph.input('position_ids', 'int64', ['batch_size', 'sequence_length']);
  const rows = embedding(ctx, 'input_ids', embeddingName(backend));
  decoderLayers(ctx, manifest, rows, (layer, qkv, lengths) => {
    const tables = [vector(ctx, COS), vector(ctx, SIN)];
    return attention(ctx, manifest, layer, [qkv, '', ''], [...lengths, ...tables]);
  });
  return { graph: graph.build(), pack: extended };
}

/** embed_tokens.onnx */
export async function embedTokens(
  pack: PackReader,
  dtype: PeerDtype,
  backend: BackendName,
): Promise<PeerGraph> {
  const extended = withTables(pack, await embeddingTable(pack, backend));
  const { manifest } = extended;
  const graph = new GraphBuilder('embed_tokens');
  const ctx = createLayerContext(graph, targetOf(manifest, dtype), manifest);
  graph.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
  const rows = embedding(ctx, 'input_ids', embeddingName(backend));
  graph.node('Identity', [rows], { outputs: ['inputs_embeds'] });
  graph.output(
    'inputs_embeds',
    'float32',
    ['batch_size', 'sequence_length', manifest.model.text.hiddenSize],
    'host',
  );
  return { graph: graph.build(), pack: extended };
}

/** decoder_model_merged.onnx: embeddings and three-dimensional positions to logits. */
export function mergedDecoder(pack: PackReader, dtype: PeerDtype): PeerGraph {
  const extended = withTables(pack, rotaryTables(pack));
  const { manifest } = extended;
  const { hiddenSize, numAttentionHeads, numKeyValueHeads, headDim, mropeSection } = manifest.model.text;
  const graph = new GraphBuilder('decoder_model_merged');
  const ctx = createLayerContext(graph, targetOf(manifest, dtype), manifest);
  graph.input('inputs_embeds', 'float32', ['batch_size', 'sequence_length', hiddenSize]);
  declareState(ctx, manifest);
  graph.input('position_ids', 'int64', [3, 'batch_size', 'sequence_length']);
  const sizes = graph.int64(
    [numAttentionHeads, numKeyValueHeads, numKeyValueHeads].map((heads) => heads * headDim),
  );
  const rotate = (x: string, heads: number): string =>
    graph.node('MRotaryEmbedding', [x, 'position_ids', vector(ctx, COS), vector(ctx, SIN)], {
      domain: 'com.microsoft',
      attributes: { mrope_section: mropeSection, num_heads: heads },
    });
  decoderLayers(ctx, manifest, 'inputs_embeds', (layer, qkv, lengths) => {
    const parts = graph.nodes('Split', [qkv, sizes], 3, { attributes: { axis: -1 } });
    const [q = '', k = '', v = ''] = parts;
    const rotated = [rotate(q, numAttentionHeads), rotate(k, numKeyValueHeads), v];
    return attention(ctx, manifest, layer, rotated, lengths);
  });
  return { graph: graph.build(), pack: extended };
}

function rotaryTables(pack: PackReader): Record<string, Table> {
  const { text } = pack.manifest.model;
  const positions = Int32Array.from({ length: text.maxPositionEmbeddings }, (_, i) => i);
  const { cos, sin, rows, pairs } = textRotaryTables([positions, positions, positions], text);
  const shape = [rows, pairs];
  return { [COS]: { shape, values: cos }, [SIN]: { shape, values: sin } };
}

/** The build of onnxruntime that transformers.js uses looks up 4 and 8 bits on the GPU only. */
function embeddingName(backend: BackendName): string {
  return backend === 'wasm' ? UNPACKED_EMBEDDING : EMBEDDING;
}

async function embeddingTable(pack: PackReader, backend: BackendName): Promise<Record<string, Table>> {
  const tensor = pack.manifest.tensors.find(({ name }) => name === EMBEDDING);
  if (backend !== 'wasm' || !tensor) return {};
  const [rows = 0, columns = 0] = tensor.shape;
  const data = await pack.read(tensor.data);
  const values = new Float32Array(rows * columns);
  if (tensor.dtype === 'q4' || tensor.dtype === 'q8') {
    const scales = new Uint16Array((await pack.read(tensor.scales ?? tensor.data)).buffer);
    const unpacked = transposedValues(data, scales, rows, tensor.dtype);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        values[row * columns + column] = unpacked[column * rows + row] ?? 0;
      }
    }
  } else
    values.set(
      tensor.dtype === 'f16'
        ? floatArrayFromHalf(new Uint16Array(data.buffer))
        : new Float32Array(data.buffer),
    );
  return { [UNPACKED_EMBEDDING]: { shape: [rows, columns], values } };
}

function declareState({ graph }: LayerContext, manifest: PackManifest): void {
  const { numHiddenLayers, numKeyValueHeads, headDim } = manifest.model.text;
  graph.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length']);
  graph.input('num_logits_to_keep', 'int64', []);
  for (let layer = 0; layer < numHiddenLayers; layer++) {
    for (const kind of ['key', 'value']) {
      const dims = (rows: string) => ['batch_size', numKeyValueHeads, rows, headDim];
      graph.input(`past_key_values.${layer}.${kind}`, 'float32', dims('past_sequence_length'));
      graph.output(`present.${layer}.${kind}`, 'float32', dims('total_sequence_length'), 'device');
    }
  }
}

function attention(
  { graph }: LayerContext,
  manifest: PackManifest,
  layer: number,
  [q = '', k = '', v = '']: readonly string[],
  [seqlens = '', total = '', ...tables]: readonly string[],
): string {
  const { numAttentionHeads, numKeyValueHeads } = manifest.model.text;
  const past = `past_key_values.${layer}`;
  const inputs = [q, k, v, `${past}.key`, `${past}.value`, seqlens, total, ...tables];
  return graph.node('GroupQueryAttention', inputs, {
    domain: 'com.microsoft',
    attributes: {
      num_heads: numAttentionHeads,
      kv_num_heads: numKeyValueHeads,
      do_rotary: tables.length > 0 ? 1 : 0,
    },
    outputs: [`attention.${layer}`, `present.${layer}.key`, `present.${layer}.value`],
  });
}

/** Total lengths from the mask, as exports compute them: int32 [B, 1] of the last index, and int32 []. */
function lengthsOf({ graph }: LayerContext): [string, string] {
  const INT32 = 6;
  const sum = graph.node('ReduceSum', ['attention_mask', graph.int64([1])]);
  const last = graph.node('Sub', [sum, graph.int64([1])]);
  const shape = graph.node('Shape', ['attention_mask']);
  const total = graph.node('Gather', [shape, graph.int64([1], [])]);
  const whole = (x: string): string => graph.node('Cast', [x], { attributes: { to: INT32 } });
  return [whole(last), whole(total)];
}

function decoderLayers(
  ctx: LayerContext,
  manifest: PackManifest,
  rows: string,
  attend: (layer: number, qkv: string, lengths: [string, string]) => string,
): void {
  const { graph } = ctx;
  const { numHiddenLayers, rmsNormEps } = manifest.model.text;
  const lengths = lengthsOf(ctx);
  let residual = rows;
  let normed = rmsNorm(ctx, rows, 'model.layers.0.input_layernorm.weight', rmsNormEps);
  for (let layer = 0; layer < numHiddenLayers; layer++) {
    const prefix = `model.layers.${layer}`;
    const qkv = linear(
      ctx,
      normed,
      `${prefix}.self_attn.qkv_proj.weight`,
      `${prefix}.self_attn.qkv_proj.bias`,
    );
    const out = linear(ctx, attend(layer, qkv, lengths), `${prefix}.self_attn.o_proj.weight`);
    const [x, sum] = skipRmsNorm(ctx, out, residual, `${prefix}.post_attention_layernorm.weight`, rmsNormEps);
    const gated = sigmoidGate(ctx, linear(ctx, x, `${prefix}.mlp.gate_proj.weight`), 1);
    const product = graph.node('Mul', [gated, linear(ctx, x, `${prefix}.mlp.up_proj.weight`)]);
    const down = linear(ctx, product, `${prefix}.mlp.down_proj.weight`);
    const isLast = layer === numHiddenLayers - 1;
    const next = isLast ? 'model.norm.weight' : `model.layers.${layer + 1}.input_layernorm.weight`;
    [normed, residual] = skipRmsNorm(ctx, down, sum, next, rmsNormEps);
  }
  head(ctx, manifest, normed);
}

/** Logits of the last `num_logits_to_keep` positions; of all if it is 0. */
function head(ctx: LayerContext, manifest: PackManifest, normed: string): void {
  const { graph } = ctx;
  const { tieWordEmbeddings, vocabSize } = manifest.model.text;
  const count = graph.node('Reshape', ['num_logits_to_keep', graph.int64([1])]);
  const start = graph.node('Neg', [count]);
  const kept = graph.node('Slice', [normed, start, graph.int64([LARGEST]), graph.int64([1])]);
  const logits = linear(ctx, kept, tieWordEmbeddings ? EMBEDDING : 'lm_head.weight');
  graph.node('Identity', [logits], { outputs: ['logits'] });
  graph.output('logits', 'float32', ['batch_size', 'kept', vocabSize], 'host');
}
