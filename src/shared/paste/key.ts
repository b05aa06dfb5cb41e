/** Lines that state a key, and which choice a key names. */
import { ALPHABETS, placesOf } from './alphabets';
import {
  ALTERNATIVE,
  EXPLANATION_LABEL,
  EXPLICIT_SEPARATOR,
  fold,
  GIVEN_LABEL,
  HAS_QUESTION,
  INSTRUCTION,
  IT_IS_LETTER,
  LETTER_IS_RIGHT,
  META_LABEL,
  QUESTION_END,
  RIGHT_SENTENCE,
  SEPARATOR,
  STRONG_LABEL,
  VERB_SEPARATOR,
  WEAK_LABEL,
} from './keyWords';
import { normal, skipSpace } from './line';
import { truthIndex } from './truth';
import { match } from './marker';

/** Longer lines are prose: a key is looked for at their start and end only. */
const MAX_KEY = 2_000;
const DECORATION = /(?:[\s>#*_•·✅✔✓☑➡👉🔑[【(（«“"|]|-(?=[ \t])|\uFE0F)*/uy;

export type LineRole =
  | { role: 'text' }
  /** `value` is what the line names; empty if it is on the next line. */
  | { role: 'key'; value: string }
  /** `given`: what somebody answered. `meta`: points, topics, sources. */
  | { role: 'explanation' | 'given' | 'meta' };

/** Hidden until it is clicked: "||B||", ">!B!<". */
const SPOILER = /^\s*(?:\|\||>!)([^|!]{1,300})(?:\|\||!<)\s*$/u;

const TEXT: LineRole = { role: 'text' };

/** @param known the texts of the paste's lines, tidy and in lower case: a weak label before one of them is a key */
export function roleOf(raw: string, known: ReadonlySet<string>): LineRole {
  const line = raw.slice(0, MAX_KEY);
  const hidden = SPOILER.exec(line)?.[1];
  if (hidden !== undefined) return { role: 'key', value: hidden };
  const at = match(DECORATION, line, 0)?.[0].length ?? 0;
  const folded = fold(line);
  for (const [label, role] of [
    [GIVEN_LABEL, 'given'],
    [META_LABEL, 'meta'],
  ] as const) {
    const found = match(label, folded, at);
    if (found && /^\s*[:：)]/u.test(line.slice(at + found[0].length))) return { role };
  }
  const key = keyAt(line, at, known, folded);
  if (key !== null) return { role: 'key', value: key };
  const explanation = match(EXPLANATION_LABEL, folded, at);
  if (explanation) {
    const rest = line.slice(at + explanation[0].length);
    if (/^[\s*_]*[:：】\])–—]|^[\s*_]*$/u.test(rest)) return { role: 'explanation' };
  }
  return TEXT;
}

/** The key that starts at this place of a line; null if none does. */
export function keyAt(
  line: string,
  at: number,
  known: ReadonlySet<string>,
  folded = fold(line),
): string | null {
  const strong = match(STRONG_LABEL, folded, at);
  const weak = match(WEAK_LABEL, folded, at);
  for (const [label, isStrong] of [
    [strong, true],
    [weak, false],
  ] as const) {
    if (!label) continue;
    const from = at + label[0].length;
    const written = match(SEPARATOR, line, from)?.[0] ?? '';
    // Behind an abbreviation, a full stop separates as a colon does.
    const separator = label[0].length < 5 ? written.replace('.', ':') : written;
    const value = line.slice(from + written.length).trim();
    if (isKey(value, separator, isStrong, known)) return value;
  }
  if (!RIGHT_SENTENCE.test(folded.slice(at, at + 120))) return null;
  const beginning = line.slice(at, at + 120).trimEnd();
  const sentence = LETTER_IS_RIGHT.exec(beginning) ?? IT_IS_LETTER.exec(beginning);
  return sentence && !QUESTION_END.test(line) ? (sentence[1] ?? '') : null;
}

function isKey(value: string, separator: string, isStrong: boolean, known: ReadonlySet<string>): boolean {
  const isExplicit = EXPLICIT_SEPARATOR.test(separator);
  const isSentence = VERB_SEPARATOR.test(separator);
  if (value === '') return isStrong && !isSentence;
  if (HAS_QUESTION.test(value) || ALTERNATIVE.test(value)) return false;
  const isBound = isStrong || isExplicit || isSentence || /^[([（]/u.test(value);
  if ((isBound && isPlainName(value)) || (isExplicit && namedAtStart(value) !== null)) return !isList(value);
  if (isStrong && BRACKETED.test(value) && namedAtStart(value) !== null) return true;
  if (known.has(normal(value))) return isExplicit || isSentence;
  if (INSTRUCTION.test(value)) return false;
  if (isSentence && !isExplicit)
    return isStrong && namedAtStart(value) !== null && !/^[aio] \p{Ll}/iu.test(value);
  // "Answer-based" is a word.
  return isStrong && isExplicit && separator !== '-' && !isList(value);
}

const BRACKETED = /^[([（【{][^)\]）】}]{1,3}[)\]）】}]/u;

