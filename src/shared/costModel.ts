/**
 * Predicts how long a step of a model takes on a device: the longest of reading its bytes, computing its products and
 * enqueueing its dispatches. The figures of devices are published ones; the shares of them that are reached are
 * assumptions, which measurements beside them test (docs/speed.md).
 */
import type { ModelConfig } from './modelConfig';
import type { PackTensor } from './pack';

export interface StepCost {
  /** Bytes that must be read from the device's memory. */
  bytes: number;
  /** Floating-point operations. */
  flop: number;
  dispatches: number;
}

export interface DeviceClass {
  id: 'integrated' | 'apple' | 'desktop';
  /** An example of the class. */
  name: string;
  /** Published: bytes per second, and operations per second in float16 without matrix units. */
  bandwidth: number;
  flops: number;
  /** Seconds of the host for one dispatch. */
  dispatchSeconds: number;
}

export const DEVICE_CLASSES: readonly DeviceClass[] = [
  { id: 'integrated', name: 'Intel Iris Xe', bandwidth: 68e9, flops: 3.3e12, dispatchSeconds: 15e-6 },
  { id: 'apple', name: 'Apple M2', bandwidth: 100e9, flops: 3.6e12, dispatchSeconds: 10e-6 },
  { id: 'desktop', name: 'GeForce RTX 4070', bandwidth: 504e9, flops: 29e12, dispatchSeconds: 10e-6 },
];

/** Shares that kernels reach: of the bandwidth with one row, and of the operations with many. */
const REACHED = { bandwidth: 0.6, flops: 0.3 };
/** Dispatches of a decoder layer, of a vision block, and around the layers. */
const DISPATCHES = { layer: 8, block: 16, around: 8 };

/** Bytes of data and scales of a model's tensors. */
export interface WeightBytes {
  decoder: number;
  vision: number;
}

/** The embedding counts as the head, if they are shared: of the table itself only a row is read. */
export function weightBytesOf(tensors: readonly PackTensor[], { text }: ModelConfig): WeightBytes {
  const sum = (isWanted: (name: string) => boolean): number =>
    tensors
      .filter(({ name }) => isWanted(name))
      .reduce((total, { data, scales }) => total + data.length + (scales?.length ?? 0), 0);
  const isTable = (name: string): boolean => !text.tieWordEmbeddings && name === 'model.embed_tokens.weight';
  return {
    decoder: sum((name) => !name.startsWith('visual.') && !isTable(name)),
    vision: sum((name) => name.startsWith('visual.')),
  };
}

/** Weights of a decoder layer, without biases and norms. */
function layerWeights({ text }: ModelConfig): number {
  const attention = text.headDim * (2 * text.numAttentionHeads + 2 * text.numKeyValueHeads);
  return text.hiddenSize * (attention + 3 * text.intermediateSize);
}

/** One token for each of `lanes` answers, which attend to `context` rows each. @param valueBytes of a KV cache's element */
export function decodeCost(
  model: ModelConfig,
  weights: WeightBytes,
  { lanes, context, valueBytes }: { lanes: number; context: number; valueBytes: number },
): StepCost {
  const { text } = model;
  const row = 2 * text.numHiddenLayers * text.numKeyValueHeads * text.headDim * valueBytes;
  const products = text.numHiddenLayers * layerWeights(model) + text.hiddenSize * text.vocabSize;
  const attention = 2 * text.numHiddenLayers * text.numAttentionHeads * text.headDim * context;
  return {
    bytes: weights.decoder + lanes * context * row,
    flop: 2 * lanes * (products + attention),
    dispatches: DISPATCHES.layer * text.numHiddenLayers + DISPATCHES.around,
  };
}

/** `tokens` of a prompt in one run, from an empty cache. */
export function prefillCost(model: ModelConfig, weights: WeightBytes, tokens: number): StepCost {
  const { text } = model;
  const products = text.numHiddenLayers * layerWeights(model) * tokens + text.hiddenSize * text.vocabSize;
  // Half of the scores are masked.
  const attention = text.numHiddenLayers * text.numAttentionHeads * text.headDim * tokens * tokens;
  return {
    bytes: weights.decoder,
    flop: 2 * (products + attention),
    dispatches: DISPATCHES.layer * text.numHiddenLayers + DISPATCHES.around,
  };
}

/** One image of `side` × `side` pixels. */
export function visionCost({ vision }: ModelConfig, weights: WeightBytes, side: number): StepCost {
  const patches = Math.round(side / vision.patchSize) ** 2;
  const block = vision.hiddenSize * (4 * vision.hiddenSize + 3 * vision.intermediateSize);
  const merged = vision.hiddenSize * vision.spatialMergeSize ** 2;
  const merger = (merged * (merged + vision.outHiddenSize)) / vision.spatialMergeSize ** 2;
  const full = vision.windowSize === null ? vision.depth : vision.fullAttentionBlockIndexes.length;
  const window = ((vision.windowSize ?? 0) / vision.patchSize) ** 2;
  const keys = full * patches + (vision.depth - full) * window;
  return {
    bytes: weights.vision,
    flop: 2 * patches * (vision.depth * block + merger + 2 * vision.hiddenSize * keys),
    dispatches: DISPATCHES.block * vision.depth + DISPATCHES.around,
  };
}

/** Milliseconds. */
export function predictMs({ bytes, flop, dispatches }: StepCost, device: DeviceClass): number {
  const reading = bytes / (device.bandwidth * REACHED.bandwidth);
  const computing = flop / (device.flops * REACHED.flops);
  return 1000 * Math.max(reading, computing, dispatches * device.dispatchSeconds);
}
