/** Tells a changed question from another one. */

/** Of the shorter text, this part must be the same at both ends. */
const SAME = 1 / 3;

/** Whether an edit replaced the question, rather than changing a part of it. */
export function isOtherQuestion(before: string, after: string): boolean {
  const [a, b] = [before.trim(), after.trim()];
  const length = Math.min(a.length, b.length);
  if (length === 0) return a !== b;
  let start = 0;
  while (start < length && a[start] === b[start]) start++;
  let end = 0;
  while (end < length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return start + end < length * SAME;
}
