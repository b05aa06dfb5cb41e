/** Options of a multiple-choice question: from a list, or found in what a person typed or pasted. */
import type { Options } from './presets';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** "A) …", "(A) …", "A. …", "A: …" at the beginning of a line. */
const OPTION_LINE = /^\s*\(?([A-Z])[).:]\s*(\S.*?)\s*$/;

/** { A: first, B: second, … } of the texts that are not blank. */
export function letterOptions(texts: readonly string[]): Options {
  const filled = texts.map((text) => text.trim()).filter((text) => text !== '');
  return Object.fromEntries(filled.slice(0, LETTERS.length).map((text, i) => [LETTERS.charAt(i), text]));
}

/**
 * Parts a question from options that stand below it, one a line and lettered from A without a gap. At least
 * two are needed; otherwise the text is all question.
 */
export function recognizeOptions(text: string): { question: string; options: Options } {
  const lines = text.split(/\r?\n/).filter((line, i, all) => line.trim() !== '' || i < all.length - 1);
  const start = lines.findIndex((line) => OPTION_LINE.exec(line)?.[1] === 'A');
  if (start < 0) return { question: text, options: {} };
  const found = lines.slice(start).filter((line) => line.trim() !== '');
  const texts = found.map((line, i) => {
    const [, letter, option] = OPTION_LINE.exec(line) ?? [];
    return letter === LETTERS.charAt(i) ? option : undefined;
  });
  if (texts.length < 2 || !texts.every((option) => option !== undefined)) {
    return { question: text, options: {} };
  }
  return { question: lines.slice(0, start).join('\n').trim(), options: letterOptions(texts) };
}
