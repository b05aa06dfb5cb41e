/** True and false, yes and no. */
import { normal } from './line';

const PAIRS: readonly (readonly [string, string])[] = [
  ['true', 'false'],
  ['yes', 'no'],
  ['t', 'f'],
  ['v', 'f'],
  ['y', 'n'],
  ['verdadero', 'falso'],
  ['sí', 'no'],
  ['si', 'no'],
  ['vrai', 'faux'],
  ['oui', 'non'],
  ['wahr', 'falsch'],
  ['richtig', 'falsch'],
  ['ja', 'nein'],
  ['verdadeiro', 'falso'],
  ['sim', 'não'],
  ['vero', 'falso'],
  ['sì', 'no'],
  ['верно', 'неверно'],
  ['да', 'нет'],
  ['waar', 'niet waar'],
  ['doğru', 'yanlış'],
  ['evet', 'hayır'],
  ['对', '错'],
  ['正确', '错误'],
  ['是', '否'],
  ['有', '无'],
  ['はい', 'いいえ'],
  ['正しい', '誤り'],
  ['○', '×'],
  ['√', '×'],
  ['✓', '✗'],
  ['예', '아니요'],
  ['참', '거짓'],
  ['صح', 'خطأ'],
  ['صواب', 'خطأ'],
  ['نعم', 'لا'],
];

/** Whether two texts are true and false, or yes and no, in either order. */
export function isPair(a: string, b: string): boolean {
  const [x, y] = [normal(a), normal(b)];
  return PAIRS.some(([yes, no]) => (x === yes && y === no) || (x === no && y === yes));
}

/** The pair that a word belongs to, and its place in it; ticks and crosses stand for words. */
export function pairOf(
  word: string,
  isChinese: boolean,
): { pair: readonly [string, string]; index: number } | null {
  const text = normal(word);
  const tick = ['√', '✓', '✔'].includes(text) ? 0 : ['×', '✗', '✘'].includes(text) ? 1 : -1;
  if (tick >= 0) return { pair: isChinese ? ['对', '错'] : ['True', 'False'], index: tick };
  for (const [yes, no] of PAIRS) {
    const index = [yes, no].indexOf(text);
    if (index >= 0 && text.length > 0) return { pair: [capital(yes), capital(no)], index };
  }
  return null;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** "Answer: F" for True and False; null if the value isn't such a letter. */
export function truthIndex(value: string, options: readonly string[]): number | null {
  const [a = '', b = ''] = options;
  const letter = normal(value);
  if (options.length > 3 || letter.length !== 1 || !isPair(a, b)) return null;
  const found = options.findIndex((option) => normal(option).startsWith(letter));
  return found < 0 ? null : found;
}
