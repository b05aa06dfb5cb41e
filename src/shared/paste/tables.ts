/** Rows of a spreadsheet, tables in Markdown, and records in JSON. */
import type { PastedQuestion } from './assemble';
import { namedAtStart, resolveKey } from './key';
import { barred, delimited, tabbed } from './cells';
import { MAX_OPTIONS } from '../options';
import { readChoice } from './choice';
import { normal, tidy } from './line';

/** A question a row: question, choices, and possibly the key, in columns. Null if the rows aren't of that form. */
export function readTable(text: string): PastedQuestion[] | null {
  const rows = tabbed(text) ?? barred(text);
  if (rows) return questionsOf(rows, plainRow);
  for (const delimiter of [',', ';'] as const) {
    const cells = delimited(text, delimiter);
    const read = cells && questionsOf(cells, delimitedRow);
    if (read) return read;
  }
  return null;
}

function questionsOf(
  rows: readonly string[][],
  unnamed: (row: readonly string[]) => PastedQuestion | null,
): PastedQuestion[] | null {
  const [head = [], ...rest] = rows;
  const columns = rest.length > 0 ? namedColumns(head) : null;
  const read = columns ? rest.map((row) => namedRow(row, columns)) : rows.map(unnamed);
  return read.every((question) => question !== null) ? read : null;
}

/** Sentences have commas as well, so a row counts only if it asks first and names its key last. */
function delimitedRow(row: readonly string[]): PastedQuestion | null {
  const cells = row.slice(/^\d{1,4}$/u.test(row[0] ?? '') ? 1 : 0);
  return /[?？؟]["”]?$/u.test(cells[0] ?? '') ? plainRow(cells) : null;
}

/** A table whose choices share a cell, as lines; null if it is none. */
export function linesOfTable(text: string): string | null {
  const rows = tabbed(text) ?? barred(text);
  const [head = [], ...rest] = rows ?? [];
  const place = (pattern: RegExp): number => head.findIndex((name) => pattern.test(name.trim()));
  const [question, choices, aside] = [place(QUESTION), place(CHOICES), place(ASIDE)] as const;
  const key = head.findIndex(
    (name, i) => name.trim() !== '' && ![question, choices, aside].includes(i) && KEY.test(name.trim()),
  );
  if (rest.length === 0 || question < 0 || choices < 0) return null;
  const cell = (row: readonly string[], at: number, label: string): string =>
    at < 0 || !row[at] ? '' : `${label}${row[at]}\n`;
  return rest
    .map(
      (row) =>
        `${cell(row, question, '')}${cell(row, choices, '')}${cell(row, key, 'Answer: ')}${cell(row, aside, 'Explanation: ')}`,
    )
    .join('\n');
}

const CHOICES =
  /^(?:(?:answer )?(?:options?|choices)|opciones|opções|optionen|antwortmöglichkeiten|propositions|选项|الخيارات)$/iu;

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

/** Blackboard: "MC", the question, and each choice with "correct" or "incorrect" behind it. */
function blackboardRow([kind = '', question = '', ...cells]: readonly string[]): PastedQuestion | null {
  if (kind === 'TF' && /^(?:true|false)$/iu.test(cells[0] ?? ''))
    return questionOf(question, ['True', 'False'], cells[0] ?? '', []);
  if (!/^M[CA]$/u.test(kind) || !cells.every((cell, i) => i % 2 === 0 || /^(?:in)?correct$/iu.test(cell)))
    return null;
  const texts = cells.filter((_, i) => i % 2 === 0);
  const rights = texts.filter((_, i) => /^correct$/iu.test(cells[i * 2 + 1] ?? ''));
  return questionOf(question, texts, rights.length === 1 ? (rights[0] ?? '') : '', []);
}

/** Question, choices, key; possibly a number in front. The key is a letter, a number, or one of the choices. */
function plainRow(row: readonly string[]): PastedQuestion | null {
  const blackboard = blackboardRow(row);
  if (blackboard) return blackboard;
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

export function questionOf(
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
