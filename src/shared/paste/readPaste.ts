/**
 * Reads questions as people paste them: from question banks, slides, spreadsheets and forms. Nothing that states the key
 * stays in a question. The work grows in proportion to the text.
 */
import { MAX_OPTIONS, optionLetter } from '../options';
import { assemble, type PastedQuestion } from './assemble';
import { findBullets, findPlain } from './bullets';
import { resolveKey } from './key';
import { readSpecial } from './layouts';
import { readChoice } from './choice';
import { cutsIn, findByLine, inlineFinder, stylesOf, type Finder, type Run } from './lists';
import { cleanText } from './plainText';
import { setAsideKeys } from './noList';
import { linesOfTable, listOfTable } from './tables';
import { findTrueFalse } from './trueFalse';
import type { RoledLine } from './roledLine';
import { readLines } from './roles';

export type { PastedQuestion } from './assemble';

/** A text names few styles of markers; a text with more isn't a question. */
const MAX_STYLES = 24;
/** A hundred questions. */
const MAX_TEXT = 40_000;
const MAX_HTML = 500_000;

/**
 * @returns one question, or several in the order of the text; without choices the text is the question, but for lines
 *   that state a key
 */
export function readPaste(source: string): PastedQuestion[] {
  if (source.length <= MAX_TEXT) return readWhole(source);
  const read = readWhole(source.slice(0, MAX_TEXT));
  // A book isn't a question; what is not read must not be sent either.
  return read.map((one, i) => (i < read.length - 1 ? one : withRest(one, source.slice(MAX_TEXT))));
}

const withRest = (one: PastedQuestion, rest: string): PastedQuestion => ({
  ...one,
  setAside: [...one.setAside, rest],
});

function readWhole(source: string): PastedQuestion[] {
  const special = readSpecial(source);
  if (special) return special;
  const text = cleanText(source);
  const lines = readLines(linesOfTable(text) ?? listOfTable(text) ?? text);
  const found = readLists(lines);
  return found ?? setAsideKeys(source, lines);
}

function readLists(lines: readonly RoledLine[]): PastedQuestion[] | null {
  for (const runs of listsOf(lines)) {
    const questions = runs.length > 0 ? assemble(lines, copy(runs)) : null;
    if (questions) return questions;
  }
  return null;
}

/** Assembling adds to the texts of choices. */
const copy = (runs: readonly Run[]): Run[] =>
  runs.map((run) => ({ ...run, items: run.items.map((item) => ({ ...item })) }));

function* listsOf(lines: readonly RoledLine[]): Generator<Run[]> {
  const leading = lines.flatMap(({ marker, role }) => (marker && role === 'text' ? [marker] : []));
  yield* ofStyles(lines, stylesOf(leading).slice(0, MAX_STYLES), findByLine);
  const cuts = lines.map(({ raw, isBlank }) => (isBlank ? [] : cutsIn(raw)));
  const within = stylesOf(cuts.flat().map(({ marker }) => marker)).slice(0, MAX_STYLES);
  yield* ofStyles(lines, within, inlineFinder(cuts));
  yield findBullets(lines);
  yield findPlain(lines);
  yield findTrueFalse(lines);
}

/** The most lists first: the letters below two numbered questions, rather than the numbers. Then the longest. */
function ofStyles(lines: readonly RoledLine[], styles: ReturnType<typeof stylesOf>, find: Finder): Run[][] {
  const found = styles.map((style) => find(lines, style));
  return found
    .filter((runs) => runs.length > 0)
    .sort((a, b) => b.length - a.length || choicesIn(b) - choicesIn(a));
}

const choicesIn = (runs: readonly Run[]): number => runs.reduce((sum, { items }) => sum + items.length, 0);

/**
 * The same for a clipboard, which may also hold HTML: lists of pages and documents lose their letters in plain text.
 */
export function readClipboard(plain: string, html: string): PastedQuestion[] {
  const read = readPaste(plain);
  const isPlain = read.every(({ options, setAside }) => options.length === 0 && setAside.length === 0);
  if (!isPlain || html.length > MAX_HTML || !/<li[\s>]/iu.test(html)) return read;
  const listed = readPaste(html);
  return listed.some(({ options }) => options.length > 0) ? listed : read;
}

/** A text as it may be sent: null if nothing in it states a key. */
export function withoutKey(text: string): { text: string; setAside: string[] } | null {
  const read = readPaste(text);
  if (read.every(({ key, setAside }) => key === null && setAside.length === 0)) return null;
  const lettered = ({ question, options }: PastedQuestion): string =>
    [question, ...options.map((option, i) => `${optionLetter(i)}. ${option}`)]
      .filter((line) => line !== '')
      .join('\n');
  return { text: read.map(lettered).join('\n\n'), setAside: read.flatMap(({ setAside }) => setAside) };
}

/** Choices for the field of a choice: a list that starts at any letter, or plain lines. Null unless at least two. */
export function readChoices(source: string): { options: string[]; key: number | null } | null {
  const [first, ...more] = readPaste(source);
  if (first && more.length === 0 && first.question === '' && first.options.length > 0) {
    return { options: first.options, key: first.key };
  }
  const lines = readLines(cleanText(source.slice(0, MAX_TEXT)));
  return laterList(lines) ?? plainLines(lines);
}

/** "C) x, D) y": the end of a list. */
function laterList(lines: readonly RoledLine[]): { options: string[]; key: number | null } | null {
  const cuts = lines.map(({ raw, isBlank }) => (isBlank ? [] : cutsIn(raw)));
  const markers = [
    ...lines.flatMap(({ marker }) => marker ?? []),
    ...cuts.flat().map(({ marker }) => marker),
  ];
  for (let from = 1; from < MAX_OPTIONS - 1; from++) {
    for (const find of [findByLine, inlineFinder(cuts)]) {
      for (const style of stylesOf(markers, from).slice(0, MAX_STYLES)) {
        const [run] = find(lines, style, from);
        if (!run || run.head.trim() !== '' || lines.slice(0, run.first).some(({ isBlank }) => !isBlank))
          continue;
        const options = run.items.map(({ text }) => readChoice(text).text);
        const marked = run.items.findIndex(({ text }) => readChoice(text).mark === 'right');
        if (!options.includes('')) return { options, key: keyOf(lines, options) ?? indexOrNull(marked) };
      }
    }
  }
  return null;
}

function plainLines(lines: readonly RoledLine[]): { options: string[]; key: number | null } | null {
  const choices = lines.filter(({ role, isBlank }) => role === 'text' && !isBlank);
  if (choices.length < 2 || choices.length > MAX_OPTIONS) return null;
  const read = choices.map(({ raw, bodyAt }) => readChoice(raw.slice(bodyAt)));
  const options = read.map(({ text }) => text);
  if (options.includes('')) return null;
  return {
    options,
    key: keyOf(lines, options) ?? indexOrNull(read.findIndex(({ mark }) => mark === 'right')),
  };
}

function keyOf(lines: readonly RoledLine[], options: readonly string[]): number | null {
  const value = lines.find(({ role }) => role === 'key')?.value;
  return value === undefined ? null : resolveKey(value, options, null);
}

const indexOrNull = (index: number): number | null => (index < 0 ? null : index);
