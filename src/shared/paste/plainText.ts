/** A paste as plain lines: line ends, invisible characters, and HTML. */

/** Tags of lists, tables and paragraphs; a single "<" or "<5 mm" is text. */
const HTML =
  /<(?:li|br|p|div|ol|ul|td|tr|table|label|input|h[1-6]|b|strong|option|details|summary)(?:\s[^<>]{0,2000})?\/?>/iu;
/** Marks of direction and breaks without width; joiners stay, because words are written with them. */
const INVISIBLE = /[\u200B\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF\u00AD]/gu;

export function cleanText(source: string): string {
  const text = source
    .replace(/\r\n?|[\u2028\u2029]|\v|\f/gu, '\n')
    .replace(INVISIBLE, '')
    .replace(/[\u00A0\u202F\u2007]/gu, ' ');
  return withoutFences(HTML.test(text.slice(0, 200_000)) ? fromHtml(text) : text);
}

/** The lines of a table that is drawn with bars, without bars; code fences go. */
function withoutFences(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s*(?:```|~~~)/u.test(line))
    .join('\n');
}

const BREAKS = new Set([
  'br',
  'p',
  'div',
  'tr',
  'ol',
  'ul',
  'table',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'label',
  'option',
  'details',
  'summary',
]);
const TAG = /<(\/?)([a-zA-Z][a-zA-Z0-9]{0,15})((?:\s[^<>]{0,2000})?)\/?>/gu;

function fromHtml(text: string): string {
  const written = withoutHidden(text).replace(TAG, (_, close: string, tag: string, rest: string) => {
    const name = tag.toLowerCase();
    if (name === 'li' || name === 'input') return close ? '' : lineStart(name, rest);
    if (name === 'td' || name === 'th') return close ? '\t' : '';
    if (name === 'b' || name === 'strong') return '**';
    if (name === 'option' && !close) return lineStart(name, rest);
    return BREAKS.has(name) ? '\n' : '';
  });
  return written
    .replace(
      /&(#\d{1,6}|#x[0-9a-f]{1,6}|[a-z]{2,8});/giu,
      (whole, name: string) => entity(name.toLowerCase()) ?? whole,
    )
    .split('\n')
    .map((line) => line.replace(/\*\*\s*\*\*/gu, ' '))
    .join('\n');
}

/** Without comments and style sheets. */
function withoutHidden(text: string): string {
  return [
    ['<!--', '-->'],
    ['<style', '</style>'],
  ].reduce((rest, [open = '', close = '']) => cut(rest, open, close), text);
}

function cut(text: string, open: string, close: string): string {
  const kept: string[] = [];
  let at = 0;
  for (let from = text.indexOf(open); from >= 0; from = text.indexOf(open, at)) {
    kept.push(text.slice(at, from));
    const end = text.indexOf(close, from);
    at = end < 0 ? text.length : end + close.length;
  }
  return [...kept, text.slice(at)].join('');
}

/** A box or item that the page marks as chosen or right is written with a mark. */
function lineStart(name: string, attributes: string): string {
  const isRight = /(?:^|\s|["'])(?:checked|selected|correct|right-answer|is-correct)(?:$|[\s"'=])/iu.test(
    attributes,
  );
  if (isRight) return '\n* ';
  return name === 'input' ? '' : '\n- ';
}

const ENTITIES: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  check: '✓',
  bull: '•',
};

function entity(name: string): string | undefined {
  if (!name.startsWith('#')) return ENTITIES[name];
  const code = name.startsWith('#x') ? parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 31 && code <= 0x10ffff ? String.fromCodePoint(code) : ' ';
}
