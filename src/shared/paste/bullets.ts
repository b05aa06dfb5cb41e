/** Lists without letters: bullets, boxes, and plain lines of which the key names one. */
import { MAX_OPTIONS } from '../options';
import { resolveKey } from './key';
import { HAS_QUESTION, QUESTION_END } from './keyWords';
import { type Item, type Run } from './lists';
import { readChoice } from './choice';
import { readMarker } from './marker';
import type { RoledLine } from './roledLine';
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

export function runOf(items: Item[]): Run {
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
