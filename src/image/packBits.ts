/** PackBits, the run-length coding of TIFF and DICOM. TIFF 6.0 section 9, PS3.5 annex G.3. */

/** @returns `length` bytes, or null if the coded ones end early. What follows is padding. */
export function unpackBits(coded: Uint8Array, length: number): Uint8Array | null {
  const bytes = new Uint8Array(length);
  let from = 0;
  let to = 0;
  while (to < length && from < coded.length) {
    const head = coded[from++]!;
    if (head < 128) {
      const run = coded.subarray(from, from + Math.min(head + 1, length - to));
      bytes.set(run, to);
      from += head + 1;
      to += run.length;
    } else if (head > 128) {
      if (from >= coded.length) return null;
      bytes.fill(coded[from++]!, to, to + 257 - head);
      to += 257 - head;
    }
  }
  return to >= length ? bytes : null;
}
