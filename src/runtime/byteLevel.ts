/** The alphabet of byte-level BPE (GPT-2's, and Qwen's): vocabularies write every byte as a printable character. */

const BYTE_OF_CHARACTER = byteOfCharacter();

/** Bytes that a vocabulary entry writes; characters outside the alphabet are written as UTF-8. */
export function bytesOfEntry(entry: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of entry) {
    const byte = BYTE_OF_CHARACTER.get(character);
    if (byte === undefined) bytes.push(...new TextEncoder().encode(character));
    else bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** Printable bytes map to themselves; the others to consecutive characters from U+0100. */
function byteOfCharacter(): Map<string, number> {
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  const map = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    map.set(String.fromCodePoint(isPrintable(byte) ? byte : next++), byte);
  }
  return map;
}
