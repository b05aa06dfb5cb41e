/** Questions as teachers paste them: from Word, Moodle, forms, PDF files, flash cards, spreadsheets and question banks. */

export interface Layout {
  name: string;
  text: string;
  question: string;
  options: string[];
  /** Index of the right option; null if the text states none, or several. */
  key: number | null;
  /** Parts of the text that give the key away. */
  secret?: string[];
}

export const Q = 'What kind of image is this?';
export const THREE = ['Chest X-ray', 'Brain MRI', 'Blood smear'];

/** The common question in another layout. */
export function same(name: string, text: string, key: number | null = 1, secret: string[] = []): Layout {
  return { name, text, question: Q, options: THREE, key, secret };
}

export const ENGLISH: readonly Layout[] = [
  same(
    'explanation after the key',
    `${Q}\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear\nAnswer: B. The cortex and the ventricles are visible.`,
    1,
    ['ventricles'],
  ),
  same(
    'explanation below the key',
    `${Q}\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear\n\nAnswer: B\n\nThe cortex is visible.\nSo are the ventricles.`,
    1,
    ['cortex', 'ventricles'],
  ),
  same(
    'labelled explanation',
    `${Q}\nA) Chest X-ray\nB) Brain MRI\nC) Blood smear\nCorrect Answer: B\nExplanation: Gyri and sulci.\nReference: Atlas, p. 12`,
    1,
    ['Gyri', 'Atlas'],
  ),
  same(
    'explanation without a key line',
    `${Q}\nA) Chest X-ray\nB) Brain MRI\nC) Blood smear\nRationale: gyri and sulci mean brain.`,
    null,
    ['gyri'],
  ),
  same(
    'each choice explained',
    `${Q}\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear\nAnswer: B\nExplanation:\nA. No ribs are seen.\nB. Gyri are seen.\nC. No cells are seen.`,
    1,
    ['ribs', 'Gyri'],
  ),
  same('correct answer is', `${Q}\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear\nCorrect answer is C`, 2, [
    'answer',
  ]),
  same('Ans. (c)', `${Q}\n(a) Chest X-ray\n(b) Brain MRI\n(c) Blood smear\nAns. (c)`, 2, ['Ans']),
  same('Ans: with a hyphen', `${Q}\na) Chest X-ray\nb) Brain MRI\nc) Blood smear\nAns:- b`, 1, ['Ans']),
  same(
    'the correct option',
    `${Q}\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear\nThe correct option is B.`,
    1,
    ['correct'],
  ),
  same('letter is correct', `${Q}\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear\nB is correct.`, 1, [
    'correct',
  ]),
  same(
    'option letter is the answer',
    `${Q}\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear\nOption B is the correct answer because gyri are visible.`,
    1,
    ['gyri'],
  ),
  same('Aiken', `${Q}\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear\nANSWER: B`, 1, ['ANSWER']),
  same('tick after the choice', `${Q}\nA. Chest X-ray\nB. Brain MRI ✓\nC. Blood smear`, 1, ['✓']),
  same('emoji after the choice', `${Q}\nA. Chest X-ray ❌\nB. Brain MRI ✅\nC. Blood smear ❌`, 1, [
    '✅',
    '❌',
  ]),
  same('word after the choice', `${Q}\nA) Chest X-ray\nB) Brain MRI (correct)\nC) Blood smear`, 1, [
    'correct',
  ]),
  same(
    'word and reason after the choice',
    `${Q}\nA) Chest X-ray\nB) Brain MRI (Correct: gyri)\nC) Blood smear`,
    1,
    ['gyri'],
  ),
  same('arrow after the choice', `${Q}\nA) Chest X-ray\nB) Brain MRI <-- correct\nC) Blood smear`, 1, [
    'correct',
  ]),
  same('bold choice', `${Q}\nA. Chest X-ray\n**B. Brain MRI**\nC. Blood smear`, 1, ['**']),
  same('bold text', `${Q}\n\nA. Chest X-ray\nB. **Brain MRI**\nC. Blood smear`, 1, ['**']),
  same('boxes', `${Q}\n[ ] Chest X-ray\n[x] Brain MRI\n[ ] Blood smear`, 1, ['[x]']),
  same('Markdown boxes', `${Q}\n\n- [ ] Chest X-ray\n- [X] Brain MRI\n- [ ] Blood smear`, 1, ['[X]']),
  same('drawn boxes', `${Q}\n☐ Chest X-ray\n☑ Brain MRI\n☐ Blood smear`, 1, ['☑']),
  same('drawn circles', `${Q}\n○ Chest X-ray\n● Brain MRI\n○ Blood smear`, 1, ['●']),
  same('marked bullet', `${Q}\n- Chest X-ray\n* Brain MRI\n- Blood smear`, 1, ['*']),
  same('ticked bullet', `${Q}\n• Chest X-ray\n• Brain MRI ✓\n• Blood smear`, 1, ['✓']),
  same('plus and minus', `${Q}\n- Chest X-ray\n+ Brain MRI\n- Blood smear`, 1, ['+']),
  same(
    'bullets of Word',
    `${Q}\n\uF0B7\tChest X-ray\n\uF0B7\tBrain MRI\n\uF0B7\tBlood smear\nAnswer: Brain MRI`,
    1,
    ['Answer'],
  ),
  same('small Roman numbers', `${Q}\ni. Chest X-ray\nii. Brain MRI\niii. Blood smear\nAnswer: ii`, 1, [
    'Answer',
  ]),
  same('Roman numbers in brackets', `${Q}\n(I) Chest X-ray\n(II) Brain MRI\n(III) Blood smear\nKey: II`, 1, [
    'Key',
  ]),
  same('letter of a numbered list', `${Q}\n1) Chest X-ray\n2) Brain MRI\n3) Blood smear\nAnswer: B`, 1, [
    'Answer',
  ]),
  same('circled numbers', `${Q}\n① Chest X-ray\n② Brain MRI\n③ Blood smear\nAnswer: ②`, 1, ['Answer']),
  same('full-width letters', `${Q}\nＡ．Chest X-ray\nＢ．Brain MRI\nＣ．Blood smear\nAnswer：Ｂ`, 1, [
    'Answer',
  ]),
  same('letters without a point', `${Q}\nA  Chest X-ray\nB  Brain MRI\nC  Blood smear\nAnswer: B`, 1, [
    'Answer',
  ]),
  same('letters and a single space', `${Q}\nA Chest X-ray\nB Brain MRI\nC Blood smear`, null),
  same(
    'Option A',
    `${Q}\nOption A: Chest X-ray\nOption B: Brain MRI\nOption C: Blood smear\nCorrect option: B`,
    1,
    ['Correct'],
  ),
  same('no space after the point', `${Q}\nA.Chest X-ray\nB.Brain MRI\nC.Blood smear\nAns.B`, 1, ['Ans']),
  same('dashes', `${Q}\nA - Chest X-ray\nB - Brain MRI\nC - Blood smear\nAnswer - B`, 1, ['Answer']),
  same('columns of spaces', `${Q}\nA. Chest X-ray        C. Blood smear\nB. Brain MRI\nAnswer: B`, 1, [
    'Answer',
  ]),
  same(
    'letters alone on their line',
    `${Q}\na.\nChest X-ray\nb.\nBrain MRI\nc.\nBlood smear\nThe correct answer is: Brain MRI`,
    1,
    ['correct'],
  ),
  same(
    'Moodle, copied',
    `Question 3\nNot yet answered\nMarked out of 1.00\nFlag question\nQuestion text\n${Q}\nSelect one:\na. Chest X-ray\nb. Brain MRI\nc. Blood smear\n\nFeedback\nYour answer is correct.\nThe correct answer is: Brain MRI`,
    1,
    ['Feedback', 'correct'],
  ),
  same(
    'a form, copied',
    `${Q} *\n1 point\nChest X-ray\nBrain MRI\nBlood smear\nCorrect answer\nBrain MRI`,
    1,
    ['Correct'],
  ),
  same('key first', `Answer: B\n${Q}\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear`, 1, ['Answer']),
  same('key in the question', `${Q} (Answer: B)\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear`, 1, [
    'Answer',
  ]),
  same('one line with brackets', `${Q} (a) Chest X-ray (b) Brain MRI (c) Blood smear [Ans: b]`, 1, ['Ans']),
  same('one line, key a text', `${Q} A) Chest X-ray B) Brain MRI C) Blood smear Answer: Brain MRI`, 1, [
    'Answer',
  ]),
  same('one line, marked', `${Q} A) Chest X-ray *B) Brain MRI C) Blood smear`, 1, ['*']),
  same('one line, key below', `${Q} A) Chest X-ray B) Brain MRI C) Blood smear\nAnswer: B`, 1, ['Answer']),
  same('plain lines, key a letter', `${Q}\nChest X-ray\nBrain MRI\nBlood smear\nAnswer: B`, 1, ['Answer']),
  same('plain lines, one marked', `${Q}\nChest X-ray\n*Brain MRI\nBlood smear`, 1, ['*']),
  same('several keys', `${Q}\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear\nAnswer: B and C`, null, [
    'Answer',
  ]),
  same('a number in front', `1. ${Q}\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear\nAnswer Key: B`, 1, [
    'Key',
  ]),
  same('a list of one key', `1. ${Q}\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear\n\nAnswers:\n1. B`, 1, [
    'Answers',
  ]),
  same('flash card', `Q: ${Q}\nA) Chest X-ray\nB) Brain MRI\nC) Blood smear\nA: B`, 1, ['A: B']),
  same(
    'what a student chose',
    `${Q}\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear\nYour answer: C\nCorrect answer: B`,
    1,
    ['Your', 'Correct'],
  ),
  same(
    'question of an exam in LaTeX',
    `${Q}\n\\choice Chest X-ray\n\\CorrectChoice Brain MRI\n\\choice Blood smear`,
    1,
    ['Correct'],
  ),
  same(
    'points and difficulty',
    `${Q}\nA. Chest X-ray\nB. Brain MRI\nC. Blood smear\nDifficulty: easy\nAnswer: B\nPoints: 1`,
    1,
    ['Answer', 'Points'],
  ),
];
