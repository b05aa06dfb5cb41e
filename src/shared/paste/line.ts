/** One line of a paste: what is in front of its text, and marks that call it right. */
import { match, readMarker, type Marker } from './marker';

/** `neutral` is a bullet; the others say which choice is right where the choices of a list differ. */
export type Prefix = 'right' | 'wrong' | 'neutral';

export interface Line {
  raw: string;
  isBlank: boolean;
  isIndented: boolean;
  prefix: Prefix | null;
  /** All of the text is bold. */
  isBold: boolean;
  marker: Marker | null;
  /** Where the marker, or the text if there is none, begins. */
  bodyAt: number;
}

const BOLD = /\*\*|__/y;
const RIGHT =
  /\[[xX✓✔*]\]|\([xX✓✔*]\)(?=[ \t])|[✓✔✅☑☒√■●◉⦿➤►→👉](?:\uFE0F)?|\\CorrectChoice\b|[=-]{1,2}>(?![\d>])|>{2,3}(?![\d>])|\+(?![\d+])|=(?![\d=>])|\*(?![*\d])|>(?![\d>])/uy;
const WRONG = /\[ ?\]|\( ?\)(?=[ \t])|[❌✗✘☐□○◯](?:\uFE0F)?|\\choice\b|~(?![\d~])|-(?=[ \t])/uy;
const NEUTRAL =
  /[•·◦▪▫‣⁃\uF0B7]|[🔺🔻🔷🔶🔹🔸🟥🟧🟨🟩🟦🟪🟫🔴🟠🟡🟢🔵🟣🟤⚪⚫⬜⬛](?:\uFE0F)?|\\item\b|–(?=[ \t])|o(?=\t)/uy;

const MARKED_NAME = /^\s*([([]?[\p{L}\p{Nd}]{1,2})[*✓✔✅](?=[)\].:])/u;

export function readLine(source: string): Line {
  // "B*) x" is marked as "*B) x" is.
  const raw = MARKED_NAME.test(source.slice(0, 20)) ? source.replace(MARKED_NAME, '*$1') : source;
  let at = skipSpace(raw, 0);
  const isIndented = at >= 2;
  let prefix: Prefix | null = null;
  let isOpen = false;
  // More marks than these occur only in decoration.
  for (let i = 0; i < 5; i++) {
    const bold = match(BOLD, raw, at);
    const found = bold ? null : prefixAt(raw, at);
    if (!bold && !found) break;
    if (bold) isOpen = !isOpen;
    if (found && prefix !== 'right')
      prefix = prefix === 'wrong' && found.kind === 'neutral' ? prefix : found.kind;
    at = skipSpace(raw, at + (bold?.[0].length ?? found?.length ?? 0));
  }
  const marker = readMarker(raw, at);
  const isBold = isOpen ? endsBold(raw, at) : false;
  const line = { raw, isBlank: raw.trim() === '', isIndented, prefix, isBold, marker, bodyAt: at };
  return marker ? withMarkerClosed(line, marker) : line;
}

function prefixAt(raw: string, at: number): { kind: Prefix; length: number } | null {
  for (const [kind, pattern] of [
    ['right', RIGHT],
    ['wrong', WRONG],
    ['neutral', NEUTRAL],
  ] as const) {
    const found = match(pattern, raw, at);
    if (found) return { kind, length: found[0].length };
  }
  return null;
}

/** "**A.** x": the bold ends after the marker, and says nothing about the choice, unless its text is bold as well. */
function withMarkerClosed(line: Line, marker: Marker): Line {
  const closing = match(BOLD, line.raw, marker.end);
  if (!closing) return line;
  const end = skipSpace(line.raw, marker.end + 2);
  const isBold = !line.isBold && endsBold(line.raw, end) && line.raw.startsWith(closing[0], marker.end);
  return { ...line, marker: { ...marker, end }, isBold };
}

/** The first closing mark after `from` is at the end of the line. */
function endsBold(raw: string, from: number): boolean {
  const end = raw.trimEnd();
  const mark = end.endsWith('**') ? '**' : '__';
  return end.endsWith(mark) && end.length > from + 2 && end.indexOf(mark, from) === end.length - 2;
}

export function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charAt(at).trim() === '') at++;
  return at;
}

/** The text without a bullet or a marker. */
export function bodyOf({ raw, marker, bodyAt }: Line): string {
  return raw.slice(marker?.end ?? bodyAt);
}

const AT_END = new Set([...' \t\u00A0,;|，；']);

/** One line, without separators and bold marks at its ends. */
export function tidy(source: string): string {
  let text = source.replace(/\s+/g, ' ').trim();
  for (let i = 0; i < 3; i++) {
    let end = text.length;
    while (end > 0 && AT_END.has(text.charAt(end - 1))) end--;
    text = text.slice(0, end);
    // Bold that was opened in front of the marker, or around all of the text.
    const mark = ['**', '__'].find((bold) => text.endsWith(bold));
    if (!mark) break;
    text = text.slice(text.startsWith(mark) && text.length > 3 ? 2 : 0, -2);
  }
  return text.trim();
}

/** For comparing texts: case, quotes, and a full stop at the end do not matter. */
export function normal(text: string): string {
  return tidy(text)
    .toLowerCase()
    .replace(/["“”«»*_`]/gu, '')
    .replace(/[.。!]$/u, '')
    .trim();
}
