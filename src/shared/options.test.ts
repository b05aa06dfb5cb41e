import { describe, expect, it } from 'vitest';
import { MAX_OPTIONS, optionLetter, recognizeList, recognizeQuestion } from './options';

describe('recognizeQuestion', () => {
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
    expect(recognizeQuestion(text)).toEqual({ question, options, key: null });
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
    expect(recognizeQuestion(text)).toBeNull();
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
    expect(recognizeQuestion(text)).toEqual({ question: 'Which?', options: ['x', 'y'], key });
  });

  it('ignores a key that names no option, but still removes the answer from the question', () => {
    expect(recognizeQuestion('Which?\nA) x\nB) y\nAnswer: D')).toEqual({
      question: 'Which?',
      options: ['x', 'y'],
      key: null,
    });
  });
});

describe('recognizeList', () => {
  it.each<[string, string[]]>([
    ['A) x\nB) y', ['x', 'y']],
    ['C) x\nD) y', ['x', 'y']],
    ['x\ny\n\nz', ['x', 'y', 'z']],
    ['A. x B. y', ['x', 'y']],
  ])('finds the options in %j', (text, options) => {
    expect(recognizeList(text)?.options).toEqual(options);
  });

  it.each(['x', 'Fracture of the 2. and 3. rib', 'one line only, with commas'])(
    'finds no options in %j',
    (text) => {
      expect(recognizeList(text)).toBeNull();
    },
  );
});

it('optionLetter counts from A', () => {
  expect([0, 1, 5].map(optionLetter)).toEqual(['A', 'B', 'F']);
});
