/** Splits and joins by stages: a shader of onnxruntime has at most 10 buffers, one for each part and one for the whole. */
import type { GraphBuilder } from '../onnx/graphBuilder';

const FACTOR = 4;

/**
 * Splits a tensor into parts of equal size.
 * @param count a power of 4
 */
export function splitEvenly(graph: GraphBuilder, x: string, count: number, axis: number): string[] {
  if (count === 1) return [x];
  const pieces = graph.nodes('Split', [x], FACTOR, { attributes: { axis, num_outputs: FACTOR } });
  return pieces.flatMap((piece) => splitEvenly(graph, piece, count / FACTOR, axis));
}

/** Joins tensors along an axis. @param outputs name of the result, if it is to have one */
export function joinAll(
  graph: GraphBuilder,
  parts: readonly string[],
  axis: number,
  outputs?: [string],
): string {
  const options = { attributes: { axis }, ...(outputs ? { outputs } : {}) };
  if (parts.length <= FACTOR) return graph.node('Concat', [...parts], options);
  const joined: string[] = [];
  for (let i = 0; i < parts.length; i += FACTOR)
    joined.push(joinAll(graph, parts.slice(i, i + FACTOR), axis));
  return joinAll(graph, joined, axis, outputs);
}
