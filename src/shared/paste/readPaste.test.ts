import { describe, expect, it } from 'vitest';
import { buildMessages, PRESETS } from '../presets';
import { MAX_OPTIONS, optionLetter } from '../options';
import { readChoices, readPaste, type PastedQuestion } from './readPaste';
import common from './testing/common.cases.json';
import { LANGUAGES, UNTOUCHED } from './testing/languages';
import { ENGLISH } from './testing/layouts';
import inLanguages from './testing/languages.cases.json';
import { OTHER_FORMS } from './testing/otherForms';
import sheets from './testing/sheets.cases.json';
import { ORDINARY } from './testing/untouched';

const LAYOUTS = [...ENGLISH, ...OTHER_FORMS, ...LANGUAGES];
const KEY_WORDS = /answer: |\bans\b|\bkey:|respuesta|réponse|答案|الإجابة|correct/i;

/** Everything that the model would get, with any preset. */
function prompts({ question, options }: PastedQuestion): string {
  const lettered = Object.fromEntries(options.map((text, index) => [optionLetter(index), text]));
  const instructions = PRESETS.map((preset) =>
    JSON.stringify(buildMessages(preset, { question: '', images: [] })),
  );
  return PRESETS.map((preset, i) => {
    const asked = JSON.stringify(buildMessages(preset, { question, options: lettered, images: [] }));
    return asked === instructions[i] ? '' : [question, ...options].join('\n');
  }).join('\n');
}

describe('readPaste', () => {
  it.each(common.map((layout) => [layout.name, layout] as const))(
    'reads a common layout: %s',
    (_, layout) => {
      const read = readPaste(layout.text);
      if (layout.options === 'several') expect(read.length).toBeGreaterThan(1);
      else if (typeof layout.options === 'string') expect(read).toHaveLength(1);
      else {
        expect(read).toMatchObject([{ options: layout.options, key: layout.rightIndex }]);
      }
      expect(read.map(prompts).join('\n')).not.toMatch(KEY_WORDS);
    },
  );

  it.each(LAYOUTS.map((layout) => [layout.name, layout] as const))('reads: %s', (_, layout) => {
    const { text, question, options, key } = layout;
    expect(readPaste(text)).toMatchObject([{ question, options, key }]);
    // The line ends of Windows make no difference.
    expect(readPaste(text.replaceAll('\n', '\r\n'))).toMatchObject([{ question, options, key }]);
  });

  it.each(LAYOUTS.map((layout) => [layout.name, layout] as const))(
    'keeps the key from the model: %s',
    (_, layout) => {
      const prompt = readPaste(layout.text).map(prompts).join('\n');
      for (const secret of layout.secret ?? []) expect(prompt).not.toContain(secret);
      for (const { setAside } of readPaste(layout.text)) {
        // A table's key can be a letter, which the prompt has for another reason.
        for (const line of setAside)
          if (line.length > 2 && !layout.options.includes(line)) expect(prompt).not.toContain(line);
      }
    },
  );

  it.each([...sheets, ...inLanguages].map((layout) => [layout.name, layout] as const))(
    'reads what platforms and sheets write: %s',
    (_, { text, read, secret }) => {
      const found = readPaste(text);
      expect(found).toMatchObject(read);
      expect(found).toHaveLength(read.length);
      const prompt = found.map(prompts).join('\n');
      for (const part of secret) expect(prompt).not.toContain(part);
    },
  );

  it.each([...UNTOUCHED, ...ORDINARY])('leaves %j as it is', (text) => {
    expect(readPaste(text)).toEqual([{ question: text, options: [], key: null, setAside: [] }]);
  });
});

