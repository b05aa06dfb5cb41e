/**
 * grading.cases.json contains the results of the published graders, run on these texts in Python: MedVLThinker's
 * analysis/regrade_eval_results.py and train/my_reward.py, MedVLM-R1's src/eval/test_qwen2vl_med.py and grpo.py,
 * Med-R1's evaluation script and R1-V's reward. Each result is: letter, correct, format, accuracy, reward; the key is
 * B. The port also gave the same results on 160,000 random texts of tags, letters and whitespace.
 */
import { describe, expect, it } from 'vitest';
import rows from './grading.cases.json';
import { grade, isWellFormed, type Grade } from './grading';
import { PRESET_IDS, type PresetId } from './presets';

const OPTIONS = { A: 'Head', B: 'Chest', C: 'Abdomen' };

const SYSTEMS: PresetId[] = ['medvlthinker', 'medvlm-r1', 'medvlm-r1-simple', 'med-r1'];

const short = ({ letter, correct, format, accuracy, reward }: Grade) =>
  `${letter ?? '-'} ${correct ? 'yes' : 'no'} ${format} ${accuracy} ${reward}`;

describe.each(SYSTEMS)('grade as %s', (system) => {
  it.each(rows)('$name', ({ text, ...verdicts }) => {
    expect(short(grade(system, text, OPTIONS, 'B'))).toBe((verdicts as Record<string, string>)[system]);
  });
});

describe('grade', () => {
  it('grades the variants of a prompt like the prompt', () => {
    for (const { text, medvlthinker, 'med-r1': medR1 } of rows) {
      expect(short(grade('medvlthinker-demo', text, OPTIONS, 'B'))).toBe(medvlthinker);
      expect(short(grade('med-r1-readme', text, OPTIONS, 'B'))).toBe(medR1);
    }
  });

  it.each([
    ['<think>t</think><answer>B</answer>', 'B yes 1 1 2'],
    ['<think>t</think><answer> B </answer>', 'B yes 1 1 2'],
    ['B', 'B yes 0 1 1'],
    ['<think>t</think><answer>b</answer>', '- no 1 0 1'],
    ['The answer is B', '- no 0 0 0'],
  ])('grades %s as for GMAI-VL-R1', (text, verdict) => {
    expect(short(grade('gmai-vl-r1', text, OPTIONS, 'B'))).toBe(verdict);
  });

  it.each([
    ['The answer is: B', 'B yes 0 1 1'],
    ['chest', 'B yes 0 1 1'],
    ['B)', '- no 0 0 0'],
  ])('grades %s in a plain chat', (text, verdict) => {
    expect(short(grade('chat', text, OPTIONS, 'B'))).toBe(verdict);
  });

  it('reads the first of two options with the same text, and counts both as right', () => {
    const twins = { A: 'Yes', B: 'yes' };
    expect(grade('medvlthinker', 'yes', twins, 'B')).toMatchObject({ letter: 'A', correct: true });
  });

  it('considers only letters A to J in the reward of MedVLM-R1', () => {
    expect(grade('medvlm-r1', '<answer>not B</answer>', OPTIONS, 'B').accuracy).toBe(0.5);
    expect(grade('medvlm-r1', '<answer>choice B</answer>', OPTIONS, 'B').accuracy).toBe(0);
    expect(grade('medvlm-r1', '<answer>ı</answer>', { I: 'x' }, 'I').accuracy).toBe(1);
  });

  it.each(PRESET_IDS)('refuses a key that is not an option: %s', (preset) => {
    const refusal = expect.objectContaining({ code: 'request_invalid' }) as Error;
    expect(() => grade(preset, 'B', OPTIONS, 'D')).toThrow(refusal);
    expect(() => grade(preset, 'B', OPTIONS, 'toString')).toThrow(refusal);
  });
});

describe('isWellFormed', () => {
  it('matches the whole text', () => {
    expect(isWellFormed('<think>\n</think>\n<answer>\n</answer>')).toBe(true);
    expect(isWellFormed('<think></think><answer></answer>')).toBe(true);
    expect(isWellFormed('<think></think><answer></answer> ')).toBe(false);
    expect(isWellFormed('<think></think>.<answer></answer>')).toBe(false);
  });

  it('is fast for a long text that does not match', () => {
    const text = `<think>${'a</think> <answer>'.repeat(2000)}`;
    const start = performance.now();
    expect(isWellFormed(text)).toBe(false);
    expect(performance.now() - start).toBeLessThan(8000);
  });
});
