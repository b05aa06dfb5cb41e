/**
 * The behaviour of Python's `str` and `re` where JavaScript differs, for graders that must agree with Python code:
 * `\s` and `strip()` have another set of whitespace characters, `.` excludes only the line feed, and with `re.I` ſ
 * matches s, and ı and İ match i.
 */

/** The characters of `str.isspace`, which `\s` and `strip()` use, for a character class. */
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const STRIP = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, 'g');

/** `text.strip()` */
export function strip(text: string): string {
  return text.replace(STRIP, '');
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
  return [...text.matchAll(pattern)].at(-1) ?? null;
}

/** Whether `re.fullmatch(pattern, text)` matches. */
export function fullMatches(pattern: RegExp, text: string): boolean {
  return new RegExp(`^(?:${pattern.source})$`, 'u').test(text);
}
