/**
 * The language model as one graph: embedding (with image features inserted), decoder layers with a static KV cache,
 * final norm and output head at selected positions. Used for prefill, chunked prefill and decode. On WebGPU the
 * embedding is not part of the graph: a kernel of ours looks tokens up (runtime/gpu) in a table that the head shares.
 *
 * mRoPE needs no nodes: the rotary tables are inputs, and row r contains the angles of the token in KV slot r, with
 * three-dimensional positions already applied (engine/rotary.ts). GroupQueryAttention reads row past_length + s for
 * the s-th query.
 */
import type { PackManifest } from '../../shared/pack';
import { GraphBuilder } from '../onnx/graphBuilder';
import type { GraphModel, TableSource } from '../ports';
import { EMBEDDING, embeddingTable } from './embeddingTable';
import {
  bitsOf,
  createLayerContext,
  embedding,
  linear,
  matMulNBitsAttributes,
  matMulNBitsParts,
  rmsNorm,
  sigmoidGate,
  skipRmsNorm,
  vector,
  type GraphTarget,
  type LayerContext,
} from './layers';

/**
 * Names of the decoder's inputs and outputs. S: new tokens, T: activation type. The first dimension, given as 1, is the
 * number of answers that are decoded at once; above 1, S is 1.
 */
export const DECODER_IO = {
  /** WebGPU, T [1, S, H]: token embeddings, with image features in the rows of image tokens. */
  embeddings: 'inputs_embeds',
  /** WebGPU, uint8 [V, H / 32, 4 · bits] and T [V, H / 32]: the embedding, if it is quantized and also the head. */
  headData: 'head_data',
  headScales: 'head_scales',
  /** WebAssembly, int64 [1, S] */
  inputIds: 'input_ids',
  /** WebAssembly, T [1, F, H]: features of the prompt's images; one row of zeros if there are none. */
  imageFeatures: 'image_features',
  /** WebAssembly, int64 [S]: the row of each position in [token embeddings; image features]. */
  rowIndex: 'row_index',
  /** int32 [1]: total length − 1. */
  seqlensK: 'seqlens_k',
  /** int32 [1]: past + new tokens. */
  totalLength: 'total_sequence_length',
  /** T [slots, headDim / 2] */
  cos: 'cos_cache',
  sin: 'sin_cache',
  /** int64 [L]: positions within this run whose logits are computed. */
  logitsIndex: 'logits_index',
  /** T [1, L, V] */
  logits: 'logits',
  /** T [1, kvHeads, slots, headDim], the same tensor as input and output. */
  pastKey: (layer: number) => `past_key_values.${layer}.key`,
  pastValue: (layer: number) => `past_key_values.${layer}.value`,
  presentKey: (layer: number) => `present.${layer}.key`,
  presentValue: (layer: number) => `present.${layer}.value`,
} as const;

/** @throws RoundsError pack_invalid if the pack lacks a tensor */
export function makeDecoderGraph(manifest: PackManifest, target: GraphTarget): GraphModel {
  const config = manifest.model.text;
  const graph = new GraphBuilder('decoder');
  const ctx = createLayerContext(graph, target, manifest);
  declareInputs(ctx, manifest);
  let residual = target.backend === 'webgpu' ? DECODER_IO.embeddings : inputEmbeddings(ctx);
  let normed = rmsNorm(ctx, residual, 'model.layers.0.input_layernorm.weight', config.rmsNormEps);
  for (let layer = 0; layer < config.numHiddenLayers; layer++) {
    const attention = selfAttention(ctx, manifest, layer, normed);
    const [mlpOut, sum] = mlp(ctx, manifest, layer, attention, residual);
    const isLast = layer === config.numHiddenLayers - 1;
    const next = isLast ? 'model.norm.weight' : `model.layers.${layer + 1}.input_layernorm.weight`;
    [normed, residual] = skipRmsNorm(ctx, mlpOut, sum, next, config.rmsNormEps);
  }
  outputHead(ctx, manifest, normed);
  return { ...graph.build(), capture: target.backend === 'webgpu' };
}

