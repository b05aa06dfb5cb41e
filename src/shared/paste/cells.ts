/** Splits rows of a spreadsheet into cells: tabs, commas, semicolons, or the bars of Markdown. */
import { tidy } from './line';

const MAX_ROWS = 500;
const MAX_COLUMNS = 30;
/** A table is no longer than this; beyond it, a text is a book. */
const MAX_CELL_TEXT = 200_000;

/** Cells in tabs; null unless every line that is not empty has at least three. */
export function tabbed(text: string): string[][] | null {
  if (!text.includes('\t')) return null;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0 || lines.length > MAX_ROWS) return null;
  const rows = lines.map((line) => line.split('\t').map((cell) => cell.trim().replace(/^"([^]*)"$/u, '$1')));
  return rows.every(isRow) ? rows : null;
}

/** Cells between bars, without the line below the head. */
export function barred(text: string): string[][] | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length < 2 || lines.length > MAX_ROWS || !lines.every((line) => line.trim().startsWith('|')))
    return null;
  const rows = lines
    .map((line) => line.trim().replace(/^\|/u, '').replace(/\|$/u, '').split('|').map(tidy))
    .filter((cells) => !cells.every((cell) => /^:?-+:?$/u.test(cell)));
  return rows.length > 0 ? rows : null;
}

/** Cells between commas or semicolons, which may be quoted. Null unless all rows have as many as the first, at least three. */
export function delimited(text: string, delimiter: ',' | ';'): string[][] | null {
  if (text.length > MAX_CELL_TEXT || !text.includes(delimiter)) return null;
  const rows: string[][] = [[]];
  let at = 0;
  while (at < text.length) {
    const cell = cellAt(text, at, delimiter);
    if (!cell) return null;
    const row = rows.at(-1);
    row?.push(cell.text.trim());
    if (rows.length > MAX_ROWS || (row?.length ?? 0) > MAX_COLUMNS) return null;
    if (text.charAt(cell.end) === '\n') rows.push([]);
    at = cell.end + 1;
  }
  const filled = rows.filter((row) => row.some((cell) => cell !== ''));
  return filled.length > 0 && filled.every((row) => isRow(row) && row.length === filled[0]?.length)
    ? filled
    : null;
}

const isRow = ({ length }: readonly string[]): boolean => length >= 3 && length <= MAX_COLUMNS;

/** The cell that begins here; null if a quoted one does not end at a delimiter. */
function cellAt(text: string, from: number, delimiter: string): { text: string; end: number } | null {
  let at = from;
  while (text.charAt(at) === ' ') at++;
  if (text.charAt(at) !== '"') {
    const ends = [text.indexOf(delimiter, from), text.indexOf('\n', from), text.length];
    const end = Math.min(...ends.filter((place) => place >= 0));
    return { text: text.slice(from, end), end };
  }
  let close = text.indexOf('"', at + 1);
  while (close >= 0 && text.charAt(close + 1) === '"') close = text.indexOf('"', close + 2);
  if (close < 0) return null;
  let end = close + 1;
  while (text.charAt(end) === ' ') end++;
  const isEnd = end >= text.length || text.charAt(end) === delimiter || text.charAt(end) === '\n';
  return isEnd ? { text: text.slice(at + 1, close).replaceAll('""', '"'), end } : null;
}
