/** The text of single tokens, for display. A token may contain only part of a character. */
import type { Tokenizer } from '../ports';

const UTF8 = new TextDecoder('utf-8', { fatal: true });
/** One capital letter with only punctuation or whitespace around it: "A", " A", ">A", "(A)". */
const LETTER_ALONE = /^[^\p{L}\p{N}]*([A-Z])[^\p{L}\p{N}]*$/u;

/** Text of the bytes. A byte that is not part of a complete UTF-8 character is shown as \xE2. */
export function showBytes(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at);
    text += length > 0 ? UTF8.decode(bytes.subarray(at, at + length)) : hex(bytes[at] ?? 0);
    at += Math.max(length, 1);
  }
  return text;
}

/** The capital letter, if the token contains no other letter or digit; else null. */
export function letterOf(bytes: Uint8Array): string | null {
  return LETTER_ALONE.exec(showBytes(bytes))?.[1] ?? null;
}

const cache = new WeakMap<Tokenizer, Map<string, number[]>>();

/**
 * The ids of all tokens that write a single letter, by letter. The first call scans the whole vocabulary; the result
 * is cached.
 * @param vocabSize ids are 0 to vocabSize − 1
 */
export function letterIds(tokenizer: Tokenizer, vocabSize: number): ReadonlyMap<string, readonly number[]> {
  const cached = cache.get(tokenizer);
  if (cached) return cached;
  const ids = new Map<string, number[]>();
  for (let id = 0; id < vocabSize; id++) {
    const letter = letterOf(tokenizer.bytes(id));
    if (letter === null) continue;
    const list = ids.get(letter);
    if (list) list.push(id);
    else ids.set(letter, [id]);
  }
  cache.set(tokenizer, ids);
  return ids;
}

/** Number of bytes of the character that starts at `at`; 0 if none does. */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    UTF8.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
