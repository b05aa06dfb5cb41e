/** One key line for several questions: "1. B 2. A", "1-3 BAD", "B, A, D". */
import { asciiDigit, placesOf } from './alphabets';

export interface Keyed {
  /** The number in front of the question. */
  number: number | null;
  /** What the key lines of the question name. */
  values: string[];
}

interface Pair {
  number: number;
  letter: string;
}

const SEPARATORS = /[\s.．,，;；、:：|/)(]/gu;
const PAIRS = /(\p{Nd}{1,3}|[一二三四五六七八九十])[\s.．):：=、،–-]{0,3}[([（]?(\p{L})(?![\p{L}\p{M}])/gu;
const BEGINS =
  /^[^\p{L}\p{N}]*(?:\p{Nd}{1,3}|[一二三四五六七八九十])[\s.．):：=、–-]{1,3}[([（]?(\p{L})(?![\p{L}\p{M}])/u;
const RANGES =
  /(\p{Nd}{1,3})\s?[-–—~～至]\s?(\p{Nd}{1,3})\s?[.:：)、]?\s?([A-La-l](?:[\s,、]?[A-La-l]){0,49})(?![\p{L}\p{M}])/gu;

/** Gives each question its key out of a list of keys. */
export function spreadKeys(questions: readonly Keyed[]): void {
  const numbered = new Map(questions.map((question) => [question.number, question]));
  for (const question of questions) {
    for (const value of question.values.slice()) {
      const pairs = pairsOf(value);
      if (!pairs) continue;
      question.values.splice(question.values.indexOf(value), 1);
      pairs.forEach(({ number, letter }, i) => {
        const inOrder = questions[pairs.length === questions.length ? i : number - 1];
        (numbered.get(number) ?? inOrder)?.values.push(letter);
      });
    }
  }
  spreadInOrder(questions);
}

/** Null if the value is no list of numbers with letters. */
function pairsOf(value: string): Pair[] | null {
  const ranges = [...value.matchAll(RANGES)].flatMap(([, from = '', to = '', letters = '']) => {
    const names = [...letters.replace(/[\s,、]/gu, '')];
    const first = numberIn(from);
    return names.length === numberIn(to) - first + 1
      ? names.map((letter, i) => ({ number: first + i, letter }))
      : [];
  });
  if (ranges.length > 0) return ranges;
  const found = [...value.matchAll(PAIRS)].filter(([, , letter = '']) => placesOf(letter).length > 0);
  const pairs = found.map(([, number = '', letter = '']) => ({ number: numberIn(number), letter }));
  const isWhole = pairs.length > 1 && value.replace(PAIRS, '').replace(SEPARATORS, '').length === 0;
  const [, first = ''] = BEGINS.exec(value) ?? [];
  return isWhole || (first !== '' && placesOf(first).length > 0) ? pairs : null;
}

/** "B, A" or "BA" below the last of two questions. */
function spreadInOrder(questions: readonly Keyed[]): void {
  const last = questions.at(-1);
  const [value, ...more] = last?.values ?? [];
  const isOnly = questions.slice(0, -1).every(({ values }) => values.length === 0);
  if (!last || value === undefined || more.length > 0 || !isOnly || questions.length < 2) return;
  if (!/^\W*[A-L](?:[\s,;、/]*[A-L])+\W*$/u.test(value)) return;
  const letters = value.match(/[A-L]/gu) ?? [];
  if (letters.length !== questions.length) return;
  last.values.length = 0;
  questions.forEach(({ values }, i) => values.push(letters[i] ?? ''));
}

/** The number that one to three decimal digits of any script write, or a Chinese digit. */
export function numberIn(digits: string): number {
  const han = placesOf(digits).find(({ alphabet }) => alphabet === 'han');
  return han ? han.index + 1 : Number(digits.normalize('NFKC').replace(/\p{Nd}/gu, asciiDigit));
}
