/** A ZIP file with compressed entries, as other programs write it. */
import { crc32 } from '../../../shared/crc32';

export interface PackedEntry {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** What the directory says of the size; the true size if absent. */
  claims?: number;
}

export async function packedZip(entries: readonly PackedEntry[]): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const { name, bytes, claims = bytes.length } of entries) {
    const packed = await deflate(bytes);
    const encoded = new TextEncoder().encode(name);
    const fields = { crc: crc32(bytes), packed: packed.length, size: claims, name: encoded.length };
    const local = header(30, 0x04034b50, fields, 4);
    const central = header(46, 0x02014b50, fields, 6);
    new DataView(central.buffer).setUint32(42, offset, true);
    parts.push(local, encoded, packed);
    directory.push(central, encoded);
    offset += local.length + encoded.length + packed.length;
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, entries.length, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(
    12,
    directory.reduce((sum, { length }) => sum + length, 0),
    true,
  );
  end.setUint32(16, offset, true);
  return new Blob([...parts, ...directory, end.buffer]);
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** Local and central headers have the same fields, from another offset on. */
function header(
  length: number,
  signature: number,
  { crc, packed, size, name }: { crc: number; packed: number; size: number; name: number },
  at: number,
): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(length));
  view.setUint32(0, signature, true);
  view.setUint16(at, 20, true);
  view.setUint16(at + 4, 8, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, packed, true);
  view.setUint32(at + 18, size, true);
  view.setUint16(at + 22, name, true);
  return new Uint8Array(view.buffer);
}
