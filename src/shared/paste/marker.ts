/** The letter or number in front of a choice, at one place of a line. */
import { placesOf, type Place } from './alphabets';

export interface Marker {
  /** One entry for each alphabet that has the symbol. */
  places: readonly Place[];
  /** What closes it: `)`, `()`, `.`, `:`, `、`, `,`, `-`, `]`, `circle`, `tab` or `space`. */
  close: string;
  /** Where the text of the choice begins. */
  end: number;
}

// Every pattern is sticky and of bounded length, so that reading a marker costs the same wherever it is.
const WORD =
  /(?:option|choice|opt|answer|ans|opci[oó]n|respuesta|alternativa|op[cç][aã]o|resposta|réponse|proposition|opzione|risposta|вариант|ответ|antwort|selection|الخيار|الإجابة)[ \t]{1,3}(?=[([]?[\p{L}\p{Nd}]{1,2}[)\].:])|选项 ?|選項 ?/iuy;
const SYMBOL = /([([{（［【<]?) ?(الف|هـ|[IVX]{1,4}|[ivx]{1,4}|\p{Nd}{1,2}|[\p{L}\p{Nl}]) ?/uy;
const CIRCLED = /[①-⓿❶-❿㈀-㈜㉠-㉾㊀-㊉]/uy;
const CLOSED = /[)）\]］}】>](?:[.:、-](?!\d))?/uy;
/** A full stop between digits is a decimal point, a colon a time. */
const POINT = /[.．:：](?:[-)](?!\d)|(?!\d))/uy;
const COMMA = /[、､。]|(?:，|,(?=[ \t]))(?!\s*[A-La-l](?![\p{L}\p{M}]))/uy;
const DASH = /[-–—/=ـ](?=[ \t])|[–—](?=\p{L}{2})/uy;

/** Null if no choice's name starts here. */
export function readMarker(text: string, at: number): Marker | null {
  const start = at + (match(WORD, text, at)?.[0].length ?? 0);
  const circled = match(CIRCLED, text, start);
  if (circled) return finish(text, placesOf(circled[0]), 'circle', start + 1);
  const symbol = match(SYMBOL, text, start);
  if (!symbol) return null;
  const [whole, open = '', name = ''] = symbol;
  const places = placesOf(name);
  if (places.length === 0) return null;
  return closeMarker(text, start + whole.length, open !== '', places, whole.endsWith(' '));
}

function closeMarker(
  text: string,
  at: number,
  isOpen: boolean,
  places: readonly Place[],
  isSpaced: boolean,
): Marker | null {
  const closed = match(CLOSED, text, at);
  if (closed) return finish(text, places, isOpen ? '()' : ')', at + closed[0].length);
  if (isOpen) return null;
  const point = match(POINT, text, at);
  if (point) {
    const kind = '.．'.includes(point[0].charAt(0)) ? '.' : ':';
    // "A ." with a space is not a marker; "A :" is French.
    return isSpaced && kind === '.' ? null : finish(text, places, kind, at + point[0].length);
  }
  const comma = match(COMMA, text, at);
  if (comma) return finish(text, places, '、､。'.includes(comma[0]) ? '、' : ',', at + 1);
  if (match(DASH, text, at)) return finish(text, places, '-', at + 1);
  const next = text.charAt(at);
  if (next === '\t' || next === '\u3000' || (isSpaced && (next === ' ' || next === '\t')))
    return finish(text, places, 'tab', at);
  return isSpaced ? finish(text, places, 'space', at) : null;
}

function finish(text: string, places: readonly Place[], close: string, at: number): Marker {
  let end = at;
  while (' \t\u3000'.includes(text.charAt(end)) && end < text.length) end++;
  return { places, close, end };
}

export function match(sticky: RegExp, text: string, at: number): RegExpExecArray | null {
  sticky.lastIndex = at;
  return sticky.exec(text);
}
