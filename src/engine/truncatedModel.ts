/**
 * The first layers of a model as a separate model, with its embedding, merger, norm and head. Its output is not
 * meaningful, but it uses every kernel of the whole model at the original width, so it shows whether a device computes
 * correctly. It also fits into memory where the whole model does not.
 */
import type { VisionConfig } from '../shared/modelConfig';
import type { LayerCounts, PackManifest, PackTensor } from '../shared/pack';
import type { PackReader } from './ports';

/** Two of each, which covers the step from layer to layer and both kinds of vision attention. */
export const TEST_LAYERS: LayerCounts = { text: 2, vision: 2 };

/** The same pack with fewer layers. Its tensors are read from `pack`. */
export function truncatedPack(pack: PackReader, layers: LayerCounts): PackReader {
  return { manifest: truncatedManifest(pack.manifest, layers), read: (span) => pack.read(span) };
}

function truncatedManifest(manifest: PackManifest, layers: LayerCounts): PackManifest {
  const { text, vision } = manifest.model;
  const numHiddenLayers = Math.min(layers.text, text.numHiddenLayers);
  return {
    ...manifest,
    model: {
      ...manifest.model,
      text: { ...text, numHiddenLayers },
      vision: truncatedVision(vision, Math.min(layers.vision, vision.depth)),
    },
  };
}

/**
 * If the tower has both windowed and full attention, the last block uses full attention, whatever its original kind:
 * the weights of both kinds have the same shapes.
 */
function truncatedVision(vision: VisionConfig, depth: number): VisionConfig {
  const hasFull = vision.fullAttentionBlockIndexes.length > 0;
  const fullAttentionBlockIndexes = hasFull && depth > 1 ? [depth - 1] : [];
  return { ...vision, depth, fullAttentionBlockIndexes };
}

/** Bytes of the weights that the truncated model reads. */
export function truncatedBytes(manifest: PackManifest, layers: LayerCounts): number {
  return manifest.tensors
    .filter(({ name }) => isWithin(name, layers))
    .reduce((sum, tensor) => sum + storedBytes(tensor), 0);
}

function isWithin(name: string, layers: LayerCounts): boolean {
  const text = /^model\.layers\.(\d+)\./.exec(name);
  if (text) return Number(text[1]) < layers.text;
  const vision = /^visual\.blocks\.(\d+)\./.exec(name);
  return vision ? Number(vision[1]) < layers.vision : true;
}

function storedBytes({ data, scales }: PackTensor): number {
  return data.length + (scales?.length ?? 0);
}
