/** From lists of choices to questions: which lines ask, which state or explain the key. */
import { NUMBERS } from './alphabets';
import { resolveKey } from './key';
import { HAS_QUESTION, QUESTION_END } from './keyWords';
import { readChoice } from './choice';
import { keyInGap, markedItems, withoutLastStop } from './marks';
import { numberIn, spreadKeys } from './keyLists';
import { joined, type Item, type Run } from './lists';
import type { RoledLine } from './roledLine';
import { isHeader, isNoise, NUMBERED, questionText } from './stem';

export interface PastedQuestion {
  /** The text that is asked. */
  question: string;
  /** None, or 2 to MAX_OPTIONS, none of them empty. */
  options: string[];
  /** Index of the right option, if the text names one. */
  key: number | null;
  /** Lines that state or explain the key. The model must not see them. */
  setAside: string[];
}

interface Draft {
  stem: string[];
  run: Run | null;
  values: string[];
  setAside: string[];
  /** What follows is an explanation, until something is asked. */
  isExplained: boolean;
}

/** @returns null if these lists are not choices of questions */
export function assemble(lines: readonly RoledLine[], runs: readonly Run[]): PastedQuestion[] | null {
  const drafts: Draft[] = [];
  let at = 0;
  for (const [i, run] of runs.entries()) {
    const before = lines.slice(at, run.first);
    const previous = drafts.at(-1);
    const asked = [...before, ...headLine(lines, run)];
    const between = previous ? splitBetween(asked, previous) : asked;
    if (between === null) {
      at = run.first;
      continue;
    }
    const stem = readStem(between);
    if (!asks(stem.lines, run, lines, runs[i + 1]?.first)) return null;
    drafts.push({ stem: stem.lines, run, values: stem.values, setAside: stem.setAside, isExplained: false });
    at = run.last + 1;
  }
  const last = drafts.at(-1);
  if (!last || !readTail(lines.slice(at), last, drafts.length > 1)) return null;
  spreadKeys(drafts.map((draft) => ({ number: numberOf(draft), values: draft.values })));
  const questions = drafts.map(finish);
  return questions.some((question) => question === null) ? null : (questions as PastedQuestion[]);
}

function headLine(lines: readonly RoledLine[], { first, head }: Run): RoledLine[] {
  const line = lines[first];
  return line && head.trim() !== '' ? [{ ...line, raw: head, isBlank: false, role: 'text' }] : [];
}

interface Stem {
  lines: string[];
  values: string[];
  setAside: string[];
}

function readStem(lines: readonly RoledLine[]): Stem {
  const isAside = ({ role }: RoledLine): boolean => role === 'key' || role === 'given';
  return {
    lines: lines.filter((line) => !isAside(line)).map(({ raw }) => raw),
    values: lines.filter(({ role }) => role === 'key').map(({ value }) => value),
    setAside: lines.filter(isAside).map(({ raw }) => raw.trim()),
  };
}

/**
 * Splits what is between two lists: key and explanation of the question before, and the question that follows.
 * @returns the lines of the question that follows; null if there is none, because the list is part of an explanation
 */
function splitBetween(lines: readonly RoledLine[], previous: Draft): RoledLine[] | null {
  let explained = previous.isExplained ? 0 : -1;
  let begin = -1;
  for (const [i, line] of lines.entries()) {
    if (line.isBlank) continue;
    if (line.role === 'text' && NUMBERED.test(line.raw.slice(0, 60))) {
      begin = i;
      break;
    }
    if (line.role !== 'text') explained = i;
  }
  if (begin < 0) begin = explained < 0 ? 0 : stemAfter(lines, explained);
  if (begin < 0) {
    takeAside(lines, previous);
    previous.isExplained = true;
    return null;
  }
  takeAside(lines.slice(0, begin), previous);
  return lines.slice(begin);
}

/** Where the next question begins behind an explanation: its last paragraph, or the line that asks. */
function stemAfter(lines: readonly RoledLine[], explained: number): number {
  const blank = lines.findLastIndex(
    ({ isBlank }, i) => isBlank && i > explained && lines.slice(i + 1).some((line) => !line.isBlank),
  );
  if (blank > 0) return blank + 1;
  const asking = lines.findIndex(({ raw }, i) => i > explained && HAS_QUESTION.test(raw));
  if (asking > 0) return asking;
  const isKey = lines[explained]?.role === 'key';
  return isKey && lines.slice(explained + 1).some(({ isBlank }) => !isBlank) ? explained + 1 : -1;
}

function takeAside(lines: readonly RoledLine[], draft: Draft): void {
  for (const { raw, role, value, isBlank } of lines) {
    if (isBlank) continue;
    if (role === 'key') draft.values.push(value);
    draft.setAside.push(raw.trim());
  }
}

/**
 * What follows the last list: key and explanation, or the end of the last choice.
 * @returns false if it is something else, so that the list isn't a list of choices
 */
