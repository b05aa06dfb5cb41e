/** Cuts keys out of lines that also ask, and joins letters that are alone on their line with the choice below. */
import { keyAt, namedAtStart, roleOf } from './key';
import { fold, STRONG_LABEL, WEAK_LABEL } from './keyWords';
import { match, readMarker } from './marker';

/** In one line, more labels than this are not looked at. */
const MAX_LABELS = 50;
const MAX_KEY = 2_000;

const LONE_NAME = /^\s*([A-L])\s*$/u;

/** "A", below it "Chest X-ray", and so on for at least two letters. */
export function joinLoneNames(lines: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const letter = LONE_NAME.exec(line)?.[1];
    const next = letter === undefined ? -1 : nextFilled(lines, i + 1);
    const other = next < 0 ? -1 : nextFilled(lines, next + 1);
    const isFirst = letter === 'A' && LONE_NAME.exec(lines[other] ?? '')?.[1] === 'B';
    const isLater = letter !== undefined && new RegExp(`^${previous(letter)}\\t`, 'u').test(lastFilled(out));
    if (letter !== undefined && next >= 0 && (isFirst || isLater) && !LONE_NAME.test(lines[next] ?? '')) {
      out.push(`${letter}\t${lines[next]?.trim() ?? ''}`);
      i = next;
    } else out.push(line);
  }
  return out;
}

/** So many empty lines may be between. */
const MAX_BLANK = 4;

function nextFilled(lines: readonly string[], from: number): number {
  const found = lines.slice(from, from + MAX_BLANK).findIndex((line) => line.trim() !== '');
  return found < 0 ? -1 : from + found;
}

const lastFilled = (lines: readonly string[]): string =>
  lines.slice(-MAX_BLANK).findLast((line) => line.trim() !== '') ?? '';
const previous = (letter: string): string => String.fromCharCode(letter.charCodeAt(0) - 1);

/** Where a label may begin within a line: behind a space, a bracket or the end of a sentence, or in front of a Chinese word. */
const PLACE = /[?？؟.。!;:)\]）】,，、|»”"]|[ \t\u3000]+|(?=[答正本해정])/gu;
const BRACKET = /[([（【{]/u;

export interface Part {
  raw: string;
  /** The key that the part states, whatever its words are. */
  key?: string;
}

/** "__B__ 1. What is this?", "(B) 1.", "B  1." */
const GAP_IN_FRONT =
  /^\s*(?:_{2,}\s*([A-J])\s*_{2,}|[([]\s*([A-J])\s*[)\]]|([A-J]))\s+(?=(?:Q\s?)?\p{Nd}{1,3}[.)]\s)/u;
/** Flash cards: "What is this? → Brain MRI", "What is this?\tBrain MRI", "Q: What is this? A: Brain MRI". */
const CARD =
  /(?<=[?？؟]["”»]?)[ \t]*(?:[-=]{1,2}>|→|::|\t+|[ \t]*(?:A|R|Ans|ج|答|O)[ \t]?[:：])[ \t]*(\S[^\t]*)$/u;

/** The parts of a line: what asks, and what states the key. */
export function splitKeys(raw: string): Part[] {
  const gap = GAP_IN_FRONT.exec(raw.slice(0, 40));
  if (gap) {
    const key = gap[1] ?? gap[2] ?? gap[3] ?? '';
    return [{ raw: gap[0].trim(), key }, ...splitKeys(raw.slice(gap[0].length))];
  }
  const card = raw.length < MAX_KEY ? CARD.exec(raw) : null;
  if (card && isCard(card[1] ?? '')) {
    return [{ raw: raw.slice(0, card.index) }, { raw: card[0].trim(), key: card[1] ?? '' }];
  }
  return splitLabels(raw).map((part) => ({ raw: part }));
}

/** No list of choices begins there. */
const isCard = (value: string): boolean =>
  readMarker(value, 0) === null && !/(?<!\p{L})[BbБب][):：.]/u.test(value) && !/[?？؟]/u.test(value);

function splitLabels(raw: string): string[] {
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
