/**
 * Keys below a list of choices whose words are not known: "R/ B", "故选B", "Diagnosis: glioma". There, whatever names one
 * of the choices and asks nothing states or explains the key.
 */
import { placesOf } from './alphabets';
import { readChoice } from './choice';
import { namedAtStart, resolveKey } from './key';
import { fold, HAS_QUESTION, QUESTION_END, WEAK_LABEL } from './keyWords';
import { bodyOf, normal } from './line';
import { match } from './marker';
import type { RoledLine } from './roledLine';
import { NUMBERED } from './stem';

interface OpenList {
  alphabets: string[];
  close: string;
  texts: string[];
}

/** So many lines below a list are looked at for its next choice. */
const MAX_WRAPPED = 6;
/** "1. B", "2-A": a line of a list of keys. */
export const PAIR =
  /^[\s(*]*(?:Q(?:uestion)?[\s.]*)?\p{Nd}{1,3}[\s.．):：=、–-]{0,3}[([（]?(?:[A-La-l]|[أ-ي])[)\].]?[\s*]*$/u;

/** Gives lines below lists their roles, in place. */
export function keysBelowLists(lines: RoledLine[]): void {
  let list: OpenList | null = null;
  let isApart = false;
  lines.forEach((line, i) => {
    if (line.isBlank) {
      isApart = true;
      return;
    }
    if (line.role === 'text') {
      const key =
        list && list.texts.length > 1 && isWhole(lines, i, list) ? keyOf(line, list, lines, i) : null;
      if (key !== null) {
        line.role = 'key';
        line.value = key;
      } else if (!(list = listWith(line, list))) isApart = false;
      else if (list.texts.length > 1 && explains(line, list, isApart) && isWhole(lines, i, list)) {
        line.role = 'explanation';
      }
    }
    isApart = false;
  });
}

/** The list after this line: continued, begun, ended by a question, or as it was. */
function listWith(line: RoledLine, list: OpenList | null): OpenList | null {
  const { marker } = line;
  if (!marker) return isAsking(line) ? null : list;
  const text = readChoice(bodyOf(line).slice(0, 500)).text;
  if (list && marker.close === list.close) {
    const { length } = list.texts;
    const alphabets = list.alphabets.filter((name) =>
      marker.places.some(({ alphabet, index }) => alphabet === name && index === length),
    );
    if (alphabets.length > 0) return { ...list, alphabets, texts: [...list.texts, text] };
  }
  const alphabets = marker.places.filter(({ index }) => index === 0).map(({ alphabet }) => alphabet);
  if (alphabets.length > 0) return { alphabets, close: marker.close, texts: [text] };
  return isAsking(line) ? null : list;
}

const isAsking = ({ raw }: RoledLine): boolean =>
  QUESTION_END.test(raw.slice(-20)) || NUMBERED.test(raw.slice(0, 60));

/** The next choice does not follow, so this line is no part of the last one. */
function isWhole(lines: readonly RoledLine[], at: number, { alphabets, close, texts }: OpenList): boolean {
  return lines
    .slice(at, at + MAX_WRAPPED)
    .every(
      ({ marker, isBlank }) =>
        isBlank ||
        marker?.close !== close ||
        !marker.places.some(({ alphabet, index }) => alphabets.includes(alphabet) && index === texts.length),
    );
}

