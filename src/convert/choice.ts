/** What a conversion is asked for. */
import type { RecipeOption, WeightsOption } from '../shared/pack';

/** How much each input of a linear layer counts in the search of scales: calibration.ts reads it from a file. */
export interface Calibration {
  /** Of the file: names it in the manifest. */
  sha256: string;
  /** By the weight's published name: float32 [columns], finite and not negative. */
  importance: ReadonlyMap<string, Float32Array>;
}

export interface ConversionChoice {
  weights: WeightsOption;
  recipe: RecipeOption;
  /** Only where scales are searched: `q4`, `best`. */
  calibration?: Calibration | null;
}
