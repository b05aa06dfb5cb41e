/** Layouts that are not lines of text: GIFT, gaps, tables and records. */
import type { PastedQuestion } from './assemble';
import { readCloze, readGift } from './gift';
import { cleanText } from './plainText';
import { readRecords, readTable } from './tables';

/** Null if the text is in none of these layouts. */
export function readSpecial(source: string): PastedQuestion[] | null {
  const text = cleanText(source);
  if (/[{[]/u.test(text.trimStart().charAt(0))) {
    const records = readRecords(text);
    if (records) return records;
  }
  const isBraced = text.includes('{') && text.includes('}');
  return (
    (isBraced ? (readGift(text) ?? readCloze(text)) : null) ?? (/[\t|]/u.test(text) ? readTable(text) : null)
  );
}
