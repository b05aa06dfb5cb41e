/** Whether a list after a text is the choices of a question, or a list in the text. */
import { NUMBERS } from './alphabets';
import { HAS_QUESTION } from './keyWords';
import type { Item, Run } from './lists';
import { isMarked } from './marks';
import type { RoledLine } from './roles';
import { isHeader } from './stem';

/**
 * A list after a statement that asks nothing is a list in the text.
 *
 * @param stem the text before the list
 * @param end of the lines that belong to this list: where the next one begins
 */
export function asksForChoice(
  stem: readonly string[],
  run: Run,
  lines: readonly RoledLine[],
  end = lines.length,
): boolean {
  const text = stem.filter((line) => line.trim() !== '').join('\n');
  if (text.trim() === '') {
    // A list of tasks is numbered as well.
    return !(run.alphabet === null || NUMBERS.has(run.alphabet) || run.close === 'space');
  }
  const hasKey = lines.slice(run.last + 1, end).some(({ role }) => role === 'key') || isMarked(run);
  const lastLine = stem.findLast((line) => line.trim() !== '') ?? '';
  const isHeaded = isHeader(lastLine);
  if (run.isInline) return inlineAsks(lastLine, run, hasKey, isHeaded);
  const isWeak =
    run.alphabet === null || NUMBERS.has(run.alphabet) || run.close === 'space' || run.close === '-';
  if (!isWeak || hasKey || isHeaded || differ(run.items)) return true;
  if (run.close === 'space' && run.items.length < 3) return false;
  return HAS_QUESTION.test(text) || SELECTS.test(text);
}

const SELECTS =
  /(?:^|[.!?:\n][ \t]*)(?:choose|select|pick|which|what|identify|mark|tick|seleccione|elija|elige|indique|señale|wählen|welche|kreuzen|choisi|cochez|quel|selecione|assinale|marque|qual|scegli|quale|indica|выберите|какой|请选择|选择)/iu;
const FINISHED = /(?:^|[?？؟:：.!。…])[\s)*_]*$/u;

function inlineAsks(head: string, run: Run, hasKey: boolean, isHeaded: boolean): boolean {
  const last = run.items.at(-1)?.text ?? '';
  const isClear = run.alphabet === 'upper' && run.close === ')';
  const isLong = run.items.length >= 3 || hasKey;
  if (isHeaded || (isClear && isLong)) return true;
  if (!FINISHED.test(head)) return false;
  // "The image shows: (a) a nodule, (b) an effusion. Describe both."
  if (!hasKey && (HAS_QUESTION.test(last) || /[.。]\s*\p{L}/u.test(last.trim()))) return false;
  return hasKey || run.alphabet === 'upper' || run.close === 'circle' || /[?？؟:：][\s)*_]*$/u.test(head);
}

function differ(items: readonly Item[]): boolean {
  const kinds = new Set(items.map(({ prefix }) => prefix));
  return kinds.size > 1 && kinds.has('right');
}
