/** Keys that aren't in a line after their question: in a list of keys for several questions, or in a gap of the question. */
import { isNoise, NUMBERED } from './stem';

/** What a question has of its stem and of its keys. */
interface Keyed {
  stem: readonly string[];
  values: string[];
}

/** "1. B 2. A 3. D", for several questions. */
const PAIRS = /(\p{Nd}{1,3})[\s.):=–-]{0,3}[([]?([A-La-l])(?![\p{L}\p{M}])/gu;

/** Gives each question its key out of a list of keys. */
export function spreadKeys(drafts: readonly Keyed[]): void {
  const numbered = new Map(drafts.map((draft) => [numberOf(draft), draft]));
  for (const draft of drafts) {
    for (const value of draft.values.slice()) {
      if (!/^\W*\p{Nd}{1,3}[\s.):=–-]{1,3}[([]?[A-La-l](?![\p{L}\p{M}])/u.test(value)) continue;
      const pairs = [...value.matchAll(PAIRS)].map(([, number = '', letter = '']) => ({
        number: Number(number),
        letter,
      }));
      draft.values.splice(draft.values.indexOf(value), 1);
      pairs.forEach(({ number, letter }, i) => {
        const target = numbered.get(number) ?? drafts[pairs.length === drafts.length ? i : number - 1];
        target?.values.push(letter);
      });
    }
  }
}

function numberOf({ stem }: Keyed): number | null {
  const first = stem.find((line) => line.trim() !== '' && !isNoise(line)) ?? '';
  const digits = /\p{Nd}{1,3}/u.exec(NUMBERED.exec(first.slice(0, 60))?.[0] ?? '');
  return digits ? Number(digits[0]) : null;
}

const GAP = /([(（])\s*([A-J])\s*([)）])(?=\s*[。.．?？]?\s*$)/u;

/** "这是什么图像？（B）": Chinese sheets write the key into the gap at the end of the question. */
export function keyInGap(stem: readonly string[]): { stem: readonly string[]; values: string[] } {
  const at = stem.findLastIndex((line) => line.trim() !== '');
  const line = stem[at] ?? '';
  const found = GAP.exec(line.slice(-20));
  if (!found || !/[\u3040-\u30ff\u4e00-\u9fff]/u.test(line.slice(-200))) return { stem, values: [] };
  const open = line.slice(0, -20) + line.slice(-20).replace(GAP, '$1 $3');
  return { stem: stem.with(at, open), values: [found[2] ?? ''] };
}
