/**
 * Layers shared by decoder and vision tower: linear, norms, embedding. Each function takes the name of a pack tensor
 * and adds nodes for that tensor's dtype and the graph's target.
 */
import { RoundsError } from '../../shared/errors';
import { BLOCK_SIZE, type PackManifest, type PackTensor } from '../../shared/pack';
import type { BackendName } from '../../shared/protocol';
import type { GraphBuilder } from '../onnx/graphBuilder';
import type { ElementType, RowRange } from '../ports';
import type { WeightForm, WeightForms } from './weightForms';

/** The target of a graph. `type` is the element type of its activations. */
export interface GraphTarget {
  backend: BackendName;
  type: 'float32' | 'float16';
  /** On WebAssembly, the forms of quantized linear weights; others are computed with as they are stored. */
  forms?: WeightForms;
}

/**
 * MatMulNBits: 0 leaves activations in the graph's type. 4 would round them to 8 bits, which changes logits by about
 * 0.007 on a small trained model, and with it greedy tokens (onnxruntime issue 29849).
 */
const ACCURACY_LEVEL = 0;

/** Most bytes of float32 that a weight of 8 or 4 bits becomes at once: at the head of a large vocabulary it would be a gigabyte. */
const SCALED_PART_BYTES = 64 * 2 ** 20;

export interface LayerContext {
  readonly graph: GraphBuilder;
  readonly target: GraphTarget;
  /** @throws RoundsError pack_invalid if the pack has no such tensor */
  tensor(name: string): PackTensor;
}

export function createLayerContext(
  graph: GraphBuilder,
  target: GraphTarget,
  manifest: PackManifest,
): LayerContext {
  const byName = new Map(manifest.tensors.map((tensor) => [tensor.name, tensor]));
  return {
    graph,
    target,
    tensor(name) {
      const tensor = byName.get(name);
      if (!tensor)
        throw new RoundsError(
          'pack_invalid',
          `The pack has no tensor named ${name}. Convert the model again.`,
        );
      return tensor;
    },
  };
}

/** Adds a whole tensor as an initializer in the graph's activation type; for norms and biases. */
export function vector(ctx: LayerContext, name: string): string {
  const tensor = ctx.tensor(name);
  return ctx.graph.weight({
    name,
    tensor: name,
    part: 'data',
    type: ctx.target.type,
    dims: tensor.shape,
    transpose: false,
  });
}

/** Adds quantized data and scales of a linear weight or an embedding as initializers. */
function quantizedParts(
  ctx: LayerContext,
  tensor: PackTensor,
  dataDims: number[],
  suffix = '',
): { data: string; scales: string } {
  const [rows, columns] = matrixShape(tensor);
  const common = { tensor: tensor.name, transpose: false } as const;
  const data = ctx.graph.weight({
    ...common,
    name: `${tensor.name}${suffix}.data`,
    part: 'data',
    type: 'uint8',
    dims: dataDims,
  });
  const scales = ctx.graph.weight({
    ...common,
    name: `${tensor.name}${suffix}.scales`,
    part: 'scales',
    type: ctx.target.type,
    dims: [rows, columns / BLOCK_SIZE],
  });
  return { data, scales };
}

/** @throws RoundsError pack_invalid */
export function matrixShape(tensor: PackTensor): [number, number] {
  const [rows, columns] = tensor.shape;
  if (rows === undefined || columns === undefined || tensor.shape.length !== 2) {
    throw new RoundsError(
      'pack_invalid',
      `${tensor.name} must be a matrix, but its shape is [${tensor.shape.join(', ')}]. Convert the model again.`,
    );
  }
  return [rows, columns];
}

/** Bits per weight of a quantized tensor; null for f16 and f32. */
export function bitsOf(tensor: PackTensor): 4 | 8 | null {
  return tensor.dtype === 'q4' ? 4 : tensor.dtype === 'q8' ? 8 : null;
}

/** Data and scales as MatMulNBits expects them: uint8 [N, K/32, 32·bits/8] and [N, K/32]. */
export function matMulNBitsParts(ctx: LayerContext, name: string): { data: string; scales: string } {
  const tensor = ctx.tensor(name);
  const bits = bitsOf(tensor) ?? 8;
  const [rows, columns] = matrixShape(tensor);
  return quantizedParts(ctx, tensor, [rows, columns / BLOCK_SIZE, (BLOCK_SIZE * bits) / 8]);
}

/** Attributes of MatMulNBits and its fused variants for a weight [N, K]. */
export function matMulNBitsAttributes(tensor: PackTensor): Record<string, number> {
  const [rows, columns] = matrixShape(tensor);
  return {
    K: columns,
    N: rows,
    bits: bitsOf(tensor) ?? 8,
    block_size: BLOCK_SIZE,
    accuracy_level: ACCURACY_LEVEL,
  };
}

/** y = x·Wᵀ (+ b). x: [..., K], W: [N, K] in the pack, y: [..., N]. `bias` names the bias tensor. */
export function linear(ctx: LayerContext, x: string, name: string, bias?: string): string {
  const tensor = ctx.tensor(name);
  const [rows, columns] = matrixShape(tensor);
  const form = bitsOf(tensor) === null ? undefined : ctx.target.forms?.get(name);
  if (form) {
    const product =
      form === 'float32' ? unpackedProduct(ctx, x, tensor) : scaledProduct(ctx, x, tensor, form);
    return bias ? ctx.graph.node('Add', [product, vector(ctx, bias)]) : product;
  }
  if (bitsOf(tensor) !== null) {
    const { data, scales } = matMulNBitsParts(ctx, name);
    const inputs = [x, data, scales, ...(bias ? ['', '', vector(ctx, bias)] : [])];
    return ctx.graph.node('MatMulNBits', inputs, {
      domain: 'com.microsoft',
      attributes: matMulNBitsAttributes(tensor),
    });
  }
  const weight = ctx.graph.weight({
    name: `${name}.transposed`,
    tensor: name,
    part: 'data',
    type: ctx.target.type,
    dims: [columns, rows],
    transpose: true,
  });
  const product = ctx.graph.node('MatMul', [x, weight]);
  return bias ? ctx.graph.node('Add', [product, vector(ctx, bias)]) : product;
}

