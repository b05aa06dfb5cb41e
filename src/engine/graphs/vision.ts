/**
 * The vision tower as one graph for one image: patch embedding, blocks, merger.
 *
 * Rows are patches in window order (Qwen2.5-VL) or patch order (Qwen2-VL); four consecutive rows form one merged
 * token. Windowed blocks gather their packed QKV rows into [windows, windowPatches], padding the smaller windows at
 * the edges, attend with a bias that masks the padding, and gather back. Everything else works on unpadded rows.
 * Activations are always float32, because the residual stream and the MLP of Qwen2.5-VL exceed the range of float16
 * on ordinary images.
 */
import type { PackManifest } from '../../shared/pack';
import { GraphBuilder } from '../onnx/graphBuilder';
import type { GraphModel } from '../ports';
import {
  cast,
  createLayerContext,
  layerNorm,
  linear,
  rmsNorm,
  sigmoidGate,
  type GraphTarget,
  type LayerContext,
} from './layers';
import { joinAll, splitEvenly } from './parts';

/** Names of the vision graph's inputs and outputs. P: patches, W: windows, n: patches per window. */
export const VISION_IO = {
  /** float32 [P, columns of patch_embed] */
  pixelValues: 'pixel_values',
  /** float32 [P, headDim / 2] */
  cos: 'rotary_cos',
  sin: 'rotary_sin',
  /** int64 [parts · ceil(P / parts)]: 0, 1, …, P − 1, the last one repeated; only if full attention has several parts. */
  queryRows: 'query_rows',
  /** float32 [W·n, headDim / 2]: the same rows in padded window order. */
  windowCos: 'window_rotary_cos',
  windowSin: 'window_rotary_sin',
  /** int64 [W·n]: the row at each padded window position. */
  windowRows: 'window_rows',
  /** int64 [P]: the padded window position of each row. */
  windowPositions: 'window_positions',
  /** float32 [W, 1, n, n]: 0, or a large negative number at padded keys. */
  windowBias: 'window_bias',
  /** int64 [P / 4]: for each merged token in raster order, its index in window order. */
  reverseIndex: 'reverse_index',
  /** T [1, P / 4, out hidden], in raster order. */
  features: 'image_features',
} as const;

/**
 * onnxruntime's CPU attention stores all P² scores per head: 1.2 GB for two heads and an image of 1350 × 1800 pixels.
 * Processing the queries in this many parts divides that by the same number.
 */
export const QUERY_PARTS = 16;

/**
 * Most operations of one dispatch of full attention on a GPU. Systems reset a GPU that is busy with one dispatch for some
 * seconds; 65,536 patches, the most that a preset allows, would be 22 · 10¹² operations in a 3B model.
 */
export const MAX_ATTENTION_OPERATIONS = 0.5e12;
const MOST_PARTS = 64;

/** In how many parts the queries of full attention are processed: 1, 4, 16 or 64. */
export function queryParts(
  { hiddenSize }: Pick<PackManifest['model']['vision'], 'hiddenSize'>,
  patches: number,
  backend: GraphTarget['backend'],
): number {
  if (backend === 'wasm') return QUERY_PARTS;
  const operations = 4 * hiddenSize * patches ** 2;
  let parts = 1;
  while (parts < MOST_PARTS && operations / parts > MAX_ATTENTION_OPERATIONS) parts *= 4;
  return parts;
}

/**
 * @param parts of the queries of full attention; see queryParts
 * @param decoder target of the decoder. Its type is the type of the features; the tower itself is float32.
 * @throws RoundsError pack_invalid if the pack lacks a tensor
 */
export function makeVisionGraph(
  manifest: PackManifest,
  decoder: GraphTarget,
  parts = queryParts(manifest.model.vision, 0, decoder.backend),
): GraphModel {
  const { vision } = manifest.model;
  const graph = new GraphBuilder('vision');
  const ctx = createLayerContext(graph, { ...decoder, type: 'float32' }, manifest);
  declareInputs(ctx, manifest, parts);
  const rows = linear(ctx, VISION_IO.pixelValues, 'visual.patch_embed.proj.weight');
  let x = graph.node('Unsqueeze', [rows, graph.int64([0])]);
  for (let block = 0; block < vision.depth; block++) x = visionBlock(ctx, manifest, block, x, parts);
  const merged = merger(ctx, manifest, x);
  const features =
    vision.windowSize === null
      ? merged
      : graph.node('Gather', [merged, VISION_IO.reverseIndex], { attributes: { axis: 1 } });
  cast(ctx, features, decoder.type, [VISION_IO.features]);
  graph.output(VISION_IO.features, decoder.type, [1, 'merged', vision.outHiddenSize], 'host');
  return graph.build();
}

