/** Layouts that are not lines of text: GIFT, gaps, tables and records. */
import type { PastedQuestion } from './assemble';
import { readCloze, readGift } from './gift';
import { cleanText } from './plainText';
import { readRecords } from './records';
import { readTable } from './tables';
import { readXml } from './xml';

/** Null if the text is in none of these layouts. */
export function readSpecial(source: string): PastedQuestion[] | null {
  if (/<(?:question|assessmentItem|item)[\s>]/u.test(source)) {
    const read = readXml(source);
    if (read) return read;
  }
  const text = cleanText(source);
  if (/[{[]/u.test(text.trimStart().charAt(0))) {
    const records = readRecords(text);
    if (records) return records;
  }
  const isBraced = text.includes('{') && text.includes('}');
  return (
    (isBraced ? (readGift(text) ?? readCloze(text)) : null) ??
    (/[\t|,;]/u.test(text) ? readTable(text) : null)
  );
}
