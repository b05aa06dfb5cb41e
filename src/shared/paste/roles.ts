/** Separates the lines of a paste that state or explain a key from those that ask. */
import { keyAt, namedAtStart, roleOf, type LineRole } from './key';
import { fold, HAS_QUESTION, QUESTION_END, STRONG_LABEL, WEAK_LABEL } from './keyWords';
import { bodyOf, normal, readLine, type Line } from './line';
import { match } from './marker';

export interface RoledLine extends Line {
  role: LineRole['role'];
  /** What a key line names. */
  value: string;
}

/** In one line, more labels than this are not looked at. */
const MAX_LABELS = 50;
const MAX_KEY = 2_000;
/** "1. B", "2-A": a line of a list of keys. */
const PAIR = /^[\s(*]*(?:Q(?:uestion)?[\s.]*)?\p{Nd}{1,3}[\s.):=–-]{0,3}[([]?[A-La-l][)\].]?[\s*]*$/u;

/** The lines of a text, each with its part in it. Text is never lost: keys within a line become lines of their own. */
export function readLines(text: string): RoledLine[] {
  const raws = text.split('\n').flatMap(splitKeys);
  const parsed = raws.map(readLine);
  const known = new Set(parsed.map((line) => normal(bodyOf(line).slice(0, 500))));
  known.delete('');
  const lines = parsed.map((line): RoledLine => {
    const role = line.isBlank ? ({ role: 'text' } as const) : roleOf(line.raw, known);
    return { ...line, role: role.role, value: role.role === 'key' ? role.value : '' };
  });
  lines.forEach((line, index) => {
    if (line.role === 'key' && line.value === '') fillKey(lines, index);
  });
  answersToQuestions(lines);
  loneLetters(lines);
  return lines;
}

/** "Correct answer:" on a line of its own: the next line is the key, unless the list of choices begins there. */
function fillKey(lines: RoledLine[], at: number): void {
  let next = at + 1;
  while (lines[next]?.isBlank) next++;
  const label = lines[at];
  const value = lines[next];
  if (!label) return;
  if (!value || next > at + 3 || value.role !== 'text' || QUESTION_END.test(value.raw)) {
    label.role = value || at === 0 ? 'text' : 'meta';
    return;
  }
  if (beginsList(lines, next)) {
    label.role = 'meta';
    return;
  }
  const taken = [value];
  if (PAIR.test(value.raw)) {
    for (let i = next + 1; i < lines.length && PAIR.test(lines[i]?.raw ?? ''); i++)
      taken.push(lines[i] ?? value);
  }
  label.value = taken.map(({ raw }) => raw).join(' ; ');
  for (const line of taken) line.role = 'key';
}

function beginsList(lines: readonly RoledLine[], at: number): boolean {
  const following = lines.slice(at, at + 6).filter(({ isBlank }) => !isBlank);
  const index = (line: RoledLine | undefined, wanted: number): boolean =>
    line?.marker?.places.some((place) => place.index === wanted) ?? false;
  return (
    !PAIR.test(following[0]?.raw ?? '') && index(following[0], 0) && following.some((line) => index(line, 1))
  );
}

