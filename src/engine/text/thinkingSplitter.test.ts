import { describe, expect, it } from 'vitest';
import { isLinear } from '../../shared/testing/growth';
import { DEFAULT_TAGS, ThinkingSplitter, type PhasePiece, type SplitText } from './thinkingSplitter';

const TAG_TEXTS = [...DEFAULT_TAGS.think, ...DEFAULT_TAGS.answer];

/** Splits a complete text. */
function splitThinking(text: string, tags = DEFAULT_TAGS): SplitText {
  const splitter = new ThinkingSplitter(tags);
  splitter.push(text);
  splitter.finish();
  return splitter.result();
}

/** What the page shows after these pieces of text. */
function stream(pieces: readonly string[], isCut = false) {
  const splitter = new ThinkingSplitter();
  const shown: Record<PhasePiece['phase'], string> = { thinking: '', answering: '' };
  const all = [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.finish(isCut)];
  for (const { phase, text } of all) shown[phase] += text;
  return { shown, result: splitter.result(), pieces: all };
}

const CASES: [name: string, text: string, thinking: string, answer: string][] = [
  ['well formed', '<think>a b</think><answer>B</answer>', 'a b', 'B'],
  ['spaces and line feeds', '<think>\n    A scan.\n</think>\n\n<answer> A </answer>', 'A scan.', 'A'],
  ['no tags', ' Just text. \n', '', 'Just text.'],
  ['empty', '', '', ''],
  ['unclosed thinking', '<think>goes on and on', 'goes on and on', ''],
  ['only an opening tag', '<think>', '', ''],
  ['no answer tags', '<think>why</think>\nIt is B.', 'why', 'It is B.'],
  ['unclosed answer', '<think>why</think><answer>B', 'why', 'B'],
  ['answer only', '<answer>B</answer>', '', 'B'],
  ['forgotten </think>', '<think>why<answer>B</answer>', 'why', 'B'],
  ['forgotten <think>', 'why</think><answer>B</answer>', 'why', 'B'],
  ['two answers', '<think>w</think><answer>A</answer><answer>B</answer>', 'w', 'A\nB'],
  ['two thoughts', '<think>a</think><think>b</think><answer>C</answer>', 'a\nb', 'C'],
  ['nested thoughts', '<think>a<think>b</think>c</think><answer>D</answer>', 'a\nb\nc', 'D'],
  [
    'answer inside thinking',
    '<think>maybe <answer>A</answer> no</think><answer>B</answer>',
    'maybe\nA\nno',
    'B',
  ],
  ['stray </answer>', '<think>a</answer>b</think><answer>B</answer>', 'a\nb', 'B'],
  ['text around the answer', '<think>w</think>So: <answer>B</answer> because', 'w', 'B'],
  ['empty answer tags', '<think>w</think>It is B.<answer> </answer>', 'w', 'It is B.'],
  ['a second </think> at the end', '<think>w</think>It is B.</think>', 'w', 'It is B.'],
  ['</think> and nothing else', 'all of this was thought</think>', 'all of this was thought', ''],
  ['answer, then a stray </think>', '<think>w</think><answer>B</answer></think>', 'w', 'B'],
  ['thinking inside the answer', '<answer><think>w</think>B</answer>', 'w', 'B'],
  [
    'characters that are not tags',
    '<think>a < b > c <b></think><answer>x<y</answer>',
    'a < b > c <b>',
    'x<y',
  ],
  ['tags in upper case', '<THINK>a</THINK>', '', '<THINK>a</THINK>'],
  ['a text that ends with <', '<think>w</think><answer>p <', 'w', 'p <'],
  ['a text that ends with the start of a tag', '<think>w</think><answer>B</ans', 'w', 'B</ans'],
  ['a text that ends with part of another tag', 'Close it with </a', '', 'Close it with </a'],
  ['thinking that ends with <', '<think>smaller, <', 'smaller, <', ''],
  [
    'tag-like text',
    '<think>a <5 mm nodule, <th> and </td></think>A <t',
    'a <5 mm nodule, <th> and </td>',
    'A <t',
  ],
  ['a < in front of tags', '<think>a<</think><answer>B<</answer>', 'a<', 'B<'],
];