function readTail(lines: readonly RoledLine[], draft: Draft, isOneOfSeveral: boolean): boolean {
  const rest = lines.filter(({ isBlank }) => !isBlank);
  const told = rest.findIndex(({ role }) => role !== 'text');
  const unnamed = told < 0 ? rest : rest.slice(0, told);
  const isFollowed = told >= 0 || isOneOfSeveral || draft.values.length > 0 || isMarked(draft.run);
  const continues = ({ raw, isIndented }: RoledLine): boolean =>
    (isIndented || /^\p{Ll}/u.test(raw.trim())) && !QUESTION_END.test(raw);
  const [first, ...more] = unnamed;
  const last = draft.run?.items.at(-1);
  const aside = [...unnamed];
  if (first && last && !draft.run?.isInline && (continues(first) || (isFollowed && isClose(lines, first)))) {
    last.text = joined(last.text, first.raw.trim());
    aside.shift();
    if (more.length > 0 && !isFollowed) return false;
  } else if (unnamed.length > 0 && !isFollowed) return false;
  if (rest.slice(told < 0 ? rest.length : told).some(({ raw, role }) => role === 'text' && asksNext(raw))) {
    // Something else is asked after the key; it stays with the question.
    const at = rest.findIndex(({ raw, role }, i) => i > told && role === 'text' && asksNext(raw));
    draft.stem.push(
      ...rest
        .slice(at)
        .filter(({ role }) => role === 'text')
        .map(({ raw }) => raw),
    );
    takeAside(
      [...aside, ...rest.slice(told, at), ...rest.slice(at).filter(({ role }) => role !== 'text')],
      draft,
    );
    return true;
  }
  takeAside([...aside, ...(told < 0 ? [] : rest.slice(told))], draft);
  return true;
}

const asksNext = (raw: string): boolean =>
  NUMBERED.test(raw.slice(0, 60)) && QUESTION_END.test(raw.slice(-20));

/** Not separated by an empty line, and not a sentence. */
function isClose(lines: readonly RoledLine[], line: RoledLine): boolean {
  const at = lines.indexOf(line);
  const before = lines.slice(0, at).every(({ isBlank }) => !isBlank);
  return before && !/[.!?]\s*$/u.test(line.raw) && line.raw.length < 100;
}

const isMarked = (run: Run | null): boolean =>
  (run?.items ?? []).some(({ text }) => readChoice(text).mark === 'right');

/** A list after a statement that asks nothing is a list in the text. */
function asks(stem: readonly string[], run: Run, lines: readonly RoledLine[], end = lines.length): boolean {
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
    run.alphabet === null || NUMBERS.has(run.alphabet) || ['space', '-', ','].includes(run.close);
  if (!isWeak || hasKey || isHeaded || differ(run.items)) return true;
  if (run.close === 'space' && run.items.length < 3) return false;
  return HAS_QUESTION.test(text) || SELECTS.test(text);
}

const SELECTS =
  /(?:^|[.!?:\n][ \t]*)(?:choose|select|pick|which|what|identify|mark|tick|seleccione|elija|elige|indique|señale|wählen|welche|kreuzen|choisi|cochez|quel|selecione|assinale|marque|qual|scegli|quale|indica|выберите|какой|请选择|选择)/iu;
const FINISHED = /(?:^|[?？؟:：.!。…])[\s)*_]*$/u;

function inlineAsks(head: string, run: Run, hasKey: boolean, isHeaded: boolean): boolean {
  if (run.close === 'pair') return true;
  const last = run.items.at(-1)?.text ?? '';
  const isClear = run.alphabet === 'upper' && run.close === ')';
  const isLong = run.items.length >= 3 || hasKey;
  if (isHeaded || (isClear && isLong)) return true;
  if (!FINISHED.test(head)) return false;
  // "The image shows: (a) a nodule, (b) an effusion. Describe both."
  if (!hasKey && (HAS_QUESTION.test(last) || /[.。]\s*\p{L}/u.test(last.trim()))) return false;
  return hasKey || run.alphabet === 'upper' || run.close === 'circle' || /[?？؟:：][\s)*_]*$/u.test(head);
}

function numberOf({ stem }: Draft): number | null {
  const first = stem.find((line) => line.trim() !== '' && !isNoise(line)) ?? '';
  const digits = /\p{Nd}{1,3}|[一二三四五六七八九十]/u.exec(NUMBERED.exec(first.slice(0, 60))?.[0] ?? '');
  return digits ? numberIn(digits[0]) : null;
}

function finish({ stem, run, values, setAside }: Draft): PastedQuestion | null {
  const items = run?.items ?? [];
  const choices = items.map(({ text }) => readChoice(text));
  const options = withoutLastStop(
    choices.map(({ text }) => text),
    items,
  );
  if (options.includes('')) return null;
  const { marks, texts } = markedItems(
    items,
    choices.map(({ mark }) => mark === 'right'),
    options,
  );
  const gap = keyInGap(stem);
  const named = [...values, ...gap.values].map((value) => resolveKey(value, texts, run?.alphabet ?? null));
  // Keys that contradict each other don't count.
  const key =
    named.length > 0
      ? new Set(named).size === 1
        ? (named[0] ?? null)
        : (named.find((k) => k !== null) ?? null)
      : null;
  const marked = marks.length === 1 ? (marks[0] ?? null) : null;
  return {
    question: questionText(gap.stem),
    options: [...texts],
    key: named.length > 0 ? key : marked,
    setAside: [...new Set([...setAside, ...gap.setAside])],
  };
}

function differ(items: readonly Item[]): boolean {
  const kinds = new Set(items.map(({ prefix }) => prefix));
  return kinds.size > 1 && kinds.has('right');
}
