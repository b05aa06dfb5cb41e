/** The CRC of PNG chunks and gzip members (ISO 3309). */

/** Of a byte with 0–7 zero bytes after it, so that eight bytes are looked up at once instead of one after another. */
const TABLES = Array.from({ length: 8 }, () => new Uint32Array(256));
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as Tables;
type Tables = [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

for (let i = 0; i < 256; i++) {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  T0[i] = crc;
}
for (let zeros = 1; zeros < 8; zeros++) {
  const [before, table] = [TABLES[zeros - 1]!, TABLES[zeros]!];
  for (let i = 0; i < 256; i++) table[i] = (before[i]! >>> 8) ^ T0[before[i]! & 255]!;
}

/** Of the bytes from `start` to `end`, as an unsigned 32-bit number. */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1;
  let i = start;
  for (; i + 8 <= end; i += 8) {
    crc =
      T7[(crc ^ bytes[i]!) & 255]! ^
      T6[((crc >>> 8) ^ bytes[i + 1]!) & 255]! ^
      T5[((crc >>> 16) ^ bytes[i + 2]!) & 255]! ^
      T4[((crc >>> 24) ^ bytes[i + 3]!) & 255]! ^
      T3[bytes[i + 4]!]! ^
      T2[bytes[i + 5]!]! ^
      T1[bytes[i + 6]!]! ^
      T0[bytes[i + 7]!]!;
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ T0[(crc ^ bytes[i]!) & 255]!;
  return (crc ^ -1) >>> 0;
}
