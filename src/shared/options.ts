/** Options of a multiple-choice question, found in what a person pasted. */

/** A to J: as many as MedVLM-R1's reward knows letters. */
export const MAX_OPTIONS = 10;

export interface RecognizedQuestion {
  /** What stands before the options; may be empty. */
  question: string;
  /** At least two, none of them empty. */
  options: string[];
  /** Index of the right one where the text says it, as exam sheets do. */
  key: number | null;
}

/** How a list is lettered or numbered; one list keeps to one style. */
interface Style {
  /** Marker of option i, as the source of a pattern. */
  marker: (index: number) => string;
  /** Marks that also end sentences or stand in them count inside a line only behind a finished question. */
  isAmbiguous: boolean;
}

/** The letter of the option with this index: 0 is A. */
export function optionLetter(index: number): string {
  return String.fromCharCode(65 + index);
}

const NAMES: ((index: number) => string)[] = [
  optionLetter,
  (index) => optionLetter(index).toLowerCase(),
  (index) => String(index + 1),
];
const STYLES: Style[] = NAMES.flatMap((name) => [
  { marker: (index) => `\\(${name(index)}\\)\\s*`, isAmbiguous: true },
  { marker: (index) => `${name(index)}\\)\\s*`, isAmbiguous: false },
  { marker: (index) => `${name(index)}[.:]\\s+`, isAmbiguous: true },
]);

const BULLET = '[ \\t]*(?:[-*•]\\s+)?';
const FINISHED_QUESTION = /(?:^|[?:.!…])\s*$/;
const HEADER = /(?:^|\n)[ \t]*(?:answer\s+)?(?:options|choices)\s*:?\s*$/i;
const ANSWER_LINE =
  /(?:^|\n|\s)[ \t]*(?:\*\*)?(?:the\s+)?(?:correct\s+)?(?:answer|ans\.?)(?:\s+is)?\s*[:=]?\s+(?:\*\*)?([^\n]+?)\s*(?:\*\*)?[.\s]*$/i;
const RIGHT_MARK = /\s*(?:\((?:correct|right)\)|[✓✔])\s*$/i;

/**
 * Parts a question from its lettered or numbered options ("A)", "A.", "A:", "(A)", also small letters and numbers), one a line or
 * in one line. Null where there are no two of them in order from the first, or more than MAX_OPTIONS.
 */
export function recognizeQuestion(text: string): RecognizedQuestion | null {
  const { rest, answer } = cutAnswer(plain(text).trimEnd());
  for (const find of [findByLine, findInline]) {
    for (const style of STYLES) {
      const found = find(rest, style, 0);
      if (found) return assemble(found, answer);
    }
  }
  return null;
}

/**
 * Options alone, for a paste into the field of one: a list from any letter on, or plain lines.
 * Null where there are no two of them.
 */
export function recognizeList(text: string): Pick<RecognizedQuestion, 'options' | 'key'> | null {
  const { rest, answer } = cutAnswer(plain(text).trim());
  for (let first = 0; first < MAX_OPTIONS - 1; first++) {
    for (const find of [findByLine, findInline]) {
      for (const style of STYLES) {
        const found = find(rest, style, first);
        if (found && found.question.trim() === '') return assemble(found, answer);
      }
    }
  }
  const lines = rest.split('\n').filter((line) => line.trim() !== '');
  if (lines.length < 2 || lines.length > MAX_OPTIONS) return null;
  return assemble({ question: '', options: lines.map(tidy) }, answer);
}

/** Line feeds alone, and markers without Markdown's bold: "**A.** x" and "**A. x**". */
function plain(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/(\*\*|__)(\(?\w{1,2}[).:])\1?/g, '$2');
}

interface Found {
  question: string;
  options: string[];
}

