/** Which type each tensor of a pack gets: a pure function of names and shapes, and of what was asked for. */
import type { RecipeOption, TensorDtype, WeightsOption } from '../shared/pack';
import { tensorBytes } from '../shared/packManifest';

export interface NamedShape {
  name: string;
  shape: readonly number[];
}

/** `best` may take this many times the bytes of `plain`; the rest of the 10 % is left for the manifest. */
const BEST_BYTES = 1.095;
const PATCH_EMBED = 'visual.patch_embed.proj.weight';

/**
 * Norms and biases stay float32: they are small, and every result passes through them. The patch embedding sees
 * raw pixels and is a thousandth of a full-size model, so 4 bits would save nothing.
 *
 * `best` at 4 bits spends up to a tenth more bytes on 8-bit tensors where they lower the divergence most for
 * each byte (docs/quantization.md has the measurement): `upgradeRank` gives the order.
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
  return name === PATCH_EMBED ? 'f16' : weights;
}

/**
 * Lower is upgraded first; null never. The matrix that makes the logits comes first (its error goes straight into
 * every one of them), then attention before MLP and early layers before late ones: an error of the first layer
 * passes through all others. An embedding that is not the head as well comes last.
 */
function upgradeRank(name: string, hasHead: boolean): number | null {
  if (name === 'lm_head.weight') return -1;
  if (name === 'model.embed_tokens.weight') return hasHead ? Infinity : -1;
  const match = /^model\.layers\.(\d+)\.(self_attn|mlp)\./.exec(name);
  if (!match) return null;
  const layer = Number(match[1]);
  return match[2] === 'self_attn' ? 2 * layer : 2 * layer + 3;
}

/** Does a 4-bit tensor get its scales by search? */
export function searchesScales(recipe: RecipeOption): boolean {
  return recipe === 'best';
}

/** One sentence for the manifest: how the numbers came about. */
export function describeRecipe(weights: WeightsOption, recipe: RecipeOption): string {
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