describe('ThinkingSplitter', () => {
  it.each(CASES)('splits: %s', (_, text, thinking, answer) => {
    expect(splitThinking(text)).toEqual({ thinking, answer });
  });

  it.each(CASES)('gives the same result for any pieces of the text: %s', (_, text) => {
    const whole = stream([text]);
    expect(stream([...text])).toMatchObject({ shown: whole.shown, result: whole.result });
    for (let cut = 0; cut <= text.length; cut++) {
      const parts = stream([text.slice(0, cut), text.slice(cut)]);
      expect(parts.shown).toEqual(whole.shown);
      expect(parts.result).toEqual(whole.result);
    }
  });

  it.each(CASES.filter(([, text]) => !/THINK|< b|<5|<\/a$|<<|<$/.test(text)))(
    'never shows part of a tag: %s',
    (_, text) => {
      for (let end = 0; end <= text.length; end++) {
        const { shown } = stream([...text.slice(0, end)], true);
        for (const content of Object.values(shown)) {
          expect(TAG_TEXTS.some((tag) => content.includes(tag))).toBe(false);
          // A single < may as well be text.
          expect(content).not.toMatch(/<(?:\/|\/?[a-z]+)$/);
        }
      }
    },
  );

  it('shows well-formed text as in the result', () => {
    const { shown, result } = stream([...'<think>\n a\n\nb </think>\n<answer> B </answer>\n']);
    expect(shown).toEqual({ thinking: 'a\n\nb', answering: 'B' });
    expect(result).toEqual({ thinking: 'a\n\nb', answer: 'B' });
  });

  it('shows text immediately, without waiting for the closing tag', () => {
    const splitter = new ThinkingSplitter();
    expect(splitter.push('<think>It')).toEqual([{ phase: 'thinking', text: 'It' }]);
    expect(splitter.push(' is a')).toEqual([{ phase: 'thinking', text: ' is a' }]);
    expect(splitter.push(' <')).toEqual([]);
    expect(splitter.push('b')).toEqual([{ phase: 'thinking', text: ' <b' }]);
    expect(splitter.push('</think> <answer>')).toEqual([]);
    expect(splitter.push('B')).toEqual([{ phase: 'answering', text: 'B' }]);
  });

  it.each<[string, string, string]>([
    ['<think>w</think><answer>B</ans', 'w', 'B'],
    ['<think>w</th', 'w', ''],
    ['<think>w</think><ans', 'w', ''],
    ['<thi', '', ''],
    ['w</thi', '', 'w'],
    // No answer is open that this could close.
    ['Close it with </a', '', 'Close it with </a'],
    ['<answer>B</answer></a', '', 'B'],
    ['It measures <', '', 'It measures <'],
  ])('hides a tag that the limit cut off: %s', (text, thinking, answer) => {
    const splitter = new ThinkingSplitter();
    splitter.push(text);
    splitter.finish(true);
    expect(splitter.result()).toEqual({ thinking, answer });
  });

  it('supports other tags', () => {
    const tags = { think: ['<thinking>', '</thinking>'], answer: ['', ''] } as const;
    expect(splitThinking('<thinking>a</thinking>b', tags)).toEqual({ thinking: 'a', answer: 'b' });
  });
});

describe('work', () => {
  it.each<[string, (size: number) => string[]]>([
    ['opening tags in one piece', (size) => ['<answer>'.repeat(size)]],
    ['thoughts in one piece', (size) => ['<think>'.repeat(size)]],
    ['ends of thoughts', (size) => ['</think>'.repeat(size)]],
    ['tags and texts', (size) => ['<answer>x</think>y'.repeat(size)]],
    ['starts of tags', (size) => ['</answer'.repeat(size)]],
    ['tokens of spaces', (size) => ['a', ...Array.from({ length: size }, () => '  '), 'b']],
    ['tokens of parts of tags', (size) => Array.from({ length: size }, () => '</ans')],
    ['tokens of tags', (size) => Array.from({ length: size }, () => '<think>')],
  ])('grows in proportion to the text: %s', async (_, make) => {
    expect(await isLinear(make, stream)).toBe(true);
  });
});