function declareInputs(ctx: LayerContext, manifest: PackManifest): void {
  const { graph, target } = ctx;
  const { hiddenSize, headDim, numKeyValueHeads, numHiddenLayers } = manifest.model.text;
  const batch = 'batch';
  if (target.backend === 'webgpu') {
    graph.input(DECODER_IO.embeddings, target.type, [batch, 'sequence', hiddenSize]);
  } else {
    graph.input(DECODER_IO.inputIds, 'int64', [batch, 'sequence']);
    graph.input(DECODER_IO.imageFeatures, target.type, [batch, 'features', hiddenSize]);
    graph.input(DECODER_IO.rowIndex, 'int64', ['sequence']);
  }
  graph.input(DECODER_IO.seqlensK, 'int32', [batch]);
  graph.input(DECODER_IO.totalLength, 'int32', [1]);
  graph.input(DECODER_IO.cos, target.type, ['slots', headDim / 2]);
  graph.input(DECODER_IO.sin, target.type, ['slots', headDim / 2]);
  graph.input(DECODER_IO.logitsIndex, 'int64', ['wanted']);
  for (let layer = 0; layer < numHiddenLayers; layer++) {
    const dims = [batch, numKeyValueHeads, 'slots', headDim];
    graph.input(DECODER_IO.pastKey(layer), target.type, dims);
    graph.input(DECODER_IO.pastValue(layer), target.type, dims);
    graph.output(DECODER_IO.presentKey(layer), target.type, dims, 'device');
    graph.output(DECODER_IO.presentValue(layer), target.type, dims, 'device');
  }
}

/** Replaces image tokens by their features: a Gather over [token embeddings; features]. */
function inputEmbeddings(ctx: LayerContext): string {
  const { graph } = ctx;
  const tokens = embedding(ctx, DECODER_IO.inputIds, EMBEDDING);
  const rows = graph.node('Concat', [tokens, DECODER_IO.imageFeatures], { attributes: { axis: 1 } });
  return graph.node('Gather', [rows, DECODER_IO.rowIndex], { attributes: { axis: 1 } });
}

function selfAttention(ctx: LayerContext, manifest: PackManifest, layer: number, x: string): string {
  const { numAttentionHeads, numKeyValueHeads } = manifest.model.text;
  const prefix = `model.layers.${layer}.self_attn`;
  const qkv = linear(ctx, x, `${prefix}.qkv_proj.weight`, `${prefix}.qkv_proj.bias`);
  const inputs = [
    qkv,
    '',
    '',
    DECODER_IO.pastKey(layer),
    DECODER_IO.pastValue(layer),
    DECODER_IO.seqlensK,
    DECODER_IO.totalLength,
    DECODER_IO.cos,
    DECODER_IO.sin,
  ];
  const attention = ctx.graph.node('GroupQueryAttention', inputs, {
    domain: 'com.microsoft',
    attributes: { num_heads: numAttentionHeads, kv_num_heads: numKeyValueHeads, do_rotary: 1 },
    outputs: [`${prefix}.out`, DECODER_IO.presentKey(layer), DECODER_IO.presentValue(layer)],
  });
  return linear(ctx, attention, `${prefix}.o_proj.weight`);
}

