/** Choices that are marked as right: by a sign, a word, or bold type. */
import { readChoice } from './line';
import type { Item, Run } from './lists';

/** Whether a choice has a mark after its text. */
export const isMarked = (run: Run | null): boolean =>
  (run?.items ?? []).some(({ text }) => readChoice(text).mark === 'right');

/** The choices that carry a mark which others lack: a sign before it, a word or sign after it, or bold type. */
export function markedItems(items: readonly Item[], behind: readonly boolean[], options: readonly string[]) {
  const written = writtenMarks(options);
  const ways = [
    behind,
    items.map(({ prefix }) => prefix === 'right'),
    items.map(({ isBold }) => isBold),
    ...(written ? [written.marks] : []),
  ];
  for (const way of ways) {
    const marks = way.flatMap((isRight, index) => (isRight ? [index] : []));
    if (marks.length > 0 && marks.length < items.length) return { marks, texts: written?.texts ?? options };
  }
  return { marks: [], texts: options };
}

const TRUTH = /[([](?:(t|true|v|r|100 ?%)|f|false|-?[\d.]{1,6} ?%)[)\]]$/iu;
const RIGHT_SIDE = /[([] ?right ?[)\]]$/iu;

/** Words that are marks in one list and text in another: "(T)" and "(F)" after all choices, "(right)" after one. */
function writtenMarks(options: readonly string[]): { marks: boolean[]; texts: string[] } | null {
  const isTruth = options.every((text) => TRUTH.test(text));
  const right = options.map((text) => RIGHT_SIDE.test(text));
  // "Kidney (right)" next to "Kidney (left)" names a side.
  const isSide = right.filter(Boolean).length !== 1 || options.some((text) => /left/iu.test(text));
  if (!isTruth && isSide) return null;
  const pattern = isTruth ? TRUTH : RIGHT_SIDE;
  const marks = isTruth ? options.map((text) => TRUTH.exec(text)?.[1] !== undefined) : right;
  if (new Set(marks).size < 2) return null;
  return { marks, texts: options.map((text) => text.replace(pattern, '').trim()) };
}
