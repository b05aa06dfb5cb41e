/** Rows of a spreadsheet, tables in Markdown, and records in JSON. */
import type { PastedQuestion } from './assemble';
import { namedAtStart, resolveKey } from './key';
import { MAX_OPTIONS } from '../options';
import { normal, readChoice, tidy } from './line';

const MAX_ROWS = 500;
const MAX_COLUMNS = 30;

/** Cells in tabs; null unless every line that is not empty has at least three. */
function tabbed(text: string): string[][] | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0 || lines.length > MAX_ROWS) return null;
  const rows = lines.map((line) => line.split('\t').map((cell) => cell.trim().replace(/^"([^]*)"$/u, '$1')));
  return rows.every(({ length }) => length >= 3 && length <= MAX_COLUMNS) ? rows : null;
}

/** Cells between bars, without the line below the head. */
function barred(text: string): string[][] | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length < 2 || lines.length > MAX_ROWS || !lines.every((line) => line.trim().startsWith('|')))
    return null;
  const rows = lines
    .map((line) => line.trim().replace(/^\|/u, '').replace(/\|$/u, '').split('|').map(tidy))
    .filter((cells) => !cells.every((cell) => /^:?-+:?$/u.test(cell)));
  return rows.length > 0 ? rows : null;
}

/** A question a row: question, choices, and possibly the key, in columns. Null if the rows aren't of that form. */
export function readTable(text: string): PastedQuestion[] | null {
  const rows = tabbed(text) ?? barred(text);
  if (!rows) return null;
  const [head = [], ...rest] = rows;
  const columns = rest.length > 0 ? namedColumns(head) : null;
  const read = columns ? rest.map((row) => namedRow(row, columns)) : rows.map(plainRow);
  return read.every((question) => question !== null) ? read : null;
}

/** "| A | Chest X-ray | ✓ |": a choice a row, written as a list. Null if the table isn't of that form. */
export function listOfTable(text: string): string | null {
  const lines = text.split('\n');
  const isRow = (line: string): boolean => line.trim().startsWith('|');
  if (lines.filter(isRow).length < 2) return null;
  const isRule = (line: string | undefined): boolean =>
    line !== undefined && isRow(line) && /^[\s|:-]+$/u.test(line);
  return lines
    .filter((line, i) => !isRule(line) && !isRule(lines[i + 1]))
    .map((line) => (isRow(line) ? rowAsChoice(line) : line))
    .join('\n');
}

function rowAsChoice(line: string): string {
  const [first = '', ...more] = line.trim().replace(/^\|/u, '').replace(/\|$/u, '').split('|').map(tidy);
  const isName = /^\W{0,3}(?:[A-La-l]|\d{1,2})\W{0,3}$/u.test(first);
  return isName ? `${first.replace(/\W/gu, '')}) ${more.join(' ')}` : [first, ...more].join(' ').trim();
}

interface Columns {
  question: number;
  options: number[];
  key: number;
  /** Explanations and other columns about the key. */
  aside: number[];
}

const QUESTION =
  /^(?:questions?|question text|stem|prompt|frage|pregunta|pergunta|domanda|вопрос|题目|問題|问题|السؤال|q)$/iu;
const OPTION =
  /^(?:(?:option|choice|answer|distractor|antwort|opci[oó]n|op[cç][aã]o|alternativa|r[ée]ponse|risposta|вариант|选项|الخيار)?[\s_-]*[([]?(?:[a-j]|\d{1,2}|op[a-d])[)\].:]?|op[a-d]|(?:wrong|incorrect) answer[\s_-]?\d?|distractor[\s_-]?\d?)$/iu;
const KEY =
  /^(?:(?:the )?(?:correct|right)?[\s_-]*(?:answers?|options?|choice|key)?(?:[\s_-]*(?:key|index|idx|letter))?(?:\(s\))?|cop|ans|label|gold|l[öo]sung|antwort|(?:richtige |korrekte )antwort|respuesta(?: correcta)?|resposta(?: correta)?|gabarito|r[ée]ponse|risposta(?: corretta)?|(?:правильный )?ответ|(?:正确)?答案|正解|الإجابة)$/iu;
const ASIDE =
  /^(?:explanations?|rationale|feedback|exp|comments?|discussion|erkl[äa]rung|explicaci[oó]n|解析)$/iu;

