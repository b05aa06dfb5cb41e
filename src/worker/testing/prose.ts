/** Test helper: finds sentences in what a worker posts. Only the page words what people read, in its language. */

/** Names of fields that hold text of another origin: technical details of errors, and what the model reads and writes. */
const OTHER_TEXT = new Set(['message', 'stack', 'text', 'thinking', 'answer', 'prompt']);
/** Two words side by side; names, codes, files and addresses have none. */
const PROSE = /\p{L}{2,}[,;:.]?\s+\(?\p{L}{2,}/u;

/** `path: text` of every string in `value` that reads like a sentence. */
export function proseIn(value: unknown, path = ''): string[] {
  if (typeof value === 'string') return PROSE.test(value) ? [`${path}: ${value}`] : [];
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || value instanceof Blob)
    return [];
  return Object.entries(value).flatMap(([name, item]: [string, unknown]) =>
    OTHER_TEXT.has(name) && typeof item === 'string' ? [] : proseIn(item, `${path}.${name}`),
  );
}
