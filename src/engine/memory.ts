/**
 * What a model takes of its device's memory. Weights and KV cache are what the graphs were given and what the timeline
 * allocated; activations are worked out from the widest place of a layer, since onnxruntime tells nobody what it keeps.
 */
import type { TextConfig, VisionConfig } from '../shared/modelConfig';
import type { MemoryUse } from '../shared/generation';
import type { BackendName } from '../shared/protocol';
import { QUERY_PARTS } from './graphs/vision';
import type { EngineModel } from './model';
import { columnCount } from './preprocess/patchify';

const FLOAT32 = 4;

/** What the last run was about. */
export interface RunSize {
  /** Positions that the decoder ran at once, and all that it attended to. */
  tokens: number;
  context: number;
  /** Patches of the largest image; 0 without one. */
  patches: number;
}

/** @param run null before the first question: nothing is allocated yet beside the weights */
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

/** Residual stream, what a layer reads and writes, and the logits of one place. In bytes. */
function decoderActivations(text: TextConfig, run: RunSize, bytes: number, backend: BackendName): number {
  const heads = text.numAttentionHeads + 2 * text.numKeyValueHeads;
  const attention = heads * text.headDim + text.numAttentionHeads * text.headDim;
  const widest = Math.max(attention, 3 * text.intermediateSize);
  // The CPU kernel writes the scores down; the GPU's goes through them in tiles.
  const scores = backend === 'wasm' ? text.numAttentionHeads * run.tokens * run.context * FLOAT32 : 0;
  return run.tokens * (2 * text.hiddenSize + widest) * bytes + scores + text.vocabSize * FLOAT32;
}

/** The tower of one image, which always computes in float32. In bytes. */
function visionActivations(vision: VisionConfig, patches: number, backend: BackendName): number {
  const widest = Math.max(6 * vision.hiddenSize, 3 * vision.intermediateSize);
  const perPatch = columnCount(vision) + 2 * vision.hiddenSize + widest;
  const scores = backend === 'wasm' ? (vision.numHeads * patches * patches) / QUERY_PARTS : 0;
  return Math.round((patches * perPatch + scores) * FLOAT32);
}