function namedColumns(head: readonly string[]): Columns | null {
  const names = head.map((cell) => cell.trim());
  const question = names.findIndex((name) => QUESTION.test(name));
  const options = names.flatMap((name, i) => (i !== question && OPTION.test(name) ? [i] : []));
  const key = names.findIndex(
    (name, i) => name !== '' && i !== question && !options.includes(i) && KEY.test(name),
  );
  const aside = names.flatMap((name, i) => (ASIDE.test(name) ? [i] : []));
  return question >= 0 && options.length >= 2 ? { question, options, key, aside } : null;
}

function namedRow(row: readonly string[], { question, options, key, aside }: Columns): PastedQuestion | null {
  const texts = options.map((i) => row[i] ?? '').filter((text) => text !== '');
  const value = key < 0 ? '' : (row[key] ?? '');
  return questionOf(
    row[question] ?? '',
    texts,
    value,
    aside.map((i) => row[i] ?? ''),
  );
}

/** Question, choices, key; possibly a number in front. The key is a letter, a number, or one of the choices. */
function plainRow(row: readonly string[]): PastedQuestion | null {
  const cells = row.slice(/^\W?\d{1,4}\W?$/u.test(row[0] ?? '') ? 1 : 0).filter((cell) => cell !== '');
  const [question = '', ...more] = cells;
  if (more.length < 2 || namedAtStart(question) !== null) return null;
  const value = more.at(-1) ?? '';
  const texts = more.slice(0, -1);
  const isKey =
    texts.length >= 2 &&
    (/^\W?(?:[A-Ja-j]|\d{1,2})\W?$/u.test(value) || texts.some((text) => normal(text) === normal(value)));
  if (!isKey && !/[?？؟]/u.test(question)) return null;
  return isKey ? questionOf(question, texts, value, []) : questionOf(question, more, '', []);
}

function questionOf(
  question: string,
  texts: readonly string[],
  value: string,
  aside: readonly string[],
): PastedQuestion | null {
  const choices = texts.map(readChoice);
  const options = choices.map(({ text }) => text.replace(/^[([]?[A-Ja-j][)\].:]\s*/u, ''));
  if (options.length < 2 || options.length > MAX_OPTIONS || options.includes('') || question === '')
    return null;
  const marked = choices.flatMap(({ mark }, i) => (mark === 'right' ? [i] : []));
  const key =
    value === '' ? (marked.length === 1 ? (marked[0] ?? null) : null) : resolveKey(value, options, null);
  return {
    question: question.trim(),
    options,
    key,
    setAside: [value, ...aside].filter((text) => text !== ''),
  };
}

const MAX_JSON = 200_000;

/** Records of question banks and data sets. */
export function readRecords(text: string): PastedQuestion[] | null {
  const trimmed = text.trim();
  if (trimmed.length > MAX_JSON || !/^(?:\{\s*"|\[\s*\{)/u.test(trimmed)) return null;
  const values = parseJson(trimmed);
  const read = values?.slice(0, MAX_ROWS).map(recordOf);
  return read && read.length > 0 && read.every((question) => question !== null) ? read : null;
}

/** One value, a list, or a value a line. */
function parseJson(text: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as unknown[]) : [value];
  } catch {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    try {
      return lines.length > 1 && lines.length <= MAX_ROWS
        ? lines.map((line) => JSON.parse(line) as unknown)
        : null;
    } catch {
      return null;
    }
  }
}

function recordOf(value: unknown): PastedQuestion | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = new Map(
    Object.entries(value).map(([name, field]) => [name.toLowerCase(), field as unknown]),
  );
  const first = (...names: string[]): unknown =>
    names.map((name) => fields.get(name)).find((field) => field !== undefined);
  const question = first('question', 'stem', 'prompt', 'text');
  const list =
    first('options', 'choices', 'answers') ??
    ['opa', 'opb', 'opc', 'opd'].flatMap((name) => fields.get(name) ?? []);
  const options = typeof list === 'object' && list !== null ? Object.values(list).map(optionText) : [];
  if (typeof question !== 'string' || options.some((option) => option === '')) return null;
  const key = first('answer_idx', 'answer', 'correct_answer', 'correct', 'label', 'gold', 'cop', 'key');
  const aside = first('explanation', 'exp', 'rationale');
  const named = typeof key === 'number' && !fields.has('cop') ? String(key + 1) : scalar(key);
  return questionOf(question, options, named, [scalar(aside)]);
}

function optionText(option: unknown): string {
  if (typeof option !== 'object' || option === null) return scalar(option);
  const { value, text } = option as Record<string, unknown>;
  return scalar(value ?? text);
}

const scalar = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';
