/** Which type each tensor of a pack gets: a pure function of its name and shape, and of what was asked for. */
import type { RecipeOption, TensorDtype, WeightsOption } from '../../src/shared/pack';

/**
 * Norms and biases stay float32: they are small, and every result passes through them.
 * `best` keeps the embedding (and the head, often the same matrix) at 8 bits beside 4-bit layers.
 * The patch embedding is a thousandth of the weights and sees raw pixels, so it is never below 16 bits.
 */
export function tensorDtype(
  name: string,
  shape: readonly number[],
  weights: WeightsOption,
  recipe: RecipeOption,
): TensorDtype {
  if (shape.length === 1) return 'f32';
  if (weights === 'f16' || weights === 'f32') return weights;
  if (name === 'visual.patch_embed.proj.weight') return 'f16';
  const isVocabulary = name === 'model.embed_tokens.weight' || name === 'lm_head.weight';
  return isVocabulary && recipe === 'best' ? 'q8' : weights;
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
        : 'Linear weights 4-bit, blocks of 32, scales searched for the least squared error; embedding and head 8-bit; patch embedding float16; norms and biases float32.';
  }
}
