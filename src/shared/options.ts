/** Finds the options of a multiple-choice question in pasted text. */

/** A to J, the letters that MedVLM-R1's reward considers. */
export const MAX_OPTIONS = 10;

export interface RecognizedQuestion {
  /** The text before the options; may be empty. */
  question: string;
  /** At least two, none of them empty. */
  options: string[];
  /** Index of the right option if the text names it, as exam sheets do. */
  key: number | null;
}

/** How a list is lettered or numbered. A list uses one style throughout. */
interface Style {
  /** Regular expression source of the marker of option i. */
  marker: (index: number) => string;
  /** The marker also occurs in ordinary sentences, so within a line it only counts after a complete question. */
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
 * Separates a question from its lettered or numbered options ("A)", "A.", "A:", "(A)", also lower-case letters and
 * numbers), which may be on separate lines or on one line. Null unless there are 2 to MAX_OPTIONS options in order,
 * beginning with the first letter or number.
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
 * Finds options without a question, for text pasted into an option field: a list that starts at any letter, or plain
 * lines. Null unless there are at least two.
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

/** Normalises line ends, and removes Markdown bold around markers: "**A.** x" and "**A. x**". */
function plain(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/(\*\*|__)(\(?\w{1,2}[).:])\1?/g, '$2');
}

interface Found {
  question: string;
  options: string[];
}

/**
 * Finds options at the start of lines. A line between two options continues the first; after the last option, only
 * indented lines are continuations.
 */
function findByLine(text: string, { marker }: Style, first: number): Found | null {
  const lines = text.split('\n');
  const startsWith = (line: string, index: number): RegExpExecArray | null =>
    new RegExp(`^${BULLET}${marker(index)}(?=\\S)`).exec(line);
  const start = lines.findIndex((line) => startsWith(line, first));
  if (start < 0) return null;
  const options: string[] = [];
  let pending: string[] = [];
  for (const line of lines.slice(start)) {
    const match = startsWith(line, first + options.length);
    const last = options.length - 1;
    if (match) {
      if (pending.length > 0) options[last] = [options[last], ...pending].join(' ');
      pending = [];
      options.push(line.slice(match[0].length));
    } else if (/^\s{2,}\S/.test(line) && pending.length === 0) {
      options[last] = `${options[last]} ${line.trim()}`;
    } else if (line.trim() !== '') pending.push(line.trim());
  }
  // Text after the list: then these are not the options of a question.
  if (pending.length > 0 || options.length < 2) return null;
  return { question: lines.slice(0, start).join('\n'), options: options.map(tidy) };
}

/** Finds options on one line, with their markers in order. */
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
  // Text after the list: then these are not the options of a question.
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

/** Removes "Answer: B" from the end of the text, because the model must not see it. */
function cutAnswer(text: string): { rest: string; answer: string | null } {
  const match = ANSWER_LINE.exec(text);
  const answer = match?.[1] ?? null;
  // The question itself may contain the word "answer", so the rest must be able to name an option.
  if (!match || answer === null || /[?]/.test(answer) || recognizesOptionIn(answer)) {
    return { rest: text, answer: null };
  }
  return { rest: text.slice(0, match.index).trimEnd(), answer };
}

/** In "The answer is A) x B) y" the options follow the word "answer". */
function recognizesOptionIn(answer: string): boolean {
  return STYLES.some((style) => findInline(answer, style, 0) !== null);
}

/** Index of the option named by its letter or number (with or without its text), or by its text. */
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
