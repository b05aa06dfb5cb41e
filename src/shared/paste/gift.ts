/** Moodle's text formats: GIFT, and the cloze items of Moodle and Anki. */
import type { PastedQuestion } from './assemble';
import { MAX_OPTIONS } from '../options';
import { readChoice } from './choice';
import { tidy } from './line';

/** Answers of one item in braces; null if the braces hold something else. */
const ITEM = /^\s*(?:=|~|(?:T|F|TRUE|FALSE)\s*(?:#|$))/iu;

/** @returns null if the text is not in this format */
export function readGift(text: string): PastedQuestion[] | null {
  const questions: PastedQuestion[] = [];
  let at = 0;
  for (let open = braceAt(text, at, '{'); open >= 0; open = braceAt(text, at, '{')) {
    const close = braceAt(text, open + 1, '}');
    if (close < 0 || text.startsWith('{', open + 1)) return null;
    const body = text.slice(open + 1, close);
    const read = ITEM.test(body) ? giftItem(text.slice(at, open), body) : null;
    if (!read) return null;
    const lineEnd = text.indexOf('\n', close) < 0 ? text.length : text.indexOf('\n', close);
    // "Grant is {=buried ~living} in the tomb."
    const behind = text.slice(close + 1, lineEnd).trim();
    const question = behind === '' ? read.question : `${read.question} _____ ${behind}`;
    questions.push({ ...read, question });
    at = lineEnd;
  }
  return questions.length > 0 && text.slice(at).trim() === '' ? questions : null;
}

/** The next brace that no backslash escapes. */
function braceAt(text: string, from: number, brace: string): number {
  let at = text.indexOf(brace, from);
  while (at > 0 && text.charAt(at - 1) === '\\') at = text.indexOf(brace, at + 1);
  return at;
}

function giftItem(stem: string, body: string): PastedQuestion | null {
  const question = giftText(
    stem
      .split('\n')
      .filter((line) => !/^\s*(?:\/\/|\$CATEGORY)/u.test(line))
      .join('\n')
      .replace(/^\s*::[^\n]{0,300}?::/u, '')
      .replace(/^\s*\[(?:html|moodle|plain|markdown)\]/u, ''),
  );
  const truth = /^\s*(T|F|TRUE|FALSE)\s*(?:#|$)/iu.exec(body)?.[1];
  if (truth !== undefined) {
    return {
      question,
      options: ['True', 'False'],
      key: /^t/iu.test(truth) ? 0 : 1,
      setAside: [`{${body.trim()}}`],
    };
  }
  const answers = giftAnswers(body);
  const options = answers.map(({ text }) => text);
  const rights = answers.flatMap(({ isRight }, index) => (isRight ? [index] : []));
  const setAside = answers.flatMap(({ feedback }) => (feedback === '' ? [] : [feedback]));
  // Without a wrong answer these are accepted texts, not choices.
  if (answers.length < 2 || rights.length === answers.length) {
    return { question, options: [], key: null, setAside: [`{${body.trim()}}`] };
  }
  if (answers.length > MAX_OPTIONS || options.includes('')) return null;
  return { question, options, key: rights.length === 1 ? (rights[0] ?? null) : null, setAside };
}

interface GiftAnswer {
  text: string;
  feedback: string;
  isRight: boolean;
}

function giftAnswers(body: string): GiftAnswer[] {
  return [...body.matchAll(/(?<!\\)([=~])((?:\\[^]|[^=~\\])*)/gu)].map(([, sign = '', rest = '']) => {
    const weight = /^\s*%(-?[\d.]{1,10})%/u.exec(rest);
    const text = rest.slice(weight?.[0].length ?? 0);
    const hash = text.search(/(?<!\\)#/u);
    return {
      text: readChoice(giftText(hash < 0 ? text : text.slice(0, hash))).text,
      feedback: hash < 0 ? '' : giftText(text.slice(hash + 1)),
      isRight: weight ? Number(weight[1]) > 0 && (sign === '=' || Number(weight[1]) === 100) : sign === '=',
    };
  });
}

const giftText = (text: string): string =>
  tidyLines(text.replace(/\\n/gu, '\n').replace(/\\([~=#{}:\\])/gu, '$1'));

const tidyLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .trim();

/** Moodle: "{1:MULTICHOICE:Chest~=Brain}". */
const MOODLE =
  /\{\d{0,3}:(?:MULTICHOICE|MULTIRESPONSE|MC|MR|SHORTANSWER|SA|NUMERICAL|NM)(?:_?[A-Z]{0,3}):((?:\\[^]|[^{}\\])*)\}/gu;
/** Anki: "{{c1::Brain MRI::hint}}". */
const ANKI = /\{\{c\d{1,3}::((?:[^{}:]|:(?!:))*)(?:::([^{}]*))?\}\}/gu;

/** A sentence with gaps: the text of a gap is its key. Null without gaps. */
export function readCloze(text: string): PastedQuestion[] | null {
  const moodle = [...text.matchAll(MOODLE)];
  const setAside: string[] = [];
  const open = text
    .replace(MOODLE, (whole) => (setAside.push(whole), '_____'))
    .replace(ANKI, (_, answer: string, hint?: string) => {
      setAside.push(answer.trim());
      return hint ? `_____ (${hint})` : '_____';
    });
  if (setAside.length === 0) return null;
  const [only] = moodle;
  const body = only?.[1] ?? '';
  const item =
    moodle.length === 1 && setAside.length === 1 && body.includes('~')
      ? giftItem('', `~${body}`.replace(/^~(?=[=~%])/u, body.startsWith('%') ? '~' : ''))
      : null;
  const options = item?.options ?? [];
  return [{ question: tidy(open) === '_____' ? '' : open.trim(), options, key: item?.key ?? null, setAside }];
}
