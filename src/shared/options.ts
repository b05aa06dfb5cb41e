/** The letters of the answer choices. */

/** A to J, the letters that MedVLM-R1's reward considers. */
export const MAX_OPTIONS = 10;

/** The letter of the option with this index: 0 is A. */
export function optionLetter(index: number): string {
  return String.fromCharCode(65 + index);
}
