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

const FORM =
  'Form is 1 if the whole text is <think>…</think><answer>…</answer>, with only whitespace between the two.';
const VERL: AdvantageRule = { epsilon: 1e-6, source: 'verl' };
const TRL: AdvantageRule = { epsilon: 1e-4, source: 'TRL and its forks' };

const MEDVLTHINKER: RewardRule = {
  combine: 'product',
  formula: 'form × answer',
  sentence: `${FORM} Answer is 1 if it is the right letter, “letter. text” or the text alone. Without the form, the reward is 0.`,
  advantage: VERL,
};

const MEDVLM: RewardRule = {
  combine: 'sum',
  formula: 'form + answer',
  sentence: `${FORM} Answer is 1 if the answer is the right letter alone, 0.5 if other text without letters from A to J is next to it.`,
  advantage: TRL,
};

const R1V: RewardRule = {
  combine: 'sum',
  formula: 'form + answer',
  sentence: `${FORM} Answer is 1 if the answer is exactly the right letter.`,
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
      'No system was trained with this prompt. Answer is 1 if MedVLThinker’s rules read the right option from it.',
    advantage: TRL,
  },
};
