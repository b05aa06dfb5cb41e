/** Question banks in XML, pasted as text: Moodle, and QTI in its versions 1.2 and 2. */
import type { PastedQuestion } from './assemble';
import { MAX_OPTIONS } from '../options';
import { cleanText } from './plainText';

const MAX_XML = 400_000;
const MAX_QUESTIONS = 200;

interface Form {
  item: string;
  stem: string;
  choice: string;
  /** The element that names the right choice; null if each choice says whether it is right. */
  key: string | null;
}

const FORMS: readonly Form[] = [
  { item: 'question', stem: 'questiontext', choice: 'answer', key: null },
  { item: 'assessmentItem', stem: 'prompt', choice: 'simpleChoice', key: 'correctResponse' },
  { item: 'item', stem: 'mattext', choice: 'response_label', key: 'varequal' },
];

/** Null if the text is in none of these forms. */
export function readXml(text: string): PastedQuestion[] | null {
  if (text.length > MAX_XML) return null;
  for (const form of FORMS) {
    const items = elements(text, form.item, MAX_QUESTIONS);
    const read = items.flatMap((item) => questionOf(item, form) ?? []);
    if (read.length > 0) return read;
  }
  return null;
}

interface Element {
  attributes: string;
  body: string;
}

/** The elements of this name, in order; elements within one of them are not looked for. */
function elements(text: string, name: string, most: number): Element[] {
  const found: Element[] = [];
  let at = 0;
  while (found.length < most) {
    const open = text.indexOf(`<${name}`, at);
    const start = open < 0 ? -1 : text.indexOf('>', open);
    if (start < 0) break;
    at = start + 1;
    if (!/[\s>/]/u.test(text.charAt(open + name.length + 1)) || text.charAt(start - 1) === '/') continue;
    const end = text.indexOf(`</${name}>`, start);
    if (end < 0) break;
    found.push({ attributes: text.slice(open + name.length + 1, start), body: text.slice(start + 1, end) });
    at = end;
  }
  return found;
}

const attribute = ({ attributes }: Element, name: string): string | null =>
  new RegExp(`(?:^|\\s)${name}\\s*=\\s*["']([^"']{0,200})["']`, 'u').exec(attributes.slice(0, 2_000))?.[1] ??
  null;

/** Null for what asks nothing, such as Moodle's categories. */
function questionOf(item: Element, form: Form): PastedQuestion | null {
  const [stem] = elements(item.body, form.stem, 1);
  if (!stem) return null;
  const choices = elements(item.body, form.choice, 100);
  const texts = choices.map(({ body }) => plain(elements(body, 'text', 1)[0]?.body ?? withoutFeedback(body)));
  const named = form.key === null ? null : plain(elements(item.body, form.key, 1)[0]?.body ?? '');
  const rights = choices.flatMap((choice, i) =>
    (named === null ? Number(attribute(choice, 'fraction')) === 100 : named === nameOf(choice)) ? [i] : [],
  );
  const setAside = [...elements(item.body, 'feedback', 100), ...elements(item.body, 'generalfeedback', 1)]
    .map(({ body }) => plain(body))
    .filter((text) => text !== '');
  const question = plain(stem.body);
  const isList = texts.length > 1 && texts.length <= MAX_OPTIONS && !texts.includes('');
  // Accepted texts and pairs are no choices.
  const isChoice =
    form.key !== null || /^(?:multichoice|truefalse)$/u.test(attribute(item, 'type') ?? 'multichoice');
  if (!isList || !isChoice) return { question, options: [], key: null, setAside: [...texts, ...setAside] };
  return { question, options: texts, key: rights.length === 1 ? (rights[0] ?? null) : null, setAside };
}

const nameOf = (choice: Element): string | null =>
  attribute(choice, 'identifier') ?? attribute(choice, 'ident');

function withoutFeedback(body: string): string {
  const at = body.search(/<feedback/u);
  return at < 0 ? body : body.slice(0, at);
}

/** Without tags; a section of character data holds HTML as it is, and other text holds it escaped. */
function plain(body: string): string {
  const isEscaped = !body.includes('<![CDATA[');
  const inner = body.replaceAll('<![CDATA[', '').replaceAll(']]>', '');
  const html = isEscaped ? unescape(inner) : inner;
  return cleanText(`<p>${html}</p>`)
    .replaceAll('**', '')
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .replace(/\n{3,}/gu, '\n\n')
    .trim();
}

const unescape = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
