import { describe, expect, it } from 'vitest';
import { buildMessages, findPreset, PRESET_IDS, PRESETS } from './presets';

const OPTIONS = { A: 'Cardiac tissue', B: 'Breast tissue' };
const QUESTION = 'What content appears in this image?';

const textOf = (id: string, options: Record<string, string> = OPTIONS) =>
  findPreset(id).text(QUESTION, options);

describe('presets', () => {
  it('are complete, without duplicates', () => {
    expect(PRESETS.map(({ id }) => id)).toEqual([...PRESET_IDS]);
  });

  it('build the evaluation prompt of MedVLThinker, with its backslash and n', () => {
    expect(textOf('medvlthinker')).toBe(
      'You will solve a problem/request. You should provide your thoughts within <think> </think> tags before ' +
        'providing the answer.\\nWrite your final answer within <answer> </answer> tags.\n\n' +
        'Question: What content appears in this image?\n\nOptions:\n\nA. Cardiac tissue\n\nB. Breast tissue',
    );
  });

  it('put the instruction of MedVLThinker’s README into a system message, with a real line feed', () => {
    const [system, user] = buildMessages(findPreset('medvlthinker-demo'), {
      question: QUESTION,
      images: [1],
    });
    expect(system).toEqual({
      role: 'system',
      content:
        'You will solve a problem/request. You should provide your thoughts within <think> </think> tags before ' +
        'providing the answer.\nWrite your final answer within <answer> </answer> tags.',
    });
    expect(user).toEqual({
      role: 'user',
      content: [
        { type: 'image', image: 1 },
        { type: 'text', text: QUESTION },
      ],
    });
  });

  it('build the prompts of MedVLM-R1 with all whitespace', () => {
    expect(textOf('medvlm-r1')).toBe(
      '\n    What content appears in this image?\nA) Cardiac tissue\nB) Breast tissue \n    Your task: \n' +
        '    1. Think through the question step by step, enclose your reasoning process in <think>...</think> tags. \n' +
        '    2. Then provide the correct single-letter choice (A, B, C, D,...) inside <answer>...</answer> tags.\n' +
        '    3. No extra information or text outside of these tags.\n    ',
    );
    expect(textOf('medvlm-r1-simple')).toBe(
      '\n    What content appears in this image?\nA) Cardiac tissue\nB) Breast tissue \n' +
        '    Your task: provide the correct single-letter choice (A, B, C, D,...).\n    ',
    );
  });

  it('build the prompts of Med-R1', () => {
    expect(textOf('med-r1')).toBe(
      'What content appears in this image? A)Cardiac tissue, B)Breast tissue Think through the question step by ' +
        'step in <think>...</think> tags. Then provide the correct single-letter choice (A, B, C, D,...) inside ' +
        '<answer>...</answer> tags.',
    );
    expect(textOf('med-r1-readme')).toBe(
      'What content appears in this image? A)Cardiac tissue, B)Breast tissue First output the thinking process in ' +
        '<think> </think> and final choice (A, B, C, D ...) in <answer> </answer> tags.',
    );
  });

  it('say that nothing of GMAI-VL-R1 is published', () => {
    const preset = findPreset('gmai-vl-r1');
    expect(preset.note).toMatch(/weights and prompt of GMAI-VL-R1 haven’t been published/);
    expect(preset.text(QUESTION, OPTIONS)).toBe(
      'Question: What content appears in this image?\nOptions:\nA. Cardiac tissue\nB. Breast tissue\n' +
        'Please select the correct answer from the options above. \n',
    );
  });

  it('ask a free question without an empty list of options', () => {
    for (const { id } of PRESETS) expect(textOf(id, {})).not.toMatch(/Options:|A[.)]/);
    expect(textOf('chat', {})).toBe(QUESTION);
  });

  it('place all images first, in order', () => {
    const [user] = buildMessages(findPreset('medvlthinker'), {
      question: 'Q',
      options: OPTIONS,
      images: ['x', 'y'],
    });
    const content = user!.content as { type: string }[];
    expect(content.map(({ type }) => type)).toEqual(['image', 'image', 'text']);
    expect(content.slice(0, 2)).toEqual([
      { type: 'image', image: 'x' },
      { type: 'image', image: 'y' },
    ]);
  });

  it('have the published generation settings', () => {
    const settings = (id: string) => findPreset(id).settings;
    expect(settings('medvlthinker')).toMatchObject({
      temperature: 0,
      maxNewTokens: 4096,
      repetitionPenalty: 1,
    });
    expect(settings('medvlthinker-demo')).toMatchObject({ temperature: 0.6, topP: 0.95, maxNewTokens: 2048 });
    expect(settings('medvlm-r1')).toMatchObject({ temperature: 0, maxNewTokens: 512 });
    expect(settings('med-r1')).toMatchObject({ temperature: 0, maxNewTokens: 256 });
  });

  it('are listed if one is unknown', () => {
    expect(() => findPreset('nope')).toThrow(/There is no preset nope\. Choose one of medvlthinker, /);
  });
});
