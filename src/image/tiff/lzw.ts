/** LZW as TIFF uses it: codes of 9–12 bits, most significant first, one code early. TIFF 6.0 section 13. */

const CLEAR = 256;
const END = 257;
const FIRST = 258;
const MAX_CODES = 4096;

/** @returns `length` bytes, or null if the codes end early or are invalid */
export function unpackLzw(coded: Uint8Array, length: number): Uint8Array | null {
  const bytes = new Uint8Array(length);
  // The string of each code is that of another code (`prefix`) followed by a byte (`suffix`).
  const prefix = new Uint16Array(MAX_CODES);
  const suffix = Uint8Array.from({ length: MAX_CODES }, (_, code) => code & 255);
  const lengths = new Uint16Array(MAX_CODES).fill(1, 0, CLEAR);
  let next = FIRST;
  let width = 9;
  let previous = -1;
  let bits = 0;
  let count = 0;
  let from = 0;
  let to = 0;
  while (to < length) {
    while (count < width) {
      if (from >= coded.length) return null;
      bits = ((bits & 0xffff) << 8) | coded[from++]!;
      count += 8;
    }
    const code = (bits >> (count - width)) & ((1 << width) - 1);
    count -= width;
    if (code === END) return null;
    if (code === CLEAR) {
      next = FIRST;
      width = 9;
      previous = -1;
      continue;
    }
    if (code > next || (previous < 0 && code > 255) || (code === next && previous < 0)) return null;
    const known = code < next ? code : previous;
    const size = lengths[known]!;
    let walk = known;
    for (let at = to + size - 1; at >= to; at--) {
      if (at < length) bytes[at] = suffix[walk]!;
      if (at > to) walk = prefix[walk]!;
    }
    const first = suffix[walk]!;
    if (code === next && to + size < length) bytes[to + size] = first;
    to += code === next ? size + 1 : size;
    if (previous >= 0 && next < MAX_CODES) {
      prefix[next] = previous;
      suffix[next] = first;
      lengths[next] = lengths[previous]! + 1;
      next++;
    }
    if (next >= (1 << width) - 1 && width < 12) width++;
    previous = code;
  }
  return bytes;
}
