/** Dictionaries and lists as Python prints them. */

const WORDS: Record<string, string> = { True: 'true', False: 'false', None: 'null' };
const TOKEN = /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|([A-Za-z]+)|([^'"A-Za-z]+)/gu;

/** The same in JSON; null if the text has quotes without a pair or words that are none of Python's. */
export function jsonOfPython(text: string): string | null {
  const parts: string[] = [];
  let at = 0;
  for (const found of text.matchAll(TOKEN)) {
    if (found.index !== at) return null;
    at += found[0].length;
    const [, single, double, word, other] = found;
    if (word !== undefined && !(word in WORDS)) return null;
    const quoted = single ?? double;
    parts.push(
      quoted === undefined
        ? (WORDS[word ?? ''] ?? other ?? '')
        : JSON.stringify(quoted.replace(/\\(n|t|.)/gu, (_, c: string) => ({ n: '\n', t: '\t' })[c] ?? c)),
    );
  }
  return at === text.length ? parts.join('') : null;
}
