/** Grading is done on texts of models and of strangers' files: the same results as the patterns, in linear time. */
import { describe, expect, it } from 'vitest';
import { grade, isWellFormed } from './grading';
import { PRESET_IDS } from './presets';
import { contents, enclosed, pythonPattern, strip } from './pythonText';
import { isLinear } from './testing/growth';

const OPTIONS = { A: 'Head', B: 'Chest' };

const HOSTILE: [name: string, piece: string, start?: string, end?: string][] = [
  ['opening tags', '<answer>'],
  ['closing tags', '</answer>'],
  ['opening tags on lines', '<answer>\n'],
  ['thoughts', '<think>'],
  ['ends of thoughts', '</think>', '<think>', '</answer>'],
  ['answers', '</think><answer>', '<think>', '</answer> '],
  ['answers, well formed', '</think><answer>', '<think>', '</answer>'],
  ['spaces', ' ', '<answer>', 'x'],
  ['spaces within', ' ', 'a', 'b'],
  ['spaces after a letter', ' ', '<answer>B', 'x'],
  ['letters', 'A', '<answer>', ' </answer>'],
  ['phrases', 'answer: '],
  ['phrases on lines', 'answer is:\n'],
  ['line feeds', '\n', 'answer:', 'x'],
  ['tags and spaces', '<answer> \n'],
];

describe('grading', () => {
  it.each(HOSTILE)('takes time in proportion to a text of %s', async (_, piece, start = '', end = '') => {
    const make = (size: number): string => start + piece.repeat(size) + end;
    const run = (text: string): void => {
      for (const preset of PRESET_IDS) grade(preset, text, OPTIONS, 'B');
    };
    expect(await isLinear(make, run)).toBe(true);
  });

  it('finds what the lazy patterns find', () => {
    const pieces = [
      '<answer>',
      '</answer>',
      '<Answer>',
      '</ANSWER>',
      '\n',
      'x',
      '<think>',
      '</think>',
      ' ',
      '\u2028',
    ];
    let state = 7;
    const next = (below: number): number => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) % below;
    for (let i = 0; i < 3_000; i++) {
      const text = Array.from({ length: next(9) }, () => pieces[next(pieces.length)]).join('');
      for (const flags of [{}, { S: true }, { S: true, I: true }]) {
        const expected = [...text.matchAll(pythonPattern('<answer>(.*?)</answer>', flags))].map(
          ([, found]) => found,
        );
        expect([...contents(enclosed('<answer>', '</answer>', flags), text)]).toEqual(expected);
      }
      const form = pythonPattern('<think>.*?</think>\\s*<answer>.*?</answer>', { S: true });
      expect(isWellFormed(text)).toBe(new RegExp(`^(?:${form.source})$`, 'u').test(text));
    }
  });

  it.each(['', ' ', ' a ', '\u001c\u3000a b\u0085', 'a', '\ufeffa'])('strips %j as Python does', (text) => {
    const space = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
    expect(strip(text)).toBe(text.replace(new RegExp(`^[${space}]+|[${space}]+$`, 'g'), ''));
  });
});