/** x·Wᵀ with weights that are unpacked at load. */
function unpackedProduct(ctx: LayerContext, x: string, tensor: PackTensor): string {
  const [rows, columns] = matrixShape(tensor);
  const weight = ctx.graph.weight({
    name: `${tensor.name}.values`,
    tensor: tensor.name,
    part: 'values',
    type: 'float32',
    dims: [columns, rows],
    transpose: true,
  });
  return ctx.graph.node('MatMul', [x, weight]);
}

/** x·Wᵀ with integers that are multiplied by their scales in each run, a part of the rows at a time. */
function scaledProduct(ctx: LayerContext, x: string, tensor: PackTensor, form: WeightForm): string {
  const [rows, columns] = matrixShape(tensor);
  const step = Math.max(2, Math.floor(SCALED_PART_BYTES / 4 / columns / 2) * 2);
  const parts: string[] = [];
  for (let start = 0; start < rows; start += step) {
    parts.push(scaledPart(ctx, x, tensor, form, { start, end: Math.min(start + step, rows) }));
  }
  const [first = ''] = parts;
  return parts.length === 1 ? first : ctx.graph.node('Concat', parts, { attributes: { axis: -1 } });
}

/** [K, N] with one scale for each 32 rows: onnxruntime's kernel takes a row of N columns at once. */
function scaledPart(
  ctx: LayerContext,
  x: string,
  tensor: PackTensor,
  form: WeightForm,
  rows: RowRange,
): string {
  const [, columns] = matrixShape(tensor);
  const count = rows.end - rows.start;
  const common = { tensor: tensor.name, transpose: true, rows } as const;
  const suffix = `${tensor.name}.${rows.start}`;
  const integers = ctx.graph.weight({
    ...common,
    name: `${suffix}.integers`,
    part: 'integers',
    type: form === 'int4' ? 'int4' : 'int8',
    dims: [columns, count],
  });
  const scales = ctx.graph.weight({
    ...common,
    name: `${suffix}.scales`,
    part: 'scales',
    type: 'float32',
    dims: [columns / BLOCK_SIZE, count],
  });
  const weight = ctx.graph.node('DequantizeLinear', [integers, scales], {
    attributes: { axis: 0, block_size: BLOCK_SIZE },
    early: true,
  });
  return ctx.graph.node('MatMul', [x, weight]);
}

/** Looks up ids [1, S] in an embedding [V, H]: [1, S, H]. */
export function embedding(ctx: LayerContext, ids: string, name: string): string {
  const tensor = ctx.tensor(name);
  const bits = bitsOf(tensor);
  if (bits === null) {
    const table = vector(ctx, name);
    return ctx.graph.node('Gather', [table, ids], { attributes: { axis: 0 } });
  }
  const [rows, columns] = matrixShape(tensor);
  const { data, scales } = quantizedParts(ctx, tensor, [rows, (columns * bits) / 8], '.embedding');
  return ctx.graph.node('GatherBlockQuantized', [data, ids, scales], {
    domain: 'com.microsoft',
    attributes: { bits, block_size: BLOCK_SIZE, gather_axis: 0, quantize_axis: 1 },
  });
}

/** RMSNorm over the last axis. */
export function rmsNorm(ctx: LayerContext, x: string, weight: string, epsilon: number): string {
  return ctx.graph.node('SimplifiedLayerNormalization', [x, vector(ctx, weight)], {
    attributes: { axis: -1, epsilon: { float: epsilon }, stash_type: 1 },
  });
}

/** LayerNorm over the last axis; weight and bias are `NAME.weight` and `NAME.bias`. */
export function layerNorm(ctx: LayerContext, x: string, name: string, epsilon: number): string {
  const inputs = [x, vector(ctx, `${name}.weight`), vector(ctx, `${name}.bias`)];
  return ctx.graph.node('LayerNormalization', inputs, {
    attributes: { axis: -1, epsilon: { float: epsilon }, stash_type: 1 },
  });
}

/** Returns [RMSNorm(sum), sum] with sum = x + skip: residual and norm in one kernel. */
export function skipRmsNorm(
  ctx: LayerContext,
  x: string,
  skip: string,
  weight: string,
  epsilon: number,
): [string, string] {
  const id = `${weight}.skip`;
  ctx.graph.node('SkipSimplifiedLayerNormalization', [x, skip, vector(ctx, weight)], {
    domain: 'com.microsoft',
    attributes: { epsilon: { float: epsilon } },
    outputs: [`${id}.normed`, '', '', `${id}.sum`],
  });
  return [`${id}.normed`, `${id}.sum`];
}

/** x · sigmoid(alpha · x): SiLU with alpha 1, quick_gelu with 1.702. */
export function sigmoidGate(ctx: LayerContext, x: string, alpha: number): string {
  return ctx.graph.node('QuickGelu', [x], {
    domain: 'com.microsoft',
    attributes: { alpha: { float: alpha } },
  });
}

export function cast(ctx: LayerContext, x: string, to: ElementType, outputs?: string[]): string {
  const code = { float32: 1, uint8: 2, int32: 6, int64: 7, float16: 10 }[to];
  return ctx.graph.node('Cast', [x], { attributes: { to: code }, ...(outputs ? { outputs } : {}) });
}
