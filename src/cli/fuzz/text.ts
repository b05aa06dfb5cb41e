/** What a model writes, and what people paste and import: texts, and files of cases. */
import { CASE_FILE, readCaseFile } from '../../app/cases/caseFile';
import { MarkdownStream } from '../../app/text/markdown';
import { ThinkingSplitter } from '../../engine/text/thinkingSplitter';
import { grade } from '../../shared/grading';
import { readChoices, readPaste, withoutKey } from '../../shared/paste/readPaste';
import { PRESET_IDS } from '../../shared/presets';
import { ZipWriter } from '../../shared/zipWriter';
import { CASE_SEED } from './caseSeed';
import { mutateBytes } from './mutations';
import { below, pick } from './random';
import type { FuzzParser } from './types';

type Random = () => number;

/** Larger texts are cut where they come in: an answer by the context, a paste by its reader. */
const MAX_TEXT = 150_000;
const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).slice(0, MAX_TEXT);

const ANSWERS = [
  '<think>Grey and white matter.</think>\n<answer>B</answer>',
  'The answer is: B. Chest',
  '<think>a<think>b</think>c</think><answer>A</answer><answer> B </answer>',
  'Close with </a and p <',
];
const TAGS = [
  '<think>',
  '</think>',
  '<answer>',
  '</answer>',
  '<',
  '</ans',
  ' ',
  '\n',
  'answer is:',
  'B',
  'A. ',
  '\u3000',
];

const PASTES = [
  'What kind?\nA) CT\nB) MRI\nAnswer: B\nExplanation: gyri',
  '1. What kind?\n(a) CT\n(b) MRI\nAns. (b)\n\n2. Where?\n(a) Head\n(b) Chest\nAns. (a)',
  'What kind? {\n~%-50%CT#no\n=MRI#yes\n~X-ray\n}',
  'Question\tA\tB\tAnswer\nWhat kind?\tCT\tMRI\tB',
  '<p>What kind?</p><ol type="A"><li>CT</li><li>MRI</li></ol><b>Answer:</b> B',
  '这是什么？（ B ）A、胸片 B、MRI\n答案：B\n解析：脑',
  '{"question":"What?","options":{"A":"CT","B":"MRI"},"answer":"B"}',
  'This is {{c1::an MRI::what}}. {1:MC:CT~=MRI}',
  '| A | CT |\n|---|---|\n| B | MRI ✓ |\n\n**Answer: B**',
];
const PASTE_PIECES = [
  'Answer: B\n',
  'A. x\n',
  'B) y\n',
  '1. ',
  '(',
  ')',
  '{',
  '}',
  '=',
  '~',
  '#',
  '\\',
  '*',
  '✓',
  '\t',
  '|',
  ' ',
  '\n',
  '?',
  ':',
  '答案',
  '<li>',
  '<li ',
  '&amp;',
  '{{c1::',
  '[x] ',
  'Explanation:\n',
  'Answers: ',
  '1-B ',
  '"',
  'A',
  '\u200f',
];

const MARKDOWN = [
  '# Findings\n\nA **bright** ring, `HU 700`.\n\n- a\n  - b\n\n1. x\n2. y',
  '| a | b |\n|---|---|\n| 1 | 2 |\n\n> quote\n\n```py\nx < 1\n```\n\n[a](https://b.example) ![c](d)',
];
const MARKDOWN_PIECES = [
  '> ',
  '- ',
  '  - ',
  '1. ',
  '*',
  '**',
  '_',
  '~~',
  '`',
  '```\n',
  '[',
  '](',
  ')',
  '![',
  '<',
  '<!--',
  '<a href="',
  '|',
  '|-|\n',
  '\n',
  '\n\n',
  '    ',
  '\t',
  '\\',
  '&',
  'a.',
  '@',
  'http://',
  '[a]: ',
  '#',
  '=\n',
  '\r\n',
  '- [ ] ',
];

/** Damages a text with pieces that mean something to its parser, once or many times. */
function mutateText(pieces: readonly string[]): FuzzParser['mutate'] {
  return (random, seed) => {
    let text = new TextDecoder().decode(seed);
    for (let i = 1 + below(random, 4); i > 0; i--) text = mutateOnce(random, text, pieces);
    return encode(text.slice(0, MAX_TEXT));
  };
}

function mutateOnce(random: Random, text: string, pieces: readonly string[]): string {
  const from = below(random, text.length + 1);
  const to = Math.min(text.length, from + below(random, 40));
  const own = text.slice(from, to);
  const several = Array.from({ length: 1 + below(random, 3) }, () => pick(random, pieces)).join('');
  const piece = random() < 0.3 ? own : several;
  const times = pick(random, [0, 1, 1, 2, 3, 50, 2_000, 20_000]);
  // A text that another mutation has made long is not made longer still.
  const repeated =
    text.length > MAX_TEXT / 2
      ? piece
      : piece.repeat(Math.min(times, Math.ceil(MAX_TEXT / 2 / (piece.length || 1))));
  return text.slice(0, from) + repeated + text.slice(random() < 0.5 ? from : to);
}

const CASE = JSON.stringify({
  format: 'rounds-cases',
  version: 1,
  exportedAt: '2026-11-02T00:00:00.000Z',
  cases: [CASE_SEED],
});
const CASE_ZIP = new Uint8Array(await (await zipOf(encode(CASE))).arrayBuffer());

async function zipOf(json: Uint8Array<ArrayBuffer>): Promise<Blob> {
  const zip = new ZipWriter();
  await zip.add(CASE_FILE, json);
  return zip.finish();
}

export const parsers: FuzzParser[] = [
  {
    name: 'paste',
    seeds: () => PASTES.map(encode),
    mutate: mutateText(PASTE_PIECES),
    parse: async (bytes) => {
      const text = decode(bytes);
      readPaste(text);
      withoutKey(text);
      readChoices(text);
    },
  },
  {
    name: 'splitter',
    seeds: () => ANSWERS.map(encode),
    mutate: mutateText(TAGS),
    parse: async (bytes) => {
      const text = decode(bytes);
      const splitter = new ThinkingSplitter();
      const cut = Math.floor(text.length / 3);
      for (const part of [text.slice(0, cut), text.slice(cut)]) splitter.push(part);
      splitter.finish();
      splitter.result();
    },
  },
  {
    name: 'graders',
    seeds: () => ANSWERS.map(encode),
    mutate: mutateText(TAGS),
    parse: async (bytes) => {
      const text = decode(bytes);
      for (const preset of PRESET_IDS) grade(preset, text, { A: 'Head', B: 'Chest' }, 'B');
    },
  },
  {
    name: 'markdown',
    seeds: () => MARKDOWN.map(encode),
    mutate: mutateText(MARKDOWN_PIECES),
    parse: async (bytes) => {
      const text = decode(bytes);
      const stream = new MarkdownStream();
      for (const length of [0.5, 0.9, 1]) stream.read(text.slice(0, Math.floor(text.length * length)));
    },
  },
  {
    name: 'cases',
    seeds: () => [CASE_ZIP],
    mutate: mutateBytes,
    parse: async (bytes) => void (await readCaseFile(new Blob([new Uint8Array(bytes)]))),
  },
  {
    name: 'case-records',
    seeds: () => [encode(CASE)],
    mutate: mutateText([
      '{',
      '[',
      ']',
      '"',
      ':',
      ',',
      '0',
      '1e999',
      'null',
      '""',
      '<answer>',
      '\\u0000',
      '"cases":',
    ]),
    parse: async (bytes) => void (await readCaseFile(await zipOf(new Uint8Array(bytes)))),
  },
];