/** Options that begin lines. A line between two of them belongs to the first; behind the last one it has to be indented. */
function findByLine(text: string, { marker }: Style, first: number): Found | null {
  const lines = text.split('\n');
  const startsWith = (line: string, index: number): RegExpExecArray | null =>
    new RegExp(`^${BULLET}${marker(index)}(?=\\S)`).exec(line);
  const start = lines.findIndex((line) => startsWith(line, first));
  if (start < 0) return null;
  const options: string[] = [];
  let waiting: string[] = [];
  for (const line of lines.slice(start)) {
    const match = startsWith(line, first + options.length);
    const last = options.length - 1;
    if (match) {
      if (waiting.length > 0) options[last] = [options[last], ...waiting].join(' ');
      waiting = [];
      options.push(line.slice(match[0].length));
    } else if (/^\s{2,}\S/.test(line) && waiting.length === 0) {
      options[last] = `${options[last]} ${line.trim()}`;
    } else if (line.trim() !== '') waiting.push(line.trim());
  }
  // Text behind the list: then it is no list that ends a question.
  if (waiting.length > 0 || options.length < 2) return null;
  return { question: lines.slice(0, start).join('\n'), options: options.map(tidy) };
}

/** Options one behind another, each marker in order behind the one before. */
function findInline(text: string, { marker, isAmbiguous }: Style, first: number): Found | null {
  const cuts: { start: number; end: number }[] = [];
  for (;;) {
    const from = cuts.at(-1)?.end ?? 0;
    const pattern = new RegExp(`(?:^|[\\s,;|])${marker(first + cuts.length)}(?=\\S)`, 'g');
    pattern.lastIndex = from;
    const match = pattern.exec(text);
    if (!match) break;
    cuts.push({ start: match.index, end: match.index + match[0].length });
  }
  const [begin] = cuts;
  const last = cuts.at(-1);
  if (!begin || !last || cuts.length < 2) return null;
  const question = text.slice(0, begin.start);
  if (isAmbiguous && !FINISHED_QUESTION.test(question)) return null;
  // Text behind the list: then it is no list that ends a question.
  if (text.slice(last.end).includes('\n')) return null;
  const options = cuts.map(({ end }, i) => tidy(text.slice(end, cuts[i + 1]?.start)));
  return { question, options };
}

function assemble({ question, options }: Found, answer: string | null): RecognizedQuestion | null {
  const marked = options.findIndex((option) => RIGHT_MARK.test(option));
  const texts = options.map((option) => option.replace(RIGHT_MARK, ''));
  if (texts.length < 2 || texts.length > MAX_OPTIONS || texts.includes('')) return null;
  const named = answer === null ? null : indexOfAnswer(answer, texts);
  return {
    question: question.replace(HEADER, '').trim(),
    options: texts,
    key: named ?? (marked < 0 ? null : marked),
  };
}

/** "Answer: B" at the end: the model must not read it. */
function cutAnswer(text: string): { rest: string; answer: string | null } {
  const match = ANSWER_LINE.exec(text);
  const answer = match?.[1] ?? null;
  // A question may end with the word: only what can name an option is one.
  if (!match || answer === null || /[?]/.test(answer) || recognizesOptionIn(answer)) {
    return { rest: text, answer: null };
  }
  return { rest: text.slice(0, match.index).trimEnd(), answer };
}

/** "The answer is A) x B) y" has its options behind the word. */
function recognizesOptionIn(answer: string): boolean {
  return STYLES.some((style) => findInline(answer, style, 0) !== null);
}

/** By letter or number, with or without the text behind it, or by the text. */
function indexOfAnswer(answer: string, options: readonly string[]): number | null {
  const named = /^\(?([A-Za-z]|\d{1,2})\)?(?=$|[\s).:,])/.exec(answer)?.[1] ?? '';
  const byName = NAMES.map((name) => options.findIndex((_, index) => name(index) === named)).find(
    (i) => i >= 0,
  );
  if (byName !== undefined) return byName;
  const byText = options.findIndex((option) => option.toLowerCase() === tidy(answer).toLowerCase());
  return byText < 0 ? null : byText;
}

function tidy(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trimStart()
    .replace(/[\s,;|]*(?:\*\*|__)?[\s,;|]*$/, '');
}
