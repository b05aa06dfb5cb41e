/**
 * The behaviour of Python's `str` and `re` where JavaScript differs, for graders that must agree with Python code:
 * `\s` and `strip()` have another set of whitespace characters, `.` excludes only the line feed, and with `re.I` ſ
 * matches s, and ı and İ match i.
 */

/** The characters of `str.isspace`, which `\s` and `strip()` use, for a character class. */
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const IS_SPACE = new RegExp(`[${SPACE}]`);

/** `text.strip()`. A pattern for the end would look at every run of spaces in the text again and again. */
export function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && IS_SPACE.test(text.charAt(start))) start++;
  while (end > start && IS_SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** `re.sub(r"\s+", "", text)` */
export function removeSpace(text: string): string {
  return text.replace(new RegExp(`[${SPACE}]+`, 'g'), '');
}

/**
 * Translates a Python pattern. Supports only what the graders need: `\s`, `\w`, `.` and plain text.
 * @param flags S: `.` also matches the line feed. I: ignore case, for ASCII letters in the pattern.
 */
export function pythonPattern(pattern: string, flags: { S?: boolean; I?: boolean } = {}): RegExp {
  const translated = pattern.replace(/\\s|\\w|\\.|\.|[a-zA-Z]/g, (part) => {
    if (part === '\\s') return `[${SPACE}]`;
    if (part === '\\w') return '[\\p{L}\\p{N}_]';
    if (part === '.') return flags.S ? '[\\s\\S]' : '[^\\n]';
    return flags.I && part.length === 1 ? anyCase(part) : part;
  });
  return new RegExp(translated, 'gu');
}

/** A character class of everything that matches this ASCII letter with `re.I`. */
function anyCase(letter: string): string {
  const lower = letter.toLowerCase();
  const more = { s: 'ſ', i: 'ıİ', k: '\u212a' }[lower] ?? '';
  return `[${lower}${lower.toUpperCase()}${more}]`;
}

/** Groups of `re.search(pattern, text)`, or null. */
export function search(pattern: RegExp, text: string): string[] | null {
  return text.matchAll(pattern).next().value ?? null;
}

/** Groups of the last of `re.finditer(pattern, text)`, or null. */
export function searchLast(pattern: RegExp, text: string): string[] | null {
  let last: string[] | null = null;
  for (const match of text.matchAll(pattern)) last = match;
  return last;
}

/** What is between two texts, as in `<answer>(.*?)</answer>`. */
export interface Enclosed {
  open: RegExp;
  close: RegExp;
  /** The flag S: the content may contain line feeds. */
  S: boolean;
}

/** @param flags as for pythonPattern */
export function enclosed(open: string, close: string, flags: { S?: boolean; I?: boolean } = {}): Enclosed {
  return { open: pythonPattern(open, flags), close: pythonPattern(close, flags), S: flags.S ?? false };
}

/**
 * The contents that `re.finditer(open + "(.*?)" + close, text)` captures. The work grows with the text: a lazy pattern
 * would search for the end from every beginning.
 */
export function* contents({ open, close, S }: Enclosed, text: string): Generator<string, undefined> {
  const ends = text.matchAll(close);
  let end = ends.next().value;
  let free = 0;
  let lineEnd = -1;
  for (const begin of text.matchAll(open)) {
    if (begin.index < free) continue;
    const from = begin.index + begin[0].length;
    while (end && end.index < from) end = ends.next().value;
    if (!end) return undefined;
    if (!S && lineEnd < from && lineEnd !== Infinity) {
      const next = text.indexOf('\n', from);
      lineEnd = next < 0 ? Infinity : next;
    }
    if (!S && lineEnd < end.index) continue;
    yield text.slice(from, end.index);
    free = end.index + end[0].length;
  }
  return undefined;
}

/** The content that `re.search` captures, or undefined. */
export function firstContent(pattern: Enclosed, text: string): string | undefined {
  return contents(pattern, text).next().value;
}

/** The content of the last match of `re.finditer`, or undefined. */
export function lastContent(pattern: Enclosed, text: string): string | undefined {
  let last: string | undefined;
  for (const content of contents(pattern, text)) last = content;
  return last;
}