/** Returns [down(silu(gate(n)) · up(n)), sum] with sum = attention + residual and n = RMSNorm(sum). */
function mlp(
  ctx: LayerContext,
  manifest: PackManifest,
  layer: number,
  attention: string,
  residual: string,
): [string, string] {
  const prefix = `model.layers.${layer}`;
  const norm = `${prefix}.post_attention_layernorm.weight`;
  const gate = `${prefix}.mlp.gate_proj.weight`;
  const up = `${prefix}.mlp.up_proj.weight`;
  const epsilon = manifest.model.text.rmsNormEps;
  const fused =
    ctx.target.backend === 'webgpu' && bitsOf(ctx.tensor(gate)) === 4 && bitsOf(ctx.tensor(up)) === 4;
  let activated: string;
  let sum: string;
  if (fused) [activated, sum] = fusedGateUp(ctx, prefix, [attention, residual, norm, gate, up], epsilon);
  else {
    let normed: string;
    [normed, sum] = skipRmsNorm(ctx, attention, residual, norm, epsilon);
    const gated = sigmoidGate(ctx, linear(ctx, normed, gate), 1);
    activated = ctx.graph.node('Mul', [gated, linear(ctx, normed, up)]);
  }
  return [linear(ctx, activated, `${prefix}.mlp.down_proj.weight`), sum];
}

/** Residual sum, norm, both projections and SiLU in one kernel. The operator is available on WebGPU only. */
function fusedGateUp(
  ctx: LayerContext,
  prefix: string,
  [attention, residual, norm, gate, up]: [string, string, string, string, string],
  epsilon: number,
): [string, string] {
  const gateParts = matMulNBitsParts(ctx, gate);
  const upParts = matMulNBitsParts(ctx, up);
  const inputs = [
    attention,
    residual,
    vector(ctx, norm),
    gateParts.data,
    gateParts.scales,
    '',
    upParts.data,
    upParts.scales,
    '',
  ];
  const outputs = [`${prefix}.mlp.activated`, `${prefix}.mlp.sum`];
  ctx.graph.node('MatMulNBitsMlp', inputs, {
    domain: 'com.microsoft',
    attributes: {
      ...matMulNBitsAttributes(ctx.tensor(gate)),
      activation: 'silu',
      epsilon: { float: epsilon },
    },
    outputs,
  });
  return [outputs[0] ?? '', outputs[1] ?? ''];
}

function outputHead(ctx: LayerContext, manifest: PackManifest, normed: string): void {
  const { graph, target } = ctx;
  const { tieWordEmbeddings, vocabSize } = manifest.model.text;
  const onGpu = target.backend === 'webgpu';
  const wanted = graph.node('Gather', [normed, DECODER_IO.logitsIndex], { attributes: { axis: 1 } });
  const table = onGpu ? embeddingTable(ctx, tieWordEmbeddings) : null;
  if (table?.isHead) sharedHead(ctx, wanted, table);
  else {
    const logits = linear(ctx, wanted, tieWordEmbeddings ? EMBEDDING : 'lm_head.weight');
    graph.node('Identity', [logits], { outputs: [DECODER_IO.logits] });
  }
  const dims = ['batch', 'wanted', vocabSize];
  graph.output(DECODER_IO.logits, target.type, dims, onGpu ? 'device' : 'host');
}

/** The head with the table that tokens are looked up in as its weight. */
function sharedHead(ctx: LayerContext, x: string, { data, scales }: TableSource): void {
  const { graph, target } = ctx;
  graph.input(DECODER_IO.headData, 'uint8', data.dims);
  graph.input(DECODER_IO.headScales, target.type, scales?.dims ?? []);
  graph.node('MatMulNBits', [x, DECODER_IO.headData, DECODER_IO.headScales], {
    domain: 'com.microsoft',
    attributes: matMulNBitsAttributes(ctx.tensor(EMBEDDING)),
    outputs: [DECODER_IO.logits],
  });
}

/** The embedding that a decoder on WebGPU needs beside its graph. @throws RoundsError pack_invalid */
export function decoderTable(manifest: PackManifest, target: GraphTarget): TableSource | null {
  if (target.backend !== 'webgpu') return null;
  const ctx = createLayerContext(new GraphBuilder('embedding'), target, manifest);
  return embeddingTable(ctx, manifest.model.text.tieWordEmbeddings);
}