describe('several questions', () => {
  it.each<[string, string, (number | null)[], string[]]>([
    [
      'a key below each',
      '1. What kind?\nA. CT\nB. MRI\nAnswer: B\n\n2. Which region?\nA. Head\nB. Chest\nAnswer: A',
      [1, 0],
      ['What kind?', 'Which region?'],
    ],
    [
      'explanations and a case between',
      'Q1. What kind?\na) CT\nb) MRI\nAns: b\nExplanation: gyri.\nMore.\n\nQ2. A man coughs.\nWhich region?\na) Head\nb) Chest\nAns: b',
      [1, 1],
      ['What kind?', 'A man coughs.\nWhich region?'],
    ],
    [
      'Aiken',
      'What kind?\nA. CT\nB. MRI\nANSWER: B\n\nWhich region?\nA. Head\nB. Chest\nANSWER: A',
      [1, 0],
      ['What kind?', 'Which region?'],
    ],
    [
      'keys at the end',
      '1. What kind?\nA. CT\nB. MRI\n2. Which region?\nA. Head\nB. Chest\n\nAnswer key\n1. B\n2. A',
      [1, 0],
      ['What kind?', 'Which region?'],
    ],
    [
      'keys on one line',
      '1. What kind?\nA. CT\nB. MRI\n2. Which region?\nA. Head\nB. Chest\n\nAnswers: 1-B, 2-A',
      [1, 0],
      ['What kind?', 'Which region?'],
    ],
    [
      'GIFT',
      'What kind? {~CT =MRI}\n\nWhich region? {=Head ~Chest}',
      [1, 0],
      ['What kind?', 'Which region?'],
    ],
    [
      'numbers for both',
      '1. What kind?\n1) CT\n2) MRI\nAnswer: 2\n2. Which region?\n1) Head\n2) Chest\nAnswer: 1',
      [1, 0],
      ['What kind?', 'Which region?'],
    ],
    [
      'rows',
      'What kind?\tCT\tMRI\tB\nWhich region?\tHead\tChest\tA',
      [1, 0],
      ['What kind?', 'Which region?'],
    ],
    [
      'no choices',
      '1. What kind?\nAnswer: MRI\n2. Which region?\nAnswer: Head',
      [null, null],
      ['What kind?', 'Which region?'],
    ],
  ])('are told apart: %s', (_, text, keys, questions) => {
    const read = readPaste(text);
    expect(read.map(({ question }) => question)).toEqual(questions);
    expect(read.map(({ key }) => key)).toEqual(keys);
    expect(read.map(prompts).join('\n')).not.toMatch(/answer|\bans\b|gyri/i);
  });
});

describe('what states a key', () => {
  const STATED = [
    ['Answer: B', 'Explanation: SECRET gyri'],
    ['Correct answer is B because of the SECRET gyri.'],
    ['Ans. (b) SECRET'],
    ['Key: B', '', 'Rationale: SECRET'],
    ['The correct option is B.', 'SECRET gyri are visible.'],
    ['Respuesta: B', 'Explicación: SECRET'],
    ['Réponse : B', 'Explication : SECRET'],
    ['答案：B', '解析：SECRET'],
    ['الإجابة: B', 'الشرح: SECRET'],
    ['Lösung: B', 'Begründung: SECRET'],
    ['Ответ: B', 'Пояснение: SECRET'],
    ['정답: B', '해설: SECRET'],
    ['Answer', 'B', '', 'Explanation', 'SECRET gyri'],
  ];
  const STEMS = [
    'What kind?',
    'A man coughs.\n\nWhich is it?',
    '1. Name the modality:',
    'Which (see above)?',
  ];
  const NAMES = ['A) ', 'a. ', '(A) ', 'A、', '**A.** ', '- A) ', 'A - ', 'Ａ．'];
  const lists = NAMES.map((name) =>
    ['CT', 'MRI', 'X-ray'].map((text, i) => shift(name, i) + text).join('\n'),
  );

  it.each(STATED.map((lines) => [lines[0] ?? '', lines] as const))(
    'never reaches a prompt: %s',
    (first, lines) => {
      for (const stem of STEMS) {
        for (const list of [...lists, '<A> CT', 'no list at all.']) {
          const read = readPaste([stem, list, ...lines].join('\n'));
          const prompt = read.map(prompts).join('\n');
          expect(prompt).not.toContain('SECRET');
          expect(prompt).not.toContain(first);
          expect(read).toHaveLength(1);
          // What was taken out is shown.
          if (lines.length > 1) expect(read[0]?.setAside.join(' ')).toContain(lines[0]);
        }
      }
    },
  );

  function shift(name: string, by: number): string {
    return name.replace(/[AaＡ]/u, (letter) => String.fromCharCode(letter.charCodeAt(0) + by));
  }
});

