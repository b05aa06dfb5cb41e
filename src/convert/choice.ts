/** The options of a conversion. */
import type { RecipeOption, WeightsOption } from '../shared/pack';

/** The importance of each input of a linear layer in the scale search. calibration.ts reads it from a file. */
export interface Calibration {
  /** SHA-256 of the file, recorded in the manifest. */
  sha256: string;
  /** By published weight name: float32 [columns], finite and not negative. */
  importance: ReadonlyMap<string, Float32Array>;
}

export interface ConversionChoice {
  weights: WeightsOption;
  recipe: RecipeOption;
  /** Only for `q4` with `best`, where scales are searched. */
  calibration?: Calibration | null;
}
