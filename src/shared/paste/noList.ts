/** A paste without choices: what states a key is taken out, and the rest stays as it was written. */
import type { PastedQuestion } from './assemble';
import { HAS_QUESTION, QUESTION_END } from './keyWords';
import type { RoledLine } from './roledLine';
import { LABEL, NUMBERED } from './stem';

/** @param source the text as pasted, which is the question if nothing in it states a key */
export function setAsideKeys(source: string, lines: readonly RoledLine[]): PastedQuestion[] {
  const keys = lines.flatMap(({ role }, i) => (role === 'key' || role === 'given' ? [i] : []));
  const explained = explanationAfterQuestion(lines);
  if (keys.length === 0 && explained < 0) return [{ question: source, options: [], key: null, setAside: [] }];
  return severalOf(lines) ?? [withoutKeys(lines, explained)];
}

function withoutKeys(lines: readonly RoledLine[], explained: number): PastedQuestion {
  const kept: string[] = [];
  const setAside: string[] = [];
  let isAside = false;
  let asked = false;
  lines.forEach(({ raw, role, isBlank }, i) => {
    const states = role === 'key' || role === 'given' || i === explained;
    // What follows a key explains it, up to what is asked next.
    if (states && asked) isAside = true;
    else if (isAside && QUESTION_END.test(raw.slice(-20)) && role === 'text') isAside = false;
    if (!states && !isAside) {
      kept.push(raw);
      asked ||= !isBlank;
    } else if (!isBlank) setAside.push(raw.trim());
  });
  return { question: kept.join('\n').trim().replace(LABEL, ''), options: [], key: null, setAside };
}

/** "Explanation: …" below a question gives the answer away. */
function explanationAfterQuestion(lines: readonly RoledLine[]): number {
  const at = lines.findIndex(({ role, isBlank }) => role === 'explanation' && !isBlank);
  const before = lines.slice(0, Math.max(at, 0)).findLast(({ isBlank }) => !isBlank);
  return at > 0 && before && HAS_QUESTION.test(before.raw) ? at : -1;
}

/** Numbered questions, each with a key of its own. */
function severalOf(lines: readonly RoledLine[]): PastedQuestion[] | null {
  const starts = lines.flatMap(({ raw, role }, i) =>
    role === 'text' && NUMBERED.test(raw.slice(0, 60)) ? [i] : [],
  );
  if (starts.length < 2 || starts[0] !== lines.findIndex(({ isBlank }) => !isBlank)) return null;
  const parts = starts.map((start, i) => lines.slice(start, starts[i + 1]));
  if (!parts.every((part) => part.some(({ role }) => role === 'key'))) return null;
  return parts.map((part) => {
    const read = withoutKeys(part, -1);
    return { ...read, question: read.question.replace(NUMBERED, '').trim() };
  });
}
