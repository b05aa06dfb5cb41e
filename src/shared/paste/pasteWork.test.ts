/** A paste may be a whole book, or made to take long. */
import { describe, expect, it } from 'vitest';
import { isLinear } from '../testing/growth';
import { readChoices, readPaste, withoutKey } from './readPaste';

const HOSTILE: [name: string, make: (size: number) => string][] = [
  ['spaces', (size) => `a${' '.repeat(size)}b`],
  ['spaces in brackets', (size) => `A) x (${' '.repeat(size)}\nB) y`],
  ['tabs', (size) => `A.${'\t'.repeat(size)}x\nB. y`],
  ['line feeds', (size) => `A. x${'\n'.repeat(size)}B. y`],
  ['key lines', (size) => 'Answer: B\n'.repeat(size)],
  ['key lines and empty lines', (size) => '\nAnswer: B\n'.repeat(size)],
  ['labels', (size) => 'Answer:\n'.repeat(size)],
  ['labels on a line', (size) => 'Answer: '.repeat(size)],
  ['labels in brackets', (size) => '(Answer '.repeat(size)],
  ['questions', (size) => 'Which?\nA. x\nB. y\nAnswer: B\n'.repeat(size)],
  [
    'numbered questions',
    (size) => Array.from({ length: size }, (_, i) => `${i % 900}. Q?\nA. x\nB. y`).join('\n'),
  ],
  ['a list of keys', (size) => `${'Q?\nA. x\nB. y\n'.repeat(size)}Answers: ${'1. B '.repeat(size)}`],
  ['explanations', (size) => `Q?\nA. x\nB. y\nExplanation:\n${'A. x\nB. y\n'.repeat(size)}`],
  ['markers', (size) => 'A. '.repeat(size)],
  ['markers in order', (size) => 'A. x B. y '.repeat(size)],
  ['brackets', (size) => '(A'.repeat(size)],
  ['letters', (size) => 'A\n'.repeat(size)],
  ['bullets', (size) => '- x\n'.repeat(size)],
  ['stars', (size) => '*'.repeat(size)],
  ['bold', (size) => '**A. x** '.repeat(size)],
  ['ticks', (size) => `A. x${'✓'.repeat(size)}\nB. y`],
  ['question marks', (size) => '?'.repeat(size)],
  ['question marks and spaces', (size) => '? '.repeat(size)],
  ['braces', (size) => '{='.repeat(size)],
  ['closed braces', (size) => 'x {=a ~b}\n'.repeat(size)],
  ['backslashes', (size) => `{${'\\'.repeat(size)}}`],
  ['gaps', (size) => '{{c1::a'.repeat(size)],
  ['cloze items', (size) => '{1:MC:'.repeat(size)],
  ['tags', (size) => '<li '.repeat(size)],
  ['items', (size) => '<li>x'.repeat(size)],
  ['comments', (size) => '<li><!--'.repeat(size)],
  ['entities', (size) => `<br>${'&amp'.repeat(size)}`],
  ['rows', (size) => 'Q?\tx\ty\tB\n'.repeat(size)],
  ['bars', (size) => `|${'a|'.repeat(size)}\n|b|`],
  ['records', (size) => '[{"question":'.repeat(size)],
  ['deep lists in JSON', (size) => `[{"a":${'['.repeat(size)}`],
  ['XML', (size) => '<question type="multichoice"><questiontext>'.repeat(size)],
  [
    'choices in XML',
    (size) =>
      `<question><questiontext>x</questiontext>${'<answer fraction="100">x</answer>'.repeat(size)}</question>`,
  ],
  ['cells', (size) => 'x?,y,"z","B"\n'.repeat(size)],
  ['cells without an end', (size) => `${'"",'.repeat(size)}"`],
  ['records of Python', (size) => `[{'question': '${"\\'".repeat(size)}`],
  ['LaTeX', (size) => '\\item \\textbf{x\n'.repeat(size)],
  ['quoted mail', (size) => '> A. x\n'.repeat(size)],
  ['statements', (size) => '1. It is. (T)\n'.repeat(size)],
  ['sentences below a list', (size) => `Which?\nA. x\nB. y\n${'\nIt is (B), so x.\n'.repeat(size)}`],
  ['pairs', (size) => `Which?\nA. x\nB. y\n${'1. B 2. A\n'.repeat(size)}`],
  ['one word', (size) => 'a'.repeat(size)],
  ['digits', (size) => '1'.repeat(size)],
  ['Chinese', (size) => '答案：'.repeat(size)],
];

/** For texts of 4,000 and 16,000 characters. */
const sizeOf = (make: (size: number) => string): number => Math.ceil(4_000 / (make(100).length / 100));

describe('a paste', () => {
  it.each(HOSTILE)('is read in proportion to its length: %s', async (_, make) => {
    expect(await isLinear(make, readPaste, sizeOf(make))).toBe(true);
  });

  it.each(HOSTILE)('is read for choices and keys in proportion to its length: %s', async (_, make) => {
    const run = (text: string): void => {
      readChoices(text);
      withoutKey(text);
    };
    expect(await isLinear(make, run, sizeOf(make))).toBe(true);
  });
});
