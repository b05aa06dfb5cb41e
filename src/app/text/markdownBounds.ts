/**
 * Keeps the work on a text of a model, or of a stranger's file, in proportion to its length. The Markdown parser takes
 * quadratic time on some texts, and a stack frame for each level of nesting, so it gets only pieces within bounds; what
 * exceeds them is shown as it is written.
 */

// Far above what models write: a list of a hundred bold entries has 400 marks in 6,000 characters.
const MAX_BLOCK = 8_000;
const MAX_JOINED = 1_000;
const MAX_MARKS = 600;
/** Levels of lists and quotes, and columns of indentation of a list. */
const MAX_DEPTH = 16;
const MAX_INDENT = 40;
const MAX_SPACES = 200;
const MAX_WORD = 1_000;
/** Longer answers come from no context; the rest of them is plain. */
export const MAX_FORMATTED = 100_000;

/** Whether the parser may get this text. */
export function isBounded(text: string): boolean {
  return (
    text.length <= MAX_BLOCK && text.split('\n').every(isShallow) && hasFewMarks(text) && hasShortRuns(text)
  );
}

function isShallow(line: string): boolean {
  let depth = 0;
  let at = 0;
  for (; at < line.length && depth <= MAX_DEPTH; at++) {
    const char = line.charAt(at);
    if (char === ' ' || char === '\t') continue;
    const marker = LIST_MARKER.exec(line.slice(at, at + 12))?.[0];
    if (char !== '>' && marker === undefined) break;
    if (char !== '>' && at > MAX_INDENT) return false;
    depth++;
    at += (marker?.length ?? 1) - 1;
  }
  return depth <= MAX_DEPTH;
}

const LIST_MARKER = /^(?:[-*+]|\d{1,9}[.)])(?=[ \t])/;

function hasFewMarks(text: string): boolean {
  let count = 0;
  for (const char of text) if ('*_~`[<'.includes(char)) count++;
  return count <= MAX_MARKS;
}

function hasShortRuns(text: string): boolean {
  let start = 0;
  let isSpace = false;
  for (let at = 0; at <= text.length; at++) {
    const space = ' \t\n'.includes(text.charAt(at));
    if (space === isSpace && at < text.length) continue;
    if (at - start > (isSpace ? MAX_SPACES : MAX_WORD)) return false;
    start = at;
    isSpace = space;
  }
  return true;
}

export interface Piece {
  raw: string;
  /** The lines of a fenced block; null for everything else. */
  code: string | null;
}

const FENCE = /^(`{3,}|~{3,})[^`\n]{0,200}$/;
/** Such a line may continue a list, or an indented block, over an empty line. */
const CONTINUES = /^(?:[ \t]|[-*+][ \t]|\d{1,9}[.)][ \t])/;

/** Blocks that can be parsed one by one: fenced code, and what is between empty lines. Joined they are the text. */
export function piecesOf(text: string): Piece[] {
  const lines = text.split(/(?<=\n)/);
  const pieces: Piece[] = [];
  let current: string[] = [];
  const close = (code: string | null = null): void => {
    if (current.length > 0) pieces.push({ raw: current.join(''), code });
    current = [];
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const fence = FENCE.exec(line.trimEnd())?.[1];
    if (fence !== undefined) {
      close();
      const end = fenceEnd(lines, i, fence);
      current = lines.slice(i, end + 1);
      const isClosed = end < lines.length;
      close(
        lines
          .slice(i + 1, end)
          .join('')
          .replace(/\n$/, ''),
      );
      i = isClosed ? end : lines.length;
      continue;
    }
    const isAfterBlank = current.at(-1)?.trim() === '' && line.trim() !== '';
    if (isAfterBlank && !(CONTINUES.test(line) && CONTINUES.test(current[0] ?? ''))) close();
    current.push(line);
  }
  close();
  return pieces;
}

/** Neighbours that may be parsed together: the parser has a cost for each call. */
export function joinPieces(pieces: readonly Piece[]): (Piece & { isBounded: boolean })[] {
  const joined: (Piece & { isBounded: boolean })[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    const fits = piece.code === null && isBounded(piece.raw);
    if (fits && last?.isBounded && last.raw.length + piece.raw.length <= MAX_JOINED) last.raw += piece.raw;
    else joined.push({ ...piece, isBounded: fits });
  }
  return joined;
}

/** The line that closes the fence; one past the last line if none does. */
function fenceEnd(lines: readonly string[], open: number, fence: string): number {
  let at = open + 1;
  while (at < lines.length) {
    const line = (lines[at] ?? '').trim();
    if (line.startsWith(fence) && line === fence.charAt(0).repeat(line.length)) break;
    at++;
  }
  return at;
}
