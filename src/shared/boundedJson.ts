/**
 * Reads JSON that a stranger wrote. `JSON.parse` accepts anything that fits into memory; what reads its result would
 * then overflow the stack or fill the memory. So length, depth and number of values are checked first, in one pass over
 * the bytes.
 */
import type { Fail } from './fields';

export interface JsonBudget {
  maxBytes: number;
  /** Objects and lists within one another; default 64. */
  maxDepth?: number;
  /** Entries of all objects and lists together; default one million. */
  maxValues?: number;
}

const MAX_DEPTH = 64;
const MAX_VALUES = 1_000_000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENING = [0x5b, 0x7b];
const CLOSING = [0x5d, 0x7d];

/**
 * @param what how messages refer to the file, for example `config.json`
 * @param fail throws the caller's error
 */
export function parseBoundedJson(bytes: Uint8Array, what: string, budget: JsonBudget, fail: Fail): unknown {
  const { maxBytes, maxDepth = MAX_DEPTH, maxValues = MAX_VALUES } = budget;
  if (bytes.length > maxBytes) {
    fail(
      `${what} has ${bytes.length} bytes; more than ${maxBytes} are not read. Check that this is the right file.`,
    );
  }
  const { depth, values } = measure(bytes);
  if (depth > maxDepth) {
    fail(`${what} nests lists and objects ${depth} levels deep; more than ${maxDepth} are not read.`);
  }
  if (values > maxValues) fail(`${what} has ${values} values; more than ${maxValues} are not read.`);
  try {
    // A byte order mark is dropped here, as by editors.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    // The engine's own message quotes the file, of any length.
    return fail(`${what} is not valid JSON. Download it again.`);
  }
}

/** Of what would be JSON; anything else fails when it is parsed. Linear, without recursion. */
function measure(bytes: Uint8Array): { depth: number; values: number } {
  let depth = 0;
  let level = 0;
  let values = 1;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === QUOTE) i = endOfText(bytes, i + 1);
    else if (byte === COMMA) values += 1;
    else if (byte === OPENING[0] || byte === OPENING[1]) {
      values += 1;
      level += 1;
      if (level > depth) depth = level;
    } else if (byte === CLOSING[0] || byte === CLOSING[1]) level -= 1;
  }
  return { depth, values };
}

/** Position of the quotation mark that ends a text. */
function endOfText(bytes: Uint8Array, start: number): number {
  let i = start;
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i;
}