/** Whether any block attends within windows. */
export function hasWindowBlocks(vision: PackManifest['model']['vision']): boolean {
  return vision.windowSize !== null && vision.fullAttentionBlockIndexes.length < vision.depth;
}

/** Whether any block attends to the whole image. */
export function hasFullBlocks(vision: PackManifest['model']['vision']): boolean {
  return vision.windowSize === null || vision.fullAttentionBlockIndexes.length > 0;
}

function declareInputs(ctx: LayerContext, manifest: PackManifest, parts: number): void {
  const { graph } = ctx;
  const { vision } = manifest.model;
  const columns = ctx.tensor('visual.patch_embed.proj.weight').shape[1] ?? 0;
  const rotary = vision.hiddenSize / vision.numHeads / 2;
  graph.input(VISION_IO.pixelValues, 'float32', ['patches', columns]);
  if (hasFullBlocks(vision)) {
    graph.input(VISION_IO.cos, 'float32', ['patches', rotary]);
    graph.input(VISION_IO.sin, 'float32', ['patches', rotary]);
    if (parts > 1) graph.input(VISION_IO.queryRows, 'int64', ['queries']);
  }
  if (hasWindowBlocks(vision)) {
    graph.input(VISION_IO.windowCos, 'float32', ['padded', rotary]);
    graph.input(VISION_IO.windowSin, 'float32', ['padded', rotary]);
    graph.input(VISION_IO.windowRows, 'int64', ['padded']);
    graph.input(VISION_IO.windowPositions, 'int64', ['patches']);
    graph.input(VISION_IO.windowBias, 'float32', ['windows', 1, 'window', 'window']);
  }
  if (vision.windowSize !== null) graph.input(VISION_IO.reverseIndex, 'int64', ['merged']);
}

function norm(ctx: LayerContext, manifest: PackManifest, x: string, name: string): string {
  const { norm: kind, normEps } = manifest.model.vision;
  return kind === 'rms' ? rmsNorm(ctx, x, `${name}.weight`, normEps) : layerNorm(ctx, x, name, normEps);
}

function visionBlock(
  ctx: LayerContext,
  manifest: PackManifest,
  block: number,
  x: string,
  parts: number,
): string {
  const prefix = `visual.blocks.${block}`;
  const { windowSize, fullAttentionBlockIndexes } = manifest.model.vision;
  const isFull = windowSize === null || fullAttentionBlockIndexes.includes(block);
  const normed = norm(ctx, manifest, x, `${prefix}.norm1`);
  const qkv = linear(ctx, normed, `${prefix}.attn.qkv.weight`, `${prefix}.attn.qkv.bias`);
  const attention = isFull ? fullAttention(ctx, manifest, qkv, parts) : windowAttention(ctx, manifest, qkv);
  const projected = linear(ctx, attention, `${prefix}.attn.proj.weight`, `${prefix}.attn.proj.bias`);
  const sum = ctx.graph.node('Add', [x, projected]);
  const mlp = visionMlp(ctx, manifest, `${prefix}.mlp`, norm(ctx, manifest, sum, `${prefix}.norm2`));
  return ctx.graph.node('Add', [sum, mlp]);
}

/** Splits packed rows [1, R, 3·hidden] into q, k (both rotated) and v, each [1, R, hidden]. */
function splitAndRotate(ctx: LayerContext, manifest: PackManifest, qkv: string, cos: string, sin: string) {
  const { numHeads } = manifest.model.vision;
  const [q, k, v] = ctx.graph.nodes('Split', [qkv], 3, { attributes: { axis: -1, num_outputs: 3 } });
  const offset = ctx.graph.int64([0]);
  const rotate = (x: string) =>
    ctx.graph.node('RotaryEmbedding', [x, offset, cos, sin], {
      domain: 'com.microsoft',
      attributes: { num_heads: numHeads, rotary_embedding_dim: 0, interleaved: 0 },
    });
  return { q: rotate(q ?? ''), k: rotate(k ?? ''), v: v ?? '' };
}

