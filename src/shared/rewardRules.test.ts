import { describe, expect, it } from 'vitest';
import { grade } from './grading';
import rows from './grading.cases.json';
import { PRESET_IDS } from './presets';
import { REWARD_RULES, type RewardRule } from './rewardRules';

const TOTAL: Record<RewardRule['combine'], (format: number, accuracy: number) => number> = {
  product: (format, accuracy) => format * accuracy,
  sum: (format, accuracy) => format + accuracy,
  accuracy: (_, accuracy) => accuracy,
};

describe.each(PRESET_IDS)('%s', (preset) => {
  it('combines its parts as the rule says', () => {
    for (const { text } of rows) {
      const { format, accuracy, reward } = grade(preset, text, { A: 'Head', B: 'Chest', C: 'Abdomen' }, 'B');
      expect(reward, text).toBe(TOTAL[REWARD_RULES[preset].combine](format, accuracy));
    }
  });
});
