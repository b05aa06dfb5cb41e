/** Separates the lines of a paste that state or explain a key from those that ask. */
import type { RoledLine } from './roledLine';
import { keysBelowLists, PAIR } from './afterList';
import { roleOf } from './key';
import { joinLoneNames, splitKeys } from './splitKeys';
import { fold, HAS_QUESTION, QUESTION_END, WEAK_LABEL } from './keyWords';
import { match } from './marker';
import { bodyOf, normal, readLine } from './line';

const MAX_KEY = 2_000;
/** The same with an explanation: "1. B – gyri are visible". */
const PAIR_EXPLAINED =
  /^[\s(*]*\p{Nd}{1,3}[\s.):=–-]{1,3}[([]?[A-La-l](?![\p{L}\p{M}])[)\].]?(?:\s*$|\s*[-–—:(,;])/u;
const isPair = (raw: string): boolean => PAIR.test(raw) || PAIR_EXPLAINED.test(raw);

/** The lines of a text, each with its part in it. Text is never lost: keys within a line become lines of their own. */
export function readLines(text: string): RoledLine[] {
  const parts = joinLoneNames(text.split('\n')).flatMap(splitKeys);
  const parsed = parts.map(({ raw }) => readLine(raw));
  const known = new Set(parsed.map((line) => normal(bodyOf(line).slice(0, 500))));
  known.delete('');
  const lines = parsed.map((line, i): RoledLine => {
    const given = parts[i]?.key;
    if (given !== undefined) return { ...line, role: 'key', value: given };
    const role = line.isBlank ? ({ role: 'text' } as const) : roleOf(line.raw, known);
    return { ...line, role: role.role, value: role.role === 'key' ? role.value : '' };
  });
  keyHeads(lines);
  lines.forEach((line, index) => {
    if (line.role === 'key' && line.value === '') fillKey(lines, index);
  });
  answersToQuestions(lines);
  loneLetters(lines);
  keysBelowLists(lines);
  feedback(lines);
  return lines;
}

/** "Key", above "1 B". */
function keyHeads(lines: readonly RoledLine[]): void {
  lines.forEach((line, i) => {
    if (line.role !== 'text' || line.raw.length > 40 || !isPair(lines[i + 1]?.raw ?? '')) return;
    const text = line.raw.replace(/[\s:：*_#]/gu, '');
    const label = match(WEAK_LABEL, fold(text), 0)?.[0];
    if (label === undefined || label.length !== text.length) return;
    line.role = 'key';
    line.value = '';
  });
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
  if (isPair(value.raw)) {
    for (let i = next + 1; i < lines.length && isPair(lines[i]?.raw ?? ''); i++)
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
    !isPair(following[0]?.raw ?? '') && index(following[0], 0) && following.some((line) => index(line, 1))
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

const LONE = /^[\s*_→>=/#([（]*(?:[✅✔✓☑👉]\uFE0F?[\s]*)?([A-L])[\s*_)\].!）]*$/u;

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

/** text2qti and Respondus mark a choice with a star, and write their feedback behind "...", "@" or "~". */
function feedback(lines: readonly RoledLine[]): void {
  if (!lines.some(({ raw, marker }) => marker !== null && raw.trimStart().startsWith('*'))) return;
  for (const line of lines) {
    if (line.role === 'text' && !line.marker && /^\s*(?:\.{3}|[@~])[ \t]+\S/u.test(line.raw))
      line.role = 'given';
  }
}