function fullAttention(ctx: LayerContext, manifest: PackManifest, qkv: string, parts: number): string {
  const { q, k, v } = splitAndRotate(ctx, manifest, qkv, VISION_IO.cos, VISION_IO.sin);
  return parts > 1
    ? attentionInParts(ctx, manifest, [q, k, v], parts)
    : multiHeadAttention(ctx, manifest, [q, k, v]);
}

/** Gives the same result as one attention over all rows, because queries do not depend on each other. */
function attentionInParts(
  ctx: LayerContext,
  manifest: PackManifest,
  [q, k, v]: readonly [string, string, string],
  count: number,
): string {
  const { graph } = ctx;
  const queries = graph.node('Gather', [q, VISION_IO.queryRows], { attributes: { axis: 1 } });
  const parts = splitEvenly(graph, queries, count, 1);
  const attended = parts.map((part) => multiHeadAttention(ctx, manifest, [part, k, v]));
  const joined = joinAll(graph, attended, 1);
  const patches = graph.node('Shape', [q], { attributes: { start: 1, end: 2 } });
  return graph.node('Slice', [joined, graph.int64([0]), patches, graph.int64([1])]);
}

function windowAttention(ctx: LayerContext, manifest: PackManifest, qkv: string): string {
  const { graph } = ctx;
  const { hiddenSize } = manifest.model.vision;
  const window = windowPatches(manifest.model.vision);
  const padded = graph.node('Gather', [qkv, VISION_IO.windowRows], { attributes: { axis: 1 } });
  const { q, k, v } = splitAndRotate(ctx, manifest, padded, VISION_IO.windowCos, VISION_IO.windowSin);
  const batched = graph.int64([-1, window, hiddenSize]);
  const [bq, bk, bv] = [q, k, v].map((x) => graph.node('Reshape', [x, batched]));
  const attention = multiHeadAttention(ctx, manifest, [
    bq ?? '',
    bk ?? '',
    bv ?? '',
    '',
    '',
    VISION_IO.windowBias,
  ]);
  const flat = graph.node('Reshape', [attention, graph.int64([1, -1, hiddenSize])]);
  return graph.node('Gather', [flat, VISION_IO.windowPositions], { attributes: { axis: 1 } });
}

/** Number of patches in a full window: 64 for windows of 112 pixels and patches of 14. */
export function windowPatches(vision: PackManifest['model']['vision']): number {
  const side = mergedWindowSide(vision) * vision.spatialMergeSize;
  return side * side;
}

/** Side of a window in merged tokens, as in transformers (get_window_index). */
function mergedWindowSide(vision: PackManifest['model']['vision']): number {
  return Math.floor((vision.windowSize ?? 0) / vision.spatialMergeSize / vision.patchSize);
}

function multiHeadAttention(ctx: LayerContext, manifest: PackManifest, inputs: string[]): string {
  return ctx.graph.node('MultiHeadAttention', inputs, {
    domain: 'com.microsoft',
    attributes: { num_heads: manifest.model.vision.numHeads },
  });
}

function visionMlp(ctx: LayerContext, manifest: PackManifest, prefix: string, x: string): string {
  const dense = (name: string, input: string) =>
    linear(ctx, input, `${prefix}.${name}.weight`, `${prefix}.${name}.bias`);
  if (manifest.model.vision.mlp === 'quick_gelu') {
    return dense('fc2', sigmoidGate(ctx, dense('fc1', x), 1.702));
  }
  const gate = sigmoidGate(ctx, dense('gate_proj', x), 1);
  return dense('down_proj', ctx.graph.node('Mul', [gate, dense('up_proj', x)]));
}

/** [1, P, hidden] → [1, P / merge², out hidden]: norm, concatenation of four rows, linear, GELU (erf), linear. */
function merger(ctx: LayerContext, manifest: PackManifest, x: string): string {
  const { graph } = ctx;
  const { hiddenSize, spatialMergeSize } = manifest.model.vision;
  const normed = norm(ctx, manifest, x, 'visual.merger.ln_q');
  const wide = hiddenSize * spatialMergeSize ** 2;
  const grouped = graph.node('Reshape', [normed, graph.int64([1, -1, wide])]);
  const hidden = linear(ctx, grouped, 'visual.merger.mlp.0.weight', 'visual.merger.mlp.0.bias');
  const activated = graph.node('Gelu', [hidden], { domain: 'com.microsoft' });
  return linear(ctx, activated, 'visual.merger.mlp.2.weight', 'visual.merger.mlp.2.bias');
}
