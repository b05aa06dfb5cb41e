/** Statements that are true or false: the choices, and possibly the key, are at the end or the start of the statement. */
import { runOf } from './bullets';
import type { Item, Run } from './lists';
import type { RoledLine } from './roledLine';
import { isPair, pairOf } from './truth';

const SLASHED =
  /[([{（]?\s*([\p{L}○×]{1,12}(?: waar)?)(?:\s*[/|／]\s*|\s(?:or|o|ou|oder|أم|أو)\s)([\p{L}○×]{1,12}(?: waar)?)\s*[)\]}）]?[.\s?？؟]*$/u;
const TRUE_OR_FALSE =
  /^(?:[\s*_]*(?:\p{Nd}{1,3}[.)]\s*)?)(true or false|true\/false|t\/f|verdadero o falso|vrai ou faux|wahr oder falsch|richtig oder falsch|vero o falso|verdadeiro ou falso|верно или неверно|判断题|判断|正誤|صح أم خطأ|صواب أم خطأ)\s*[:：.?)\]-]/iu;

const OFFERED: Record<string, [string, string]> = {
  't/f': ['True', 'False'],
  verdadero: ['Verdadero', 'Falso'],
  vrai: ['Vrai', 'Faux'],
  wahr: ['Wahr', 'Falsch'],
  richtig: ['Richtig', 'Falsch'],
  vero: ['Vero', 'Falso'],
  verdadeiro: ['Verdadeiro', 'Falso'],
  верно: ['Верно', 'Неверно'],
  判断: ['对', '错'],
  判断题: ['对', '错'],
  正誤: ['正しい', '誤り'],
  صح: ['صح', 'خطأ'],
  صواب: ['صواب', 'خطأ'],
};

/** The key behind a statement: "（×）", "(T)", "[False]". */
const JUDGED =
  /(?<=[.。?？!！؟][ \t]*)[([（【][ \t]*((?<=[.。][ \t]*[([（【][ \t]*)[TFV]|√|×|✓|✔|✗|✘|True|False|Yes|No|对|错|正确|错误|صح|صواب|خطأ|Verdadero|Falso)[ \t]*[)\]）】][ \t]*$/iu;
/** Without brackets only behind a numbered statement. */
const JUDGED_NUMBER =
  /(?<=^[ \t]*\p{Nd}{1,3}[ \t]?[.)．、][^\n]{1,300}[.。?？!！؟][ \t]*)(T|F|V|√|×|✓|✔|✗|✘|True|False|对|错|صح|خطأ|Verdadero|Falso)[ \t]*$/iu;

/** "Is this an X-ray? (True/False)", "True or false: this is an X-ray.", "It is an X-ray. (F)" */
export function findTrueFalse(lines: readonly RoledLine[]): Run[] {
  const runs = lines.flatMap((line, number) =>
    line.role === 'text' && !line.isBlank ? (slashedRun(line, number) ?? judgedRun(line, number) ?? []) : [],
  );
  if (runs.length > 0) return runs;
  const number = lines.findLastIndex(({ role, isBlank }) => role === 'text' && !isBlank);
  const line = lines[number];
  if (!line) return [];
  const begin = lines.findIndex(({ isBlank }) => !isBlank);
  const word = TRUE_OR_FALSE.exec((lines[begin]?.raw ?? '').slice(0, 80))?.[1]?.toLowerCase();
  if (word === undefined || !lines.some(({ role }) => role === 'key')) return [];
  const pair = OFFERED[word] ?? OFFERED[word.split(/[ /]/u)[0] ?? ''] ?? ['True', 'False'];
  return [inlineRun(pair, null, number, line.raw)];
}

function slashedRun({ raw }: RoledLine, number: number): Run | null {
  const tail = raw.slice(-60);
  const [whole = '', yes = '', no = ''] = SLASHED.exec(tail) ?? [];
  if (whole === '' || !isPair(yes, no)) return null;
  const head = raw.slice(0, raw.length - whole.length);
  // "Answer: yes or no?" tells how to answer.
  if (!/[/|／]/u.test(whole) && !/[.。?？؟!]\s*$/u.test(head)) return null;
  return inlineRun([full(yes, head), full(no, head)], null, number, head);
}

function judgedRun({ raw }: RoledLine, number: number): Run | null {
  const tail = raw.slice(-400);
  const [whole = '', word = ''] = JUDGED.exec(tail) ?? JUDGED_NUMBER.exec(tail) ?? [];
  const found = pairOf(full(word, raw), /[\u4e00-\u9fff]/u.test(raw));
  return whole === '' || !found
    ? null
    : inlineRun(found.pair, found.index, number, raw.slice(0, raw.length - whole.length));
}

function inlineRun(pair: readonly string[], right: number | null, line: number, head: string): Run {
  const items = pair.map((text, index): Item => ({
    index,
    text,
    prefix: index === right ? 'right' : null,
    isBold: false,
    line,
  }));
  return { ...runOf(items), head, isInline: true, close: 'pair' };
}

/** "V/F" is Spanish unless the statement has French or Italian words. */
function full(text: string, statement: string): string {
  const words: Record<string, string> = { t: 'True', y: 'Yes', n: 'No' };
  const letter = text.toLowerCase();
  if (letter === 'v' || letter === 'f') {
    if (/(?<!\p{L})(?:est|une|les|des)(?!\p{L})/iu.test(statement)) return letter === 'v' ? 'Vrai' : 'Faux';
    if (/(?<!\p{L})(?:è|il|di)(?!\p{L})/iu.test(statement)) return letter === 'v' ? 'Vero' : 'Falso';
    if (letter === 'v') return 'Verdadero';
    return /(?<!\p{L})(?:es|la|el|una?|los|las)(?!\p{L})|[áéíóúñ¿]/iu.test(statement) ? 'Falso' : 'False';
  }
  return words[letter] ?? text;
}
