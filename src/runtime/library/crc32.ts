/** CRC-32 as ZIP has it (ISO 3309, reflected polynomial EDB88320), four bytes at a time. */
const TABLES = makeTables();

function makeTables(): Uint32Array[] {
  const first = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    first[byte] = value;
  }
  const tables = [first];
  for (let i = 1; i < 4; i++) {
    const before = tables[i - 1] as Uint32Array;
    tables.push(before.map((value) => (value >>> 8) ^ (first[value & 0xff] as number)));
  }
  return tables;
}

export function crc32(bytes: Uint8Array): number {
  const [t0, t1, t2, t3] = TABLES as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  const at = (table: Uint32Array, index: number): number => table[index & 0xff] as number;
  let crc = 0xffffffff;
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    const word =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    crc ^= word;
    crc = at(t3, crc) ^ at(t2, crc >>> 8) ^ at(t1, crc >>> 16) ^ at(t0, crc >>> 24);
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ at(t0, crc ^ (bytes[i] as number));
  return (crc ^ 0xffffffff) >>> 0;
}
