/** Reads size and depth of coded images from their headers, before a decoder allocates anything. */

export interface CodedHeader {
  /** Byte offset of the codestream; some files wrap it in boxes. */
  start: number;
  width: number;
  height: number;
  components: number;
  /** Of the first component. */
  bits: number;
  isSigned: boolean;
  /** Identifiers of the components; empty if the format has none. */
  ids: number[];
}

/** SOC and SIZ of a JPEG 2000 codestream, bare or in a JP2 file. ISO/IEC 15444-1 A.5.1. Null if it's missing. */
export function readJpeg2000Header(bytes: Uint8Array): CodedHeader | null {
  const start = findCodestream(bytes);
  if (start < 0 || bytes.length < start + 45) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start);
  const depth = view.getUint8(42);
  return {
    start,
    width: view.getUint32(8) - view.getUint32(16),
    height: view.getUint32(12) - view.getUint32(20),
    components: view.getUint16(40),
    bits: (depth & 127) + 1,
    isSigned: depth > 127,
    ids: [],
  };
}

function findCodestream(bytes: Uint8Array): number {
  const isBoxed = bytes[0] === 0 && bytes[4] === 0x6a && bytes[5] === 0x50;
  const limit = isBoxed ? Math.min(bytes.length - 4, 65536) : 0;
  for (let at = 0; at <= limit; at++) {
    if (bytes[at] === 0xff && bytes[at + 1] === 0x4f && bytes[at + 2] === 0xff && bytes[at + 3] === 0x51)
      return at;
  }
  return -1;
}