describe('readPaste, of English lists', () => {
  it.each<[string, string, string[]]>([
    ['Which?\nA) x\nB) y y', 'Which?', ['x', 'y y']],
    ['Which?\n\nA. x\n\nB. y\n', 'Which?', ['x', 'y']],
    ['Which?\r\n  (A) x\r\n  (B) y', 'Which?', ['x', 'y']],
    ['Two\nlines?\nA: x\nB: y\nC: z', 'Two\nlines?', ['x', 'y', 'z']],
    ['Which?\n1) x\n2) y', 'Which?', ['x', 'y']],
    ['Which?\n1. x\n2. y\n3. z', 'Which?', ['x', 'y', 'z']],
    ['Which?\na) x\nb) y', 'Which?', ['x', 'y']],
    ['Which?\n- A) x\n- B) y', 'Which?', ['x', 'y']],
    ['Which?\n**A.** x\n**B.** y', 'Which?', ['x', 'y']],
    // The published formats: MedVLThinker, Med-R1, MedXpertQA, VLMEvalKit.
    ['Question?\n\nOptions:\n\nA. Yes\n\nB. No', 'Question?', ['Yes', 'No']],
    ['What is it? A)Cyst, B)Bone, C)Fat', 'What is it?', ['Cyst', 'Bone', 'Fat']],
    ['What is it?\nAnswer Choices: (A) Cyst (B) Bone', 'What is it?', ['Cyst', 'Bone']],
    ['Which? A. x B. y C. z', 'Which?', ['x', 'y', 'z']],
    ['Which?\nA) x   B) y\nC) z   D) w', 'Which?', ['x', 'y', 'z', 'w']],
    ['Which? (1) x; (2) y', 'Which?', ['x', 'y']],
    ['A) x\nB) y', '', ['x', 'y']],
    [
      'Which?\nA) a long option\nthat was wrapped\nB) y\n   wrapped too',
      'Which?',
      ['a long option that was wrapped', 'y wrapped too'],
    ],
    ['Dose?\nA) 1.5 mg (a) day\nB) 2 mg', 'Dose?', ['1.5 mg (a) day', '2 mg']],
    ['哪一个？\nA) 头\nB) 胸', '哪一个？', ['头', '胸']],
  ])('finds the options in %j', (text, question, options) => {
    expect(readPaste(text)).toEqual([{ question, options, key: null, setAside: [] }]);
  });

  it.each([
    'Which?',
    'A. Smith was seen.\nWhat now?',
    'Which?\nA) x',
    'Which?\nA) x\nC) y',
    'Which?\nA) x\nB) y\nor not?',
    'Which?\nA)\nB)',
    'A patient with hepatitis A. Plan B. Discuss.',
    'Compare the patient (A) with the control (B) here.',
    'Is vitamin A. B. cereus known?',
    'It grew from 1.5 cm to 2.5 cm.',
    `Which?\n${Array.from({ length: MAX_OPTIONS + 1 }, (_, i) => `${String.fromCharCode(65 + i)}) x`).join('\n')}`,
    '',
  ])('finds no options in %j', (text) => {
    expect(readPaste(text)).toMatchObject([{ question: text, options: [] }]);
  });

  it.each<[string, number]>([
    ['Which?\nA) x\nB) y\nAnswer: B', 1],
    ['Which?\nA) x\nB) y\n\nCorrect answer: (A)', 0],
    ['Which?\nA) x\nB) y\nThe correct answer is B.', 1],
    ['Which?\nA) x\nB) y\nAns: B) y', 1],
    ['Which? A) x B) y Answer: A', 0],
    ['Which?\n1) x\n2) y\nAnswer: 2', 1],
    ['Which?\nA) x\nB) y\nAnswer: y', 1],
    ['Which?\nA) x\nB) y (correct)', 1],
    ['Which?\nA) x ✓\nB) y', 0],
  ])('reads the key of %j', (text, key) => {
    expect(readPaste(text)).toMatchObject([{ question: 'Which?', options: ['x', 'y'], key }]);
  });

  it('ignores a key that names no option, but still removes the answer from the question', () => {
    expect(readPaste('Which?\nA) x\nB) y\nAnswer: D')).toMatchObject([
      { question: 'Which?', options: ['x', 'y'], key: null },
    ]);
  });
});

describe('readChoices', () => {
  it.each<[string, string[]]>([
    ['A) x\nB) y', ['x', 'y']],
    ['C) x\nD) y', ['x', 'y']],
    ['x\ny\n\nz', ['x', 'y', 'z']],
    ['A. x B. y', ['x', 'y']],
  ])('finds the options in %j', (text, options) => {
    expect(readChoices(text)?.options).toEqual(options);
  });

  it.each(['x', 'x\n', 'Fracture of the 2. and 3. rib', 'one line only, with commas'])(
    'finds no options in %j',
    (text) => {
      expect(readChoices(text)).toBeNull();
    },
  );
});
