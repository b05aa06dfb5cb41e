/**
 * The verifiable reward of each system in words and numbers: how its parts are put together, and by which numbers
 * its trainer turns rewards of a group into advantages. The rewards themselves are computed in grading.ts.
 */
import type { PresetId } from './presets';
import type { AdvantageRule } from './rolloutGroup';

export interface RewardRule {
  combine: 'product' | 'sum' | 'accuracy';
  /** The total, as it is written out. */
  formula: string;
  /** What earns each part; one or two sentences. */
  sentence: string;
  advantage: AdvantageRule;
}

const FORM =
  'Form is 1 if the whole text is <think>…</think><answer>…</answer> with nothing but blanks around.';
const VERL: AdvantageRule = { epsilon: 1e-6, source: 'verl' };
const TRL: AdvantageRule = { epsilon: 1e-4, source: 'TRL and its forks' };

const MEDVLTHINKER: RewardRule = {
  combine: 'product',
  formula: 'form × answer',
  sentence: `${FORM} Answer is 1 if it is the right letter, “letter. text” or the text alone; without the form nothing counts.`,
  advantage: VERL,
};

const MEDVLM: RewardRule = {
  combine: 'sum',
  formula: 'form + answer',
  sentence: `${FORM} Answer is 1 if the answer is the right letter alone, 0.5 if other text without a letter from A to J stands beside it.`,
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
