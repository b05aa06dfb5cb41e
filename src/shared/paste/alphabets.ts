/** How choices are lettered or numbered, in the writing systems that question sheets use. */

/** A symbol's place in one alphabet: `c` is the third small Latin letter; `i` is the ninth, and the first Roman number. */
export interface Place {
  alphabet: string;
  index: number;
}

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'];
const ROMAN = ['i', 'ii', 'iii', 'iv', 'v', 'vi', 'vii', 'viii', 'ix', 'x', 'xi', 'xii'];

/** In the order in which they are tried. Longer than a question may have choices, so that a longer list is noticed. */
export const ALPHABETS: Readonly<Record<string, readonly string[]>> = {
  upper: [...'ABCDEFGHIJKL'],
  lower: [...'abcdefghijkl'],
  abjad: ['أ', 'ب', 'ج', 'د', 'ه', 'و', 'ز', 'ح', 'ط', 'ي'],
  hijai: [...'أبتثجحخدذر'],
  persian: ['الف', 'ب', 'ج', 'د', 'ه', 'و'],
  hebrew: [...'אבגדהוזחטי'],
  cyrillic: [...'АБВГДЕЖЗИК'],
  cyrillicLower: [...'абвгдежзик'],
  // Cyrillic letters that look like Latin ones, as typed on a Russian keyboard.
  lookalike: [...'АВСDЕ'],
  greek: [...'ΑΒΓΔΕΖΗΘΙΚ'],
  greekLower: [...'αβγδεζηθικ'],
  hangul: [...'가나다라마바사아자차'],
  jamo: [...'ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊ'],
  katakana: [...'アイウエオカキクケコ'],
  iroha: [...'イロハニホヘト'],
  stems: [...'甲乙丙丁戊己庚辛壬癸'],
  devanagari: [...'कखगघङचछजझञ'],
  devanagariShort: [...'अबसद'],
  roman: ROMAN.map((name) => name.toUpperCase()),
  romanLower: ROMAN,
  han: [...'一二三四五六七八九十'],
  digits: DIGITS,
};

/** Alphabets whose symbols also number sentences, findings and questions. */
export const NUMBERS: ReadonlySet<string> = new Set(['roman', 'romanLower', 'han', 'digits']);

const PLACES = new Map<string, Place[]>();
for (const [alphabet, symbols] of Object.entries(ALPHABETS)) {
  symbols.forEach((symbol, index) => {
    PLACES.set(symbol, [...(PLACES.get(symbol) ?? []), { alphabet, index }]);
  });
}

/** Symbols as they are written, because folding one takes longer than all else about it. */
const FOLDED = new Map<string, readonly Place[]>();
const MAX_FOLDED = 5_000;

/** Where this symbol is in each alphabet that has it; full-width, circled and other forms included. */
export function placesOf(symbol: string): readonly Place[] {
  const known = FOLDED.get(symbol);
  if (known) return known;
  const places = PLACES.get(foldSymbol(symbol)) ?? [];
  if (FOLDED.size < MAX_FOLDED) FOLDED.set(symbol, places);
  return places;
}

/** Circled white-on-black digits, which Unicode does not decompose. */
const NEGATIVE_CIRCLED = 0x2776;

function foldSymbol(symbol: string): string {
  const code = symbol.codePointAt(0) ?? 0;
  if (code >= NEGATIVE_CIRCLED && code < NEGATIVE_CIRCLED + 10) return String(code - NEGATIVE_CIRCLED + 1);
  return symbol
    .normalize('NFKC')
    .replace(/[().]/g, '')
    .replace(/^[اإآ]$/, 'أ')
    .replace(/^هـ$/, 'ه')
    .replace(/\p{Nd}/gu, asciiDigit);
}

/** Decimal digits come in blocks of ten; these are the blocks that question sheets use. */
const ZEROS = [0x30, 0x660, 0x6f0, 0x966, 0x9e6];

export function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  const zero = ZEROS.find((first) => code >= first && code < first + 10);
  return zero === undefined ? digit : String(code - zero);
}
