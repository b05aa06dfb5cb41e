/** Lists without letters: bullets, boxes, and plain lines of which the key names one. */
import { MAX_OPTIONS } from '../options';
import { resolveKey } from './key';
import { HAS_QUESTION, QUESTION_END } from './keyWords';
import { type Item, type Run } from './lists';
import { readChoice } from './line';
import { readMarker } from './marker';
import type { RoledLine } from './roles';
import { isNoise } from './stem';
import { isPair } from './truth';

/** Longer lines are sentences of the question. */
const MAX_PLAIN = 200;

/** Lines with a bullet or a box, below a question. */
export function findBullets(lines: readonly RoledLine[]): Run[] {
  const runs: Run[] = [];
  let items: Item[] = [];
  const close = (): void => {
    const run = items.length >= 2 && items.length <= MAX_OPTIONS ? runOf(items) : null;
    if (run) runs.push(run);
    items = [];
  };
  lines.forEach((line, number) => {
    if (line.isBlank) return;
    const isItem = line.role === 'text' && line.prefix !== null && !line.raw.trimEnd().endsWith('?');
    if (isItem) items.push(itemOf(line, number));
    else close();
  });
  close();
  return runs;
}

function runOf(items: Item[]): Run {
  const first = items[0]?.line ?? 0;
  const last = items.at(-1)?.line ?? first;
  return { first, last, head: '', items, alphabet: null, isInline: false, close: '' };
}

function itemOf(line: RoledLine, number: number): Item {
  const { raw, bodyAt, prefix, isBold } = line;
  return { index: 0, text: raw.slice(bodyAt), prefix, isBold, line: number };
}

/**
 * Plain lines below a question, if they are true and false, if one of them carries a mark, or if the key names one.
 * All lists of the text must be of this kind.
 */
export function findPlain(lines: readonly RoledLine[]): Run[] {
  const stems = lines.flatMap((line, i) => (isStem(line) ? [i] : []));
  const runs: Run[] = [];
  for (const [i, stem] of stems.entries()) {
    const run = plainBelow(lines, stem, stems[i + 1] ?? lines.length);
    if (run) runs.push(run);
  }
  return runs;
}

function isStem({ raw, role, isBlank }: RoledLine): boolean {
  return (
    !isBlank &&
    role === 'text' &&
    QUESTION_END.test(raw.slice(-20).replace(/\s*\*\s*$/u, '')) &&
    HAS_QUESTION.test(raw.slice(-20))
  );
}

function plainBelow(lines: readonly RoledLine[], stem: number, end: number): Run | null {
  const items: Item[] = [];
  let value: string | null = null;
  let last = stem;
  for (let i = stem + 1; i < end && i < stem + 60; i++) {
    const line = lines[i];
    if (!line || line.isBlank || line.role === 'meta' || line.role === 'given' || isNoise(line.raw)) continue;
    if (line.role === 'key') value ??= line.value;
    if (line.role !== 'text') break;
    if (line.raw.length > MAX_PLAIN || readMarker(line.raw, line.bodyAt)?.close === ')') return null;
    items.push(itemOf(line, i));
    last = i;
  }
  if (items.length < 2 || items.length > MAX_OPTIONS || last <= stem) return null;
  const choices = items.map(({ text }) => readChoice(text));
  const texts = choices.map(({ text }) => text);
  const marked = items.filter(
    ({ prefix, isBold }, i) => choices[i]?.mark === 'right' || prefix === 'right' || isBold,
  );
  const isNamed = value !== null && resolveKey(value, texts, null) !== null;
  const isTrueFalse = isPair(texts[0] ?? '', texts[1] ?? '') && texts.length <= 3;
  return isNamed || isTrueFalse || marked.length === 1 ? runOf(items) : null;
}

const SLASHED =
  /[([{（]?\s*([\p{L}○×]{1,12}(?: waar)?)\s*[/|／]\s*([\p{L}○×]{1,12}(?: waar)?)\s*[)\]}）]?[.\s]*$/u;
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

/** "Is this an X-ray? (True/False)", "True or false: this is an X-ray." */
export function findTrueFalse(lines: readonly RoledLine[]): Run[] {
  const number = lines.findLastIndex(({ role, isBlank }) => role === 'text' && !isBlank);
  const line = lines[number];
  if (!line) return [];
  const tail = line.raw.slice(-60);
  const slashed = SLASHED.exec(tail);
  if (slashed && isPair(slashed[1] ?? '', slashed[2] ?? '')) {
    const head = line.raw.slice(0, line.raw.length - tail.length + slashed.index);
    return [
      { ...runOf(pairItems([full(slashed[1] ?? ''), full(slashed[2] ?? '')], number)), head, isInline: true },
    ];
  }
  const begin = lines.findIndex(({ isBlank }) => !isBlank);
  const word = TRUE_OR_FALSE.exec((lines[begin]?.raw ?? '').slice(0, 80))?.[1]?.toLowerCase();
  if (word === undefined || !lines.some(({ role }) => role === 'key')) return [];
  const pair = OFFERED[word] ?? OFFERED[word.split(/[ /]/u)[0] ?? ''] ?? ['True', 'False'];
  return [{ ...runOf(pairItems(pair, number)), head: line.raw, isInline: true }];
}

const pairItems = (pair: readonly string[], line: number): Item[] =>
  pair.map((text, index) => ({ index, text, prefix: null, isBold: false, line }));

const full = (text: string): string =>
  ({ t: 'True', f: 'False', y: 'Yes', n: 'No' })[text.toLowerCase()] ?? text;