/** In "The answer is A) x B) y" the choices follow the word "answer". */
function isList(value: string): boolean {
  const [, open] = /^\(?A ?([).:、])/iu.exec(value) ?? [];
  return open !== undefined && new RegExp(`[\\s,;.]\\(?B ?\\${open}`, 'iu').test(value.slice(3));
}

const NAME =
  /(?:(?:option|choice|letter|opci[oó]n|alternativa|antwort|buchstabe|letra|lettre|lettera|literal|inciso|буква|вариант|number|both|the|la|le|el|die|der|o)[ \t]{1,2}){0,2}(?:(?:选项|選項|no\.) ?)?[([{（［【"“]?(الف|هـ|[IVXivx]{1,4}(?![\p{L}\p{M}\p{N}])|\p{Nd}{1,2}(?![\p{N}\p{L}]|[.,]\p{N}|[ \t]?%)|[①-⓿❶-❿]|[\p{L}\p{Nl}](?!\p{M}))/iuy;
const AFTER_NAME =
  /^["”]?(?:$|[)\]）］】}.．:：;；,，、。،!！|*_]|[-–—](?!\p{Ll})|[ \t]+(?:$|[(–—:✓✔✅-]|(?:because|since|as|due|is|and|&|y|et|und|e|и|و|porque|ya|weil|da|car|parce|لأن)(?![\p{L}])|\p{Lu}{2,5}:))/iu;

/** The letter or number that a value begins with; null if it begins with a word. */
export function namedAtStart(value: string): string | null {
  const found = match(NAME, value, skipDecoration(value));
  if (!found) return null;
  const rest = value.slice(found.index + found[0].length);
  const name = found[1] ?? '';
  return AFTER_NAME.test(rest.slice(0, 40)) && placesOf(name).length > 0 ? name : null;
}

/** The value is a letter or number, several of them, or true or false, and nothing else. */
function isPlainName(value: string): boolean {
  const bare = value.replace(/[()[\]（）【】.,;&/+!*_\s"“”、，。:：]/gu, ' ').trim();
  if (bare === '' || bare.length > 40) return false;
  return bare
    .split(/ +/)
    .every(
      (part) =>
        placesOf(part).length > 0 ||
        /^(?:option|choice|and|y|et|und|e|и|و|true|false|[tf]|[A-J]{2,6})$/iu.test(part),
    );
}

function skipDecoration(value: string): number {
  let at = skipSpace(value, 0);
  while (at < value.length && '*_'.includes(value.charAt(at))) at++;
  return at;
}

const NO_TEXTS: ReadonlySet<string> = new Set();

/** Several letters: "B and C", "A, C", "B/D". */
const SEVERAL = /^\W*[A-La-l]\)?(?: ?(?:,|;|&|\/|\+|、|and|y|et|und|e|и|و) ?)+\(?[A-La-l](?![\p{L}\p{M}])/u;

/** Index of the choice that a key names by its letter, number or text; null if it names none, or several. */
export function resolveKey(
  value: string,
  options: readonly string[],
  alphabet: string | null,
): number | null {
  const name = namedAtStart(value);
  const byName = name === null ? null : indexOfName(name, options.length, alphabet);
  const exact = options.findIndex((option) => normal(option) === normal(value));
  // "Answer: 2" names the second of a numbered list, even if the first choice is 2.
  const truth = truthIndex(value, options);
  if (truth !== null) return truth;
  if (exact >= 0 && !(alphabet === 'digits' && byName !== null)) return exact;
  if (SEVERAL.test(value)) return null;
  // "Answer: The correct answer is B."
  const nested = name === null && value.length < MAX_KEY ? keyAt(value, 0, NO_TEXTS) : null;
  if (nested && nested.length < value.length) return resolveKey(nested, options, alphabet);
  return (
    byText(normal(value), options) ?? byName ?? byText(normal(value).replace(/^\S{1,3}\s+/u, ''), options)
  );
}

function indexOfName(name: string, count: number, alphabet: string | null): number | null {
  const places = placesOf(name);
  const order = [alphabet, 'upper', 'lower', 'digits', 'roman', 'romanLower'];
  const sorted = places
    .filter(({ index }) => index < count)
    .sort((a, b) => rank(order, a.alphabet) - rank(order, b.alphabet));
  return sorted[0]?.index ?? null;
}

const rank = (order: readonly (string | null)[], alphabet: string): number => {
  const found = order.indexOf(alphabet);
  return found < 0 ? order.length + Object.keys(ALPHABETS).indexOf(alphabet) : found;
};

/** "Brain MRI, because …": the longest choice that it begins with. */
function byText(given: string, options: readonly string[]): number | null {
  let best: number | null = null;
  let length = 0;
  options.forEach((option, index) => {
    const text = normal(option);
    if (text.length <= length || !startsWithWords(given, text)) return;
    best = index;
    length = text.length;
  });
  return best;
}

function startsWithWords(given: string, text: string): boolean {
  return given.startsWith(text) && !/^[\p{L}\p{M}\p{N}]/u.test(given.slice(text.length));
}
