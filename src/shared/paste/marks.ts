/** Marks that only a whole list or its question shows: bold among plain, percentages, a letter in the question's gap. */
import type { Item } from './lists';

/** The choices that carry a mark which others lack: a sign before it, a word or sign after it, or bold type. */
export function markedItems(items: readonly Item[], behind: readonly boolean[], options: readonly string[]) {
  const written = writtenMarks(options);
  const plain = written?.texts ?? withoutShares(options);
  const ways = [
    behind,
    items.map(({ prefix }) => prefix === 'right'),
    items.map(({ isBold }) => isBold),
    ...(written ? [written.marks] : []),
  ];
  for (const way of ways) {
    const marks = way.flatMap((isRight, index) => (isRight ? [index] : []));
    if (marks.length > 0 && marks.length < items.length) return { marks, texts: plain };
  }
  return { marks: [], texts: plain };
}

const TRUTH = /[([](?:(t|true|v|r|100 ?%)|f|false|-?[\d.]{1,6} ?%)[)\]]$/iu;
const RIGHT_SIDE = /[([] ?right ?[)\]]$/iu;

/** Words that are marks in one list and text in another: "(T)" and "(F)" behind all choices, "(right)" behind one. */
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

const SHARE = /\s*(?:[([]|\s[-–—:]\s|\s)(\d{1,3}(?:[.,]\d)?) ?%[)\]]?$/u;

/** How many students chose each: shares that add up to a hundred. They give the key away. */
function withoutShares(texts: readonly string[]): readonly string[] {
  const shares = texts.map((text) => SHARE.exec(text)?.[1]);
  const sum = shares.reduce((all, share) => all + Number(share?.replace(',', '.') ?? NaN), 0);
  return sum > 97 && sum < 103 ? texts.map((text) => text.replace(SHARE, '')) : texts;
}

/** "a) x; b) y; c) z.": the stop ends the sentence, not the choice. */
export function withoutLastStop(texts: readonly string[], items: readonly Item[]): readonly string[] {
  const last = texts.at(-1) ?? '';
  const before = items.slice(0, -1);
  const isSentence =
    before.every(({ text }) => /[,;，；、]\s*$/u.test(text)) ||
    items.every(({ line }) => line === items[0]?.line);
  const isOnly = texts.slice(0, -1).every((text) => !/[.。]$/u.test(text));
  return isSentence && isOnly && /[^.。\s]{2}[.。]$/u.test(last) ? texts.with(-1, last.slice(0, -1)) : texts;
}

const LETTER = '(?:[(（[【]\\s*([A-J])\\s*[)）\\]】]|_{2,}\\s*([A-J])\\s*_{2,}|\\*\\*([A-J])\\*\\*)';
const GAP = /([(（])\s*([A-J])\s*([)）])(?=\s*[。.．?？]?\s*$)/u;
const GAP_BEHIND = new RegExp(`(?<=[?？؟:：.。…_][ \\t]*)${LETTER}[ \\t]*$`, 'u');

interface Gap {
  stem: readonly string[];
  values: string[];
  setAside: string[];
}

/** "这是什么图像？（B）", "What is this? [B]": sheets write the key into the gap at the end of the question. */
export function keyInGap(stem: readonly string[]): Gap {
  const at = stem.findLastIndex((line) => line.trim() !== '');
  const line = stem[at] ?? '';
  const head = line.slice(0, -20);
  const tail = line.slice(-20);
  const found = GAP.exec(tail);
  if (found && /[\u3040-\u30ff\u4e00-\u9fff]/u.test(line.slice(-200))) {
    const open = head + tail.replace(GAP, '$1 $3');
    return { stem: stem.with(at, open), values: [found[2] ?? ''], setAside: [] };
  }
  const behind = GAP_BEHIND.exec(tail);
  if (!behind) return { stem, values: [], setAside: [] };
  const value = behind[1] ?? behind[2] ?? behind[3] ?? '';
  return {
    stem: stem.with(at, head + tail.slice(0, behind.index).trimEnd()),
    values: [value],
    setAside: [behind[0].trim()],
  };
}
