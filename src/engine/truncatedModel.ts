/**
 * The first layers of a model as a model of its own, with its embedding, merger, norm and head. Too shallow to say
 * anything, but every kernel of the whole takes part at its true width, so it shows whether a device computes
 * rightly; and it fits into the memory of machines that can't hold the whole.
 */
import type { VisionConfig } from '../shared/modelConfig';
import type { LayerCounts, PackManifest, PackTensor } from '../shared/pack';
import type { PackReader } from './ports';

/** Two of each: what one layer hands to the next is computed too, and both kinds of vision attention. */
export const TEST_LAYERS: LayerCounts = { text: 2, vision: 2 };

/** The same pack with fewer layers; its tensors are read from `pack`. */
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
 * Where blocks attend in windows, the last one attends to the whole image, as some of the whole tower's do, whatever
 * its own kind is: the weights of both kinds have the same shapes.
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
