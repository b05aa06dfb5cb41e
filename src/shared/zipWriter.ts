/**
 * Writes a ZIP file of uncompressed entries as a Blob. Weights hardly compress, and an uncompressed entry can be read
 * back as a slice. Offsets beyond 4 GiB use ZIP64, which every current unzip program supports.
 */
import { crc32 } from './crc32';

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const ZIP64_END = 0x06064b50;
const ZIP64_LOCATOR = 0x07064b50;
const END = 0x06054b50;
/** In a 32-bit field, means that the value is in the ZIP64 extra field. */
const IN_ZIP64 = 0xffffffff;
const VERSION = 20;
const ZIP64_VERSION = 45;
/** 1 January 1980, the earliest date of the format, so that the same pack always gives the same file. */
const DATE = 0x0021;

interface Entry {
  name: Uint8Array<ArrayBuffer>;
  size: number;
  crc: number;
  offset: number;
}

export class ZipWriter {
  readonly #parts: Blob[] = [];
  readonly #entries: Entry[] = [];
  #size: number;

  /** @param size bytes before the first entry; for tests of offsets beyond 4 GiB */
  constructor(size = 0) {
    this.#size = size;
  }

  /**
   * Appends a file of less than 4 GiB. When this resolves, the browser has stored the bytes outside of the script's
   * memory.
   * @param path ASCII, with slashes
   */
  async add(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const name = new TextEncoder().encode(path);
    const entry = { name, size: bytes.length, crc: crc32(bytes), offset: this.#size };
    const part = new Blob([localHeader(entry), name, bytes]);
    // Reading waits until the browser has stored the bytes; otherwise they would accumulate in memory.
    await part.slice(0, 1).arrayBuffer();
    this.#parts.push(part);
    this.#entries.push(entry);
    this.#size += part.size;
  }

  /** The whole file, composed of its parts without reading them. */
  finish(): Blob {
    const directory = new Blob(this.#entries.flatMap(centralEntry));
    const end = endRecords(this.#entries.length, directory.size, this.#size);
    return new Blob([...this.#parts, directory, ...end], { type: 'application/zip' });
  }
}

/** Consecutive little-endian fields, each [bytes, value]. */
function record(...fields: [2 | 4 | 8, number][]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(fields.reduce((sum, [width]) => sum + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(at, value, true);
    else if (width === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += width;
  }
  return bytes;
}

function localHeader({ name, size, crc }: Entry): Uint8Array<ArrayBuffer> {
  return record(
    [4, LOCAL_HEADER],
    [2, VERSION],
    [2, 0], // flags
    [2, 0], // stored
    [2, 0], // time
    [2, DATE],
    [4, crc],
    [4, size],
    [4, size],
    [2, name.length],
    [2, 0], // extra
  );
}

/** Header, name and, for offsets beyond 4 GiB, the extra field. */
function centralEntry({ name, size, crc, offset }: Entry): Uint8Array<ArrayBuffer>[] {
  const isFar = offset >= IN_ZIP64;
  const extra = isFar ? record([2, 1], [2, 8], [8, offset]) : new Uint8Array();
  const header = record(
    [4, CENTRAL_HEADER],
    [2, isFar ? ZIP64_VERSION : VERSION], // made by
    [2, isFar ? ZIP64_VERSION : VERSION], // needed
    [2, 0], // flags
    [2, 0], // stored
    [2, 0], // time
    [2, DATE],
    [4, crc],
    [4, size],
    [4, size],
    [2, name.length],
    [2, extra.length],
    [2, 0], // comment
    [2, 0], // disk
    [2, 0], // internal attributes
    [4, 0], // external attributes
    [4, isFar ? IN_ZIP64 : offset],
  );
  return [header, name, extra];
}

function endRecords(entries: number, size: number, offset: number): Uint8Array<ArrayBuffer>[] {
  const isFar = offset >= IN_ZIP64;
  const end = record(
    [4, END],
    [2, 0], // this disk
    [2, 0], // disk of the directory
    [2, entries],
    [2, entries],
    [4, size],
    [4, isFar ? IN_ZIP64 : offset],
    [2, 0], // comment
  );
  if (!isFar) return [end];
  const zip64 = record(
    [4, ZIP64_END],
    [8, 44], // bytes of this record after this field
    [2, ZIP64_VERSION],
    [2, ZIP64_VERSION],
    [4, 0],
    [4, 0],
    [8, entries],
    [8, entries],
    [8, size],
    [8, offset],
  );
  const locator = record([4, ZIP64_LOCATOR], [4, 0], [8, offset + size], [4, 1]);
  return [zip64, locator, end];
}
