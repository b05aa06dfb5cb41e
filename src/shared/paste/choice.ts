/** One choice: its text, and the marks that call it right or wrong. */
import { tidy } from './line';

export interface Choice {
  text: string;
  mark: 'right' | 'wrong' | null;
}

/** A longer remark in brackets isn't a mark. */
const MAX_MARK = 300;
const LAST_BRACKET = /^[([{（［【]\s*([^)\]}）］】]*)[)\]}）］】]$/u;
const RIGHT_WORD =
  /^(?:the )?(?:correct|answer|ans|key|true answer|best answer|x|✓|✔|✅|√|\*|correct[ao]|richtig|juste|bonne réponse|corretta|esatta|certa?|верно|правильно|juist|doğru|صحيح|صحيحة|الإجابة|الجواب|正确|正確|正解|答案|정답)(?:$|[\s:!.,;–—-])/iu;
const WRONG_WORD =
  /^(?:incorrect|wrong|false answer|✗|✘|❌|incorrect[ao]|falsch|неверно|خطأ|错误|錯誤|오답)(?:$|[\s:!.,;–—-])/iu;
const RIGHT_END = /[✓✔✅☑√←⇐*]\uFE0F?$/u;
const WRONG_END = /[✗✘❌☐]\uFE0F?$/u;
const DASHES = [' <', ' ←', ' - ', ' – ', ' — ', ' => ', ' -- ', ' // ', ' # ', ' >> ', ' ** '];
const ARROW_WORD = /^(?:<[-=]{1,2}|<{1,3}|←|⇐|-{1,2}|–|—|=>|\/\/|#|>>|\*\*)\s*(.+)$/u;
const RIGHT_REMARK =
  /^(?:(?:the |la |die )?(?:correct|right|richtige?|correct[ao]|corretta|exacte|правильно|верно)(?: (?:answer|choice|option|antwort|respuesta|réponse))?|(?:the )?(?:answer|ans|key)|respuesta|réponse|antwort|正确(?:答案)?|正確|正解|答案|صحيحة?|الإجابة|الجواب)[.!]?$/iu;
const WRONG_REMARK = /^(?:incorrect|wrong|falsch|incorrect[ao]|错误|خطأ)[.!]?$/iu;
/** Without a dash only in capitals: "Brain MRI CORRECT". */
const SHOUTED = /\s(?:IN)?CORRECT[AO]?[!.]?$/u;
/** In front of the text: "* Brain MRI", "✓ Brain MRI", ">>Brain MRI<<", and italics, whose end counts as a star. */
const RIGHT_START = /^(?:\*(?!\*)|[✓✔✅☑√➡→]\uFE0F?|>{2,3})\s*(?=\S)/u;

/** A choice's text without marks, separators and bold at its end. */
export function readChoice(source: string): Choice {
  // "Brain MRI **" is no bold.
  const isStarred =
    /[^\s*]\s\*{2,3}\s*$/u.test(source.slice(-20)) && source.indexOf('**') > source.length - 10;
  let text = tidy(source);
  let mark: Choice['mark'] = isStarred ? 'right' : null;
  // A choice may carry several: "Brain MRI (correct) ✓".
  for (let i = 0; i < 4; i++) {
    const found = endMark(text);
    if (!found) break;
    text = tidy(text.slice(0, found.at));
    mark ??= found.mark;
  }
  const start = RIGHT_START.exec(text);
  const slanted = /^_([^_]+)_$/u.exec(text)?.[1];
  if (start || slanted !== undefined) mark ??= 'right';
  return { text: slanted ?? text.slice(start?.[0].length ?? 0), mark };
}

function endMark(text: string): { at: number; mark: 'right' | 'wrong' } | null {
  if (RIGHT_END.test(text.slice(-2))) return { at: markStart(text), mark: 'right' };
  if (WRONG_END.test(text.slice(-2))) return { at: markStart(text), mark: 'wrong' };
  const open = Math.max(...['(', '[', '{', '（', '［', '【'].map((c) => text.lastIndexOf(c)));
  if (open > 0) {
    const word =
      text.length - open > MAX_MARK ? '' : (LAST_BRACKET.exec(text.slice(open))?.[1]?.trim() ?? '');
    if (RIGHT_WORD.test(word)) return { at: open, mark: 'right' };
    if (WRONG_WORD.test(word)) return { at: open, mark: 'wrong' };
  }
  return dashMark(text);
}

function markStart(text: string): number {
  let at = text.length;
  while (at > 0 && '✓✔✅☑√←⇐*✗✘❌☐\uFE0F'.includes(text.charAt(at - 1))) at--;
  return at;
}

/** "Brain MRI – correct", "Brain MRI <- correct", ">>Brain MRI<<". */
function dashMark(text: string): { at: number; mark: 'right' | 'wrong' } | null {
  if (text.startsWith('>>') && text.endsWith('<<')) return { at: text.length - 2, mark: 'right' };
  const at = Math.max(...DASHES.map((dash) => text.lastIndexOf(dash)));
  const word = at < 0 ? '' : (ARROW_WORD.exec(text.slice(at + 1, at + 1 + MAX_MARK))?.[1] ?? '');
  if (RIGHT_REMARK.test(word)) return { at, mark: 'right' };
  if (WRONG_REMARK.test(word)) return { at, mark: 'wrong' };
  const shouted = SHOUTED.exec(text.slice(-20))?.[0];
  if (shouted === undefined) return null;
  return { at: text.length - shouted.length, mark: shouted.includes('INCORRECT') ? 'wrong' : 'right' };
}