const MAX_LINE = 600;
const LABELLED = /^([^:：=＝→>/\n]{1,40}?)\s*(?:[=-]>|[:：=＝→>/]+)\s*(\S.*)$/u;
/** "故选B": Chinese needs nothing between. */
const CHOSEN = /[选選](?:择|擇|项|項)?\s*[:：]?\s*[(（]?([A-LＡ-Ｌ])[)）]?(?=$|[项項。.，,；;、\s])/u;
/** "La correcta es la B porque …", "The incorrect statement is C." */
const SENTENCE =
  /(?:correct|right|richtig|exacte|juste|fals|verdader|true|best|answer|respuesta|antwort|réponse)[^.:!?\n]{0,30}\s(?:is|es|ist|est|è|é|would be|must be)\s(?:la |el |le |the |die |der |option |opción |choice |letra |letter |literal |answer |statement |respuesta ){0,3}[("“]?([A-L])(?![\p{L}\p{M}’'])/iu;
/** As models and data sets write it. */
const TAGGED = /(?:<answer>|\\boxed\{)\s*\(?([A-L])\)?\s*(?:<\/answer>|\})/u;
const LONE_LETTER = /^\s+\(?([A-L])\)?\.?\s*$/u;
const NAMED = /(?<!\p{L})\(?([A-L])[).:：–-]{1,2}\s*(\p{L}+)/gu;
const VERDICT =
  /^(?:(correct[aeo]?|true|right|verdader[ao]|richtig|wahr|vrai|juste|对|正确|صح|صحيح)|incorrect[aeo]?|false|wrong|fals[ao]|falsch|faux|错|错误|خطأ)$/iu;

/** The key that this line states; empty if it states several or says of each choice whether it is right; null if none. */
function keyOf(line: RoledLine, list: OpenList, lines: readonly RoledLine[], at: number): string | null {
  const { raw } = line;
  const text = raw.slice(0, MAX_LINE).replace(/^[\s>*_#([（【]+/u, '');
  if (HAS_QUESTION.test(text)) return null;
  if (isPairs(lines, at)) return raw.trim();
  const verdicts = [...text.matchAll(NAMED)].filter(([, , word = '']) => VERDICT.test(word));
  if (verdicts.length > 1) {
    const right = verdicts.filter(([, , word = '']) => VERDICT.exec(word)?.[1] !== undefined);
    return right.length === 1 ? (right[0]?.[1] ?? '') : '-';
  }
  const name = (TAGGED.exec(raw.slice(0, MAX_LINE)) ?? CHOSEN.exec(text) ?? SENTENCE.exec(text))?.[1];
  if (name !== undefined && placesOf(name).some(({ index }) => index < list.texts.length)) return name;
  const weak = match(WEAK_LABEL, fold(text.slice(0, 40)), 0)?.[0];
  const alone = weak === undefined ? null : LONE_LETTER.exec(text.slice(weak.length));
  if (alone && namesOne(alone[1] ?? '', list)) return alone[1] ?? '';
  const [, label = '', value = ''] = LABELLED.exec(text) ?? [];
  if (value === '' || label.trim().split(/\s+/u).length > 5) return null;
  if (!namesOne(value, list)) return null;
  return line.marker && !/^A$/u.test(label.trim()) ? null : value;
}

/** A letter of the list and nothing else in its place, or the text of a choice. */
function namesOne(value: string, { texts, alphabets }: OpenList): boolean {
  const bare = normal(value);
  if (texts.some((text) => normal(text) === bare && text.length > 1)) return true;
  const name = namedAtStart(value);
  if (name === null || !isNameOf(name, alphabets)) return false;
  return resolveKey(name, texts, alphabets[0] ?? null) !== null;
}

/** Numbers count only for numbered choices: "Score: 3". */
function isNameOf(name: string, alphabets: readonly string[]): boolean {
  return !/^\p{Nd}/u.test(name) || alphabets.includes('digits');
}

/** One of at least two lines such as "1. B", or several of them on a line. */
function isPairs(lines: readonly RoledLine[], at: number): boolean {
  const raw = lines[at]?.raw ?? '';
  if (raw.length > MAX_LINE) return false;
  const parts = raw.trim().split(/[,;，；、]\s*|\s{2,}|\s(?=\p{Nd})/u);
  if (parts.length > 1 && parts.every((part) => PAIR.test(part) && /\p{Nd}/u.test(part))) return true;
  const isNear = [lines[at - 1], lines[at + 1]].some((line) => line !== undefined && PAIR.test(line.raw));
  return PAIR.test(raw) && isNear;
}

/** A sentence of its own that names one of the choices. */
function explains(line: RoledLine, { texts }: OpenList, isApart: boolean): boolean {
  const raw = line.raw.slice(0, MAX_LINE);
  if (HAS_QUESTION.test(raw) || line.marker || !(isApart && /[.。!！]["”)\s]*$/u.test(raw))) return false;
  const named =
    /(?:option|choice|answer|opci[oó]n|antwort|réponse|选项|الخيار)\s{0,2}[("“]?[A-L](?!\p{L})|\([A-L]\)/iu.test(
      raw,
    );
  const folded = raw.toLowerCase();
  return named || texts.some((text) => text.length > 3 && folded.includes(text.toLowerCase()));
}
