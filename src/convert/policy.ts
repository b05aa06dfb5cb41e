/** Chooses the type of each tensor in a pack: a pure function of names, shapes and conversion options. */
import { BLOCK_SIZE, type RecipeOption, type TensorDtype, type WeightsOption } from '../shared/pack';
import { tensorBytes } from '../shared/packManifest';

export interface NamedShape {
  name: string;
  shape: readonly number[];
}

/** Size limit of `best` relative to `plain`. The rest of the 10 % is reserved for the manifest. */
const BEST_BYTES = 1.095;
const PATCH_EMBED = 'visual.patch_embed.proj.weight';

/**
 * The type of each tensor, in the order of `tensors`. Norms and biases stay float32: they are small, and every result
 * passes through them. The patch embedding processes raw pixels and is a thousandth of a full-size model, so 4 bits
 * would save almost nothing.
 *
 * `best` at 4 bits spends up to a tenth more bytes than `plain` on 8-bit tensors, where they reduce the KL divergence
 * most per byte (measured in docs/quantization.md). `upgradeRank` gives the order.
 */
export function tensorDtypes(
  tensors: readonly NamedShape[],
  weights: WeightsOption,
  recipe: RecipeOption,
): TensorDtype[] {
  if (weights !== 'q4' || recipe === 'plain') return tensors.map((tensor) => plainDtype(tensor, weights));
  const dtypes = tensors.map((tensor) => (tensor.name === PATCH_EMBED ? 'q8' : plainDtype(tensor, 'q4')));
  const size = (dtype: TensorDtype, i: number): number => {
    const bytes = tensorBytes(dtype, tensors[i]?.shape ?? []);
    return bytes.data + bytes.scales;
  };
  const plainBytes = tensors.reduce((sum, tensor, i) => sum + size(plainDtype(tensor, 'q4'), i), 0);
  let left = BEST_BYTES * plainBytes - dtypes.reduce((sum, dtype, i) => sum + size(dtype, i), 0);
  const hasHead = tensors.some(({ name }) => name === 'lm_head.weight');
  const ranked = tensors
    .map(({ name }, i) => ({ i, rank: upgradeRank(name, hasHead) }))
    .filter(({ i, rank }) => rank !== null && dtypes[i] === 'q4')
    .sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0) || a.i - b.i);
  for (const { i } of ranked) {
    const cost = size('q8', i) - size('q4', i);
    if (cost > left) continue;
    dtypes[i] = 'q8';
    left -= cost;
  }
  return dtypes;
}

function plainDtype({ name, shape }: NamedShape, weights: WeightsOption): TensorDtype {
  if (shape.length === 1) return 'f32';
  if (weights === 'f16' || weights === 'f32') return weights;
  return name === PATCH_EMBED || !hasWholeBlocks(shape) ? 'f16' : weights;
}

/** Rows of another length can't be quantized. Only a vision tower of another width has them. */
function hasWholeBlocks(shape: readonly number[]): boolean {
  return (shape[1] ?? 0) % BLOCK_SIZE === 0;
}

/**
 * Lower ranks are upgraded first; null means never. The output head comes first, because its error directly affects
 * every logit. Then attention comes before MLP and early layers before late ones, because an error in the first layer
 * passes through all others. An embedding that is not also the head (untied) comes last.
 */
function upgradeRank(name: string, hasHead: boolean): number | null {
  if (name === 'lm_head.weight') return -1;
  if (name === 'model.embed_tokens.weight') return hasHead ? Infinity : -1;
  const match = /^model\.layers\.(\d+)\.(self_attn|mlp)\./.exec(name);
  if (!match) return null;
  const layer = Number(match[1]);
  return match[2] === 'self_attn' ? 2 * layer : 2 * layer + 3;
}

/** Whether the scales of 4-bit tensors are searched. */
export function searchesScales(recipe: RecipeOption): boolean {
  return recipe === 'best';
}

/** Sentences for the manifest: how the weights were quantized. */
export function describeRecipe(
  weights: WeightsOption,
  recipe: RecipeOption,
  tensors: readonly NamedShape[],
): string {
  const hasOthers = tensors.some(({ shape }) => shape.length === 2 && !hasWholeBlocks(shape));
  const isQuantized = weights === 'q4' || weights === 'q8';
  return `${describe(weights, recipe)}${hasOthers && isQuantized ? ` ${UNEVEN}` : ''}`;
}

const UNEVEN = `Weights whose rows are not a multiple of ${BLOCK_SIZE} long float16.`;

function describe(weights: WeightsOption, recipe: RecipeOption): string {
  switch (weights) {
    case 'f32':
      return 'All weights as float32, exactly as stored in the checkpoint.';
    case 'f16':
      return 'Weights rounded to float16; norms and biases float32.';
    case 'q8':
      return 'Linear weights and embedding 8-bit, blocks of 32, absmax scales; patch embedding float16; norms and biases float32.';
    case 'q4':
      return recipe === 'plain'
        ? 'Linear weights and embedding 4-bit, blocks of 32, absmax scales; patch embedding float16; norms and biases float32.'
        : 'Linear weights 4-bit, blocks of 32, scales searched for the least squared error; head, patch embedding and first attention layers 8-bit as far as a tenth more bytes allow; norms and biases float32.';
  }
}
