/** Describes packs and conversion plans as text for the command line. */
import type { PackManifest, PackTensor, TensorDtype } from '../shared/pack';

export interface DtypeSummary {
  dtype: TensorDtype;
  tensors: number;
  elements: number;
  bytes: number;
}

/** Number of tensors, elements and bytes by type, from the smallest type to the largest. */
export function summarizeTensors(tensors: readonly PackTensor[]): DtypeSummary[] {
  const order: TensorDtype[] = ['q4', 'q8', 'f16', 'f32'];
  return order.flatMap((dtype) => {
    const chosen = tensors.filter((tensor) => tensor.dtype === dtype);
    if (chosen.length === 0) return [];
    const elements = chosen.reduce((sum, tensor) => sum + countElements(tensor), 0);
    const bytes = chosen.reduce((sum, { data, scales }) => sum + data.length + (scales?.length ?? 0), 0);
    return [{ dtype, tensors: chosen.length, elements, bytes }];
  });
}

type Described = Omit<PackManifest, 'format' | 'version' | 'shards' | 'files'> & { files: string[] };

/** Summary lines for `inspect` and `convert --dry-run`. */
export function describePack(pack: Described): string[] {
  const { model, source, recipe } = pack;
  const { text, vision } = model;
  const license = source.license ?? 'not stated by the source';
  return [
    `${pack.name} (${model.family}), ${formatCount(pack.parameters)} parameters, ${formatBytes(pack.totalBytes)}`,
    `  source   ${source.repo}${source.revision ? `@${source.revision}` : ''}, licence: ${license}`,
    `  recipe   ${recipe.weights} ${recipe.recipe}: ${recipe.detail}`,
    `  text     ${text.numHiddenLayers} layers, hidden ${text.hiddenSize}, ${text.numAttentionHeads}/${text.numKeyValueHeads} heads of ${text.headDim}, MLP ${text.intermediateSize}, vocabulary ${text.vocabSize}, ${text.tieWordEmbeddings ? 'tied' : 'untied'} head`,
    `  vision   ${vision.depth} blocks, width ${vision.hiddenSize}, ${vision.numHeads} heads, MLP ${vision.intermediateSize}, ${describeAttention(vision.windowSize, vision.fullAttentionBlockIndexes)}`,
    `  images   ${pack.imageProcessor.minPixels} to ${pack.imageProcessor.maxPixels} pixels`,
    `  files    ${pack.files.join(', ')}`,
    ...summarizeTensors(pack.tensors).map(
      ({ dtype, tensors, elements, bytes }) =>
        `  ${dtype.padEnd(8)} ${String(tensors).padStart(4)} tensors, ${formatCount(elements).padStart(7)} weights, ${formatBytes(bytes)}`,
    ),
  ];
}

/** One line per tensor. */
export function describeTensors(tensors: readonly PackTensor[]): string[] {
  const width = Math.max(0, ...tensors.map(({ name }) => name.length));
  return tensors.map(({ name, dtype, shape, data, scales }) => {
    const bytes = data.length + (scales?.length ?? 0);
    return `  ${name.padEnd(width)}  ${dtype.padEnd(3)}  ${shape.join(' × ').padEnd(15)}  ${formatBytes(bytes)}`;
  });
}

function describeAttention(windowSize: number | null, full: readonly number[]): string {
  if (windowSize === null) return 'full attention';
  return `windows of ${windowSize} px, whole image in ${full.length === 0 ? 'no block' : `blocks ${full.join(', ')}`}`;
}

function countElements({ shape }: PackTensor): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Decimal units: "16.8 MB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB'];
  let value = bytes / 1_000;
  let unit = 0;
  for (; value >= 1_000 && unit < units.length - 1; unit++) value /= 1_000;
  return `${value.toPrecision(value >= 100 ? 4 : 3)} ${units[unit]}`;
}

function formatCount(count: number): string {
  if (count < 1_000) return String(count);
  const units = ['k', 'M', 'G'];
  let value = count / 1_000;
  let unit = 0;
  for (; value >= 1_000 && unit < units.length - 1; unit++) value /= 1_000;
  return `${value.toPrecision(3)} ${units[unit]}`;
}
