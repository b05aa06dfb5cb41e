/** What single tokens write, for people to read: a token may hold a part of a character only. */
import type { Tokenizer } from '../ports';

const UTF8 = new TextDecoder('utf-8', { fatal: true });
/** One capital letter among marks and blanks: "A", " A", ">A", "(A)". */
const LETTER_ALONE = /^[^\p{L}\p{N}]*([A-Z])[^\p{L}\p{N}]*$/u;

/** Text of the bytes; a byte that belongs to no whole character stands as \xE2. */
export function showBytes(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at);
    text += length > 0 ? UTF8.decode(bytes.subarray(at, at + length)) : hex(bytes[at] ?? 0);
    at += Math.max(length, 1);
  }
  return text;
}

/** The letter that a token writes alone, or null. */
export function letterOf(bytes: Uint8Array): string | null {
  return LETTER_ALONE.exec(showBytes(bytes))?.[1] ?? null;
}

const scanned = new WeakMap<Tokenizer, Map<string, number[]>>();

/**
 * All ids that write a letter alone, by letter. The first call looks at the whole vocabulary, later ones do not.
 * @param vocabSize ids are 0 to vocabSize − 1
 */
export function letterIds(tokenizer: Tokenizer, vocabSize: number): ReadonlyMap<string, readonly number[]> {
  const known = scanned.get(tokenizer);
  if (known) return known;
  const ids = new Map<string, number[]>();
  for (let id = 0; id < vocabSize; id++) {
    const letter = letterOf(tokenizer.bytes(id));
    if (letter === null) continue;
    const list = ids.get(letter);
    if (list) list.push(id);
    else ids.set(letter, [id]);
  }
  scanned.set(tokenizer, ids);
  return ids;
}

/** Bytes of the character that begins at `at`, 0 where none does. */
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