const ASKS =
  /^[\s*_>#]*(?:Q|Question|F|Frage|P|Pregunta|Pergunta|D|Domanda|В|Вопрос|Front|问|問|س)\s*\d{0,3}\s*[:：.)]/iu;
const ANSWERS = /^[\s*_>#]*(?:A|R|О|Back|答|ج)\s*\d{0,3}\s*[:：]\s*(.+)$/u;

/** "Q: …" and "A: …", as on flash cards; not where "B: …" follows. */
function answersToQuestions(lines: RoledLine[]): void {
  let isAsked = false;
  lines.forEach((line, index) => {
    if (line.role !== 'text' || line.isBlank) return;
    if (ASKS.test(line.raw.slice(0, 40))) isAsked = true;
    const value = isAsked ? ANSWERS.exec(line.raw.slice(0, MAX_KEY))?.[1] : undefined;
    if (value === undefined || HAS_QUESTION.test(value) || beginsList(lines, index)) return;
    line.role = 'key';
    line.value = value;
    isAsked = false;
  });
}

const LONE = /^[\s*_→>=([（]*([A-L])[\s*_)\].）]*$/u;

/** A letter alone below the last choice. */
function loneLetters(lines: RoledLine[]): void {
  let previous: RoledLine | null = null;
  lines.forEach((line, i) => {
    if (line.isBlank) return;
    const letter = LONE.exec(line.raw.slice(0, 40))?.[1];
    const isListed = previous?.marker?.places.some(({ index }) => index > 0) ?? false;
    const isLast = lines[i + 1]?.isBlank ?? true;
    if (line.role === 'text' && letter !== undefined && line.raw.length < 40 && isListed && isLast) {
      line.role = 'key';
      line.value = letter;
    }
    previous = line;
  });
}

/** Where a label may begin within a line: after a space, a bracket or the end of a sentence, or before a Chinese word. */
const PLACE = /[?？؟.。!;:)\]）】,，、|»”"]|[ \t\u3000]+|(?=[答正本해정])/gu;
const BRACKET = /[([（【{]/u;

function splitKeys(raw: string): string[] {
  if (roleOf(raw, NONE).role !== 'text') return [raw];
  const parts: string[] = [];
  let from = 0;
  for (const { start, end } of keysWithin(raw)) {
    if (start < from) continue;
    parts.push(raw.slice(from, start), raw.slice(start, end));
    from = end;
  }
  if (parts.length === 0) return [raw];
  const rest = raw.slice(from);
  return [...parts, ...(rest.trim() === '' ? [] : [rest])].filter((part) => part.trim() !== '');
}

interface Span {
  start: number;
  end: number;
}

function keysWithin(raw: string): Span[] {
  const spans: Span[] = [];
  const folded = fold(raw);
  let tried = 0;
  for (const place of raw.matchAll(PLACE)) {
    let at = place.index + place[0].length;
    while (raw.charAt(at) === ' ' || raw.charAt(at) === '\t') at++;
    const isBracket = BRACKET.test(raw.charAt(at));
    const start = at;
    if (isBracket) at++;
    while (' *_'.includes(raw.charAt(at)) && at < raw.length) at++;
    if (start === 0 || (!match(STRONG_LABEL, folded, at) && !match(WEAK_LABEL, folded, at))) continue;
    tried++;
    if (tried > MAX_LABELS) break;
    const end = isBracket ? bracketEnd(raw, start) : Math.min(raw.length, at + MAX_KEY);
    if (end < 0 || !statesKey(raw, at, isBracket ? end - 1 : end, isBracket)) continue;
    // What follows a key without a bracket explains it.
    spans.push({ start, end: isBracket ? end : raw.length });
    if (!isBracket) break;
  }
  return spans;
}

function bracketEnd(raw: string, start: number): number {
  const close = { '(': ')', '[': ']', '（': '）', '【': '】', '{': '}' }[raw.charAt(start)] ?? ')';
  const window = raw.slice(start, start + 300);
  const first = window.indexOf(close);
  // "(Answer: (b))"
  const end = window.charAt(first + 1) === close ? first + 1 : first;
  return end < 0 ? -1 : start + end + 1;
}

const NONE: ReadonlySet<string> = new Set();

function statesKey(raw: string, at: number, end: number, isBracket: boolean): boolean {
  const text = raw.slice(at, end);
  const value = keyAt(text, 0, NONE);
  if (value === null || value === '') return false;
  const before = raw.slice(Math.max(0, at - 12), at).replace(/[\s(*_[（【{]+$/u, '');
  const endsSentence = /[?？؟.。!;)\]）】|»”"]$/u.test(before);
  const isStrong = match(STRONG_LABEL, fold(text), 0) !== null;
  if (!isStrong) return (isBracket || endsSentence) && namedAtStart(value) !== null;
  if (isBracket || endsSentence || namedAtStart(value) !== null) return !/\bthe$/iu.test(before);
  // "C) Blood smear Answer: Brain MRI"; not "write the answer: …"
  return /^(?!\p{Ll})/u.test(text) && /^[^\s:：]+(?:\s\S+)?\s?[:：]/u.test(text) && !/[:：]$/u.test(before);
}
