/**
 * Describes the verifiable reward of each system: how its parts are combined, and how its trainer turns the rewards of
 * a group into advantages. The rewards themselves are computed in grading.ts.
 */
import type { PresetId } from './presets';
import type { AdvantageRule } from './rolloutGroup';

export interface RewardRule {
  combine: 'product' | 'sum' | 'accuracy';
  /** The total as a formula, for display. */
  formula: string;
  /** How each part is earned, in one or two sentences. */
  sentence: string;
  advantage: AdvantageRule;
}

const FORMAT =
  'Format is 1 if the whole output is <think>…</think><answer>…</answer>, with only whitespace between the two.';
const VERL: AdvantageRule = { epsilon: 1e-6, source: 'verl' };
const TRL: AdvantageRule = { epsilon: 1e-4, source: 'TRL and its forks' };

const MEDVLTHINKER: RewardRule = {
  combine: 'product',
  formula: 'format × answer',
  sentence: `${FORMAT} Answer is 1 if it is the correct letter, “letter. text” or the text alone. Without the format, the reward is 0.`,
  advantage: VERL,
};

const MEDVLM: RewardRule = {
  combine: 'sum',
  formula: 'format + answer',
  sentence: `${FORMAT} Answer is 1 if it is the correct letter alone, or 0.5 if it also contains other text without a letter from A to J.`,
  advantage: TRL,
};

const R1V: RewardRule = {
  combine: 'sum',
  formula: 'format + answer',
  sentence: `${FORMAT} Answer is 1 if it is exactly the correct letter.`,
  advantage: TRL,
};

export const REWARD_RULES: Readonly<Record<PresetId, RewardRule>> = {
  medvlthinker: MEDVLTHINKER,
  'medvlthinker-demo': MEDVLTHINKER,
  'medvlm-r1': MEDVLM,
  'medvlm-r1-simple': MEDVLM,
  'med-r1': R1V,
  'med-r1-readme': R1V,
  'gmai-vl-r1': R1V,
  chat: {
    combine: 'accuracy',
    formula: 'answer',
    sentence:
      'No model was trained with this prompt. Answer is 1 if MedVLThinker’s rules read the correct choice from it.',
    advantage: TRL,
  },
};
