/** A paste as plain lines: line ends, invisible characters, HTML, LaTeX, quoted mail, and letters drawn as pictures. */

/** Tags of lists, tables and paragraphs; a single "<" or "<5 mm" is text. */
const HTML =
  /<(?:li|br|p|div|ol|ul|td|tr|table|label|input|h[1-6]|b|strong|u|mark|option|details|summary)(?:\s[^<>]{0,2000})?\/?>/iu;
/** Marks of direction and breaks without width; joiners stay, because words are written with them. */
const INVISIBLE = /[\u200B\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF\u00AD]/gu;

export function cleanText(source: string): string {
  const text = source
    .replace(/\r\n?|[\u2028\u2029]|\v|\f/gu, '\n')
    .replace(/^[ \t]*\|.*<br.*$/gimu, (row) => row.replace(/<br\s{0,3}\/?>/giu, ' '))
    .replace(INVISIBLE, '')
    .replace(/[\u00A0\u202F\u2007]/gu, ' ');
  const plain = HTML.test(text.slice(0, 200_000)) ? fromHtml(text) : text;
  return drawnNames(withoutQuotes(fromLatex(withoutFences(plain))));
}

/** The lines of a table that is drawn with bars, without bars; code fences go. */
function withoutFences(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s*(?:```|~~~)/u.test(line))
    .join('\n');
}

/** Exams in LaTeX; a text with other commands stays as it is. */
function fromLatex(text: string): string {
  if (!/\\(?:item|choice|CorrectChoice|question|begin)\b/u.test(text)) return text;
  return text
    .split('\n')
    .filter((line) => !/^\s*\\(?:begin|end)\{[^{}]{1,40}\}(?:[[{][^\n]{0,200})?\s*$/u.test(line))
    .map((line) =>
      line
        .replace(/\\(?:textbf|underline|emph)\{([^{}]{1,500})\}/gu, '**$1**')
        .replace(/^\s*\\question(?:\[[^\]]{0,20}\])?\s*/u, ''),
    )
    .join('\n');
}

/** "> What is this?": all lines of a mail. */
function withoutQuotes(text: string): string {
  if (!/^\s*>/u.test(text)) return text;
  const lines = text.split('\n');
  const isQuoted = lines.every((line) => line.trim() === '' || /^\s*>/u.test(line));
  return isQuoted ? lines.map((line) => line.replace(/^\s*> ?/u, '')).join('\n') : text;
}

const DRAWN =
  /^([ \t]*(?:[-*•][ \t]+)?)(?:([0-9])\uFE0F?\u20E3|([\u{1F130}-\u{1F189}])\uFE0F?)[ \t]*[.):]?/gmu;
/** The letter A in circles and squares, black and white. */
const FIRST_DRAWN = [0x1f130, 0x1f150, 0x1f170];

/** "1️⃣" and "🅰️" in front of choices. */
function drawnNames(text: string): string {
  return text.replace(DRAWN, (whole, start: string, digit?: string, letter?: string) => {
    if (digit !== undefined) return `${start}${digit}) `;
    const code = letter?.codePointAt(0) ?? 0;
    const first = FIRST_DRAWN.findLast((one) => one <= code) ?? code;
    return code - first < 12 ? `${start}${String.fromCharCode(65 + code - first)}) ` : whole;
  });
}

const BOLD: ReadonlySet<string> = new Set(['b', 'strong', 'u', 'mark']);
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
    if (BOLD.has(name)) return '**';
    if (name === 'option' && !close) return lineStart(name, rest);
    return BREAKS.has(name) ? '\n' : '';
  });
  return written
    .replace(
      /&(#\d{1,6}|#x[0-9a-f]{1,6}|[a-z]{2,8});/giu,
      (whole, name: string) => entity(name.toLowerCase()) ?? whole,
    )
    .split('\n')
    .map((line) => line.replace(/\*{8}|\*{4}(?=\S)|(?<=\S)\*{4}/gu, '**').replace(/\*\*\s+\*\*/gu, ' '))
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
