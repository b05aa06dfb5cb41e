/** Records of question banks and data sets, in JSON or as Python prints them. */
import { type PastedQuestion } from './assemble';
import { jsonOfPython } from './pythonText';
import { questionOf } from './tables';

const MAX_ROWS = 500;
const MAX_JSON = 200_000;

/** Null if the text is no such record. */
export function readRecords(text: string): PastedQuestion[] | null {
  const trimmed = text.trim();
  if (trimmed.length > MAX_JSON || !/^(?:\{\s*["']|\[\s*\{)/u.test(trimmed)) return null;
  const values = (parseJson(trimmed) ?? parseJson(jsonOfPython(trimmed) ?? ''))?.flatMap(listed);
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

/** A list may be in a field: {"questions": […]}. */
function listed(value: unknown): unknown[] {
  const { questions, quiz, items, data } = (value ?? {}) as Record<string, unknown>;
  return [questions, quiz, items, data].find((field) => Array.isArray(field)) ?? [value];
}

const KEYS =
  'answeridx,answerindex,correctanswerindex,correctindex,correctoption,correctoptionindex,answer,correctanswer,rightanswer,correct,label,gold,cop,key,answerkey,correctchoice,solution,groundtruth,target'.split(
    ',',
  );
const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

function recordOf(value: unknown): PastedQuestion | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = new Map(
    Object.entries(value).map(([name, field]) => [
      name.toLowerCase().replace(/[_\s-]/gu, ''),
      field as unknown,
    ]),
  );
  const first = (...names: string[]): unknown =>
    names.map((name) => fields.get(name)).find((field) => field !== undefined);
  const question = first('question', 'questiontext', 'stem', 'prompt', 'text');
  const list = first('options', 'choices', 'answers', 'alternatives', 'opciones', '选项') ?? spread(fields);
  const entries: unknown[] = typeof list === 'object' && list !== null ? Object.values(list) : [];
  const options = entries.map(optionText);
  if (typeof question !== 'string' || options.some((option) => option === '')) return null;
  const key = first(...KEYS);
  const aside = first('explanation', 'exp', 'rationale', 'feedback', 'reasoning');
  const named = typeof key === 'number' && !fields.has('cop') ? String(key + 1) : scalar(key);
  const flagged = entries.flatMap((option, i) => (isRight(option) ? [String(i + 1)] : []));
  return questionOf(question, options, named || (flagged.length === 1 ? (flagged[0] ?? '') : ''), [
    scalar(aside),
  ]);
}

/** Choices in fields of their own: opa, opb, …; A, B, …; option1, option2, … */
function spread(fields: ReadonlyMap<string, unknown>): unknown[] {
  const ways = [
    LETTERS.map((letter) => `op${letter}`),
    LETTERS,
    LETTERS.map((letter) => `option${letter}`),
    LETTERS.map((letter) => `choice${letter}`),
    LETTERS.map((_, i) => `option${i + 1}`),
    LETTERS.map((_, i) => `choice${i + 1}`),
  ];
  return (
    ways.map((names) => names.flatMap((name) => fields.get(name) ?? [])).find(({ length }) => length > 1) ??
    []
  );
}

function optionText(option: unknown): string {
  if (typeof option !== 'object' || option === null) return scalar(option);
  const { value, text, answer, label, content } = option as Record<string, unknown>;
  return scalar(value ?? text ?? answer ?? content ?? label);
}

function isRight(option: unknown): boolean {
  if (typeof option !== 'object' || option === null) return false;
  return Object.entries(option).some(
    ([name, field]) =>
      /^(?:is_?)?(?:correct|right|answer)$|^is_?answer$/iu.test(name) && (field === true || field === 1),
  );
}

const scalar = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';
