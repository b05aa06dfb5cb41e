/**
 * Estimates a model's device memory. Weights and KV cache are exact: the initializers of the graphs, and what the
 * timeline has allocated. Activations are estimated from the widest layer, because onnxruntime does not report them.
 */
import type { TextConfig, VisionConfig } from '../shared/modelConfig';
import type { MemoryUse } from '../shared/generation';
import type { BackendName } from '../shared/protocol';
import { QUERY_PARTS } from './graphs/vision';
import type { EngineModel } from './model';
import { columnCount } from './preprocess/patchify';

const FLOAT32 = 4;

/** The size of the last run. */
export interface RunSize {
  /** Positions in one run of the decoder. */
  tokens: number;
  /** Positions that it attended to. */
  context: number;
  /** Patches of the largest image; 0 without one. */
  patches: number;
}

/** @param run null before the first question, when only the weights are allocated */
export function memoryUse(model: EngineModel, run: RunSize | null): MemoryUse {
  const { backend, config, timeline, weightBytes } = model;
  const bytes = backend.activations === 'f16' ? 2 : FLOAT32;
  const activationBytes = run
    ? Math.max(
        decoderActivations(config.text, run, bytes, backend.name),
        visionActivations(config.vision, run.patches, backend.name),
      )
    : 0;
  return {
    weightBytes,
    kvCacheBytes: timeline.allocatedBytes,
    kvTokens: timeline.slots,
    kvBytesPerToken: timeline.bytesPerSlot,
    activationBytes,
  };
}

/** Bytes of the residual stream, a layer's inputs and outputs, and the logits of one position. */
function decoderActivations(text: TextConfig, run: RunSize, bytes: number, backend: BackendName): number {
  const heads = text.numAttentionHeads + 2 * text.numKeyValueHeads;
  const attention = heads * text.headDim + text.numAttentionHeads * text.headDim;
  const widest = Math.max(attention, 3 * text.intermediateSize);
  // The CPU kernel stores all attention scores; the GPU kernel processes them in tiles.
  const scores = backend === 'wasm' ? text.numAttentionHeads * run.tokens * run.context * FLOAT32 : 0;
  return run.tokens * (2 * text.hiddenSize + widest) * bytes + scores + text.vocabSize * FLOAT32;
}

/** Bytes of the vision tower for one image. It always computes in float32. */
function visionActivations(vision: VisionConfig, patches: number, backend: BackendName): number {
  const widest = Math.max(6 * vision.hiddenSize, 3 * vision.intermediateSize);
  const perPatch = columnCount(vision) + 2 * vision.hiddenSize + widest;
  const scores = backend === 'wasm' ? (vision.numHeads * patches * patches) / QUERY_PARTS : 0;
  return Math.round((patches * perPatch + scores) * FLOAT32);
}
