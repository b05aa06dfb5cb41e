/**
 * Reads ZIP files made by any program. Only the directory is read at first: stored entries are slices of the file,
 * compressed entries are inflated, each when it is requested.
 */
import { RoundsError } from './errors';

export interface ZipEntry {
  /** Uncompressed. */
  readonly size: number;
  readonly packedSize: number;
  /** False if the entry is encrypted, or compressed in a way that browsers can't unpack. */
  readonly canUnpack: boolean;
  /** Not compressed: its content is a part of the file. */
  readonly isStored: boolean;
  /** The entry's content; of a stored entry it is a part of the file, without a copy. @throws as `bytes` */
  blob(): Promise<Blob>;
  /** @throws RoundsError pack_invalid if the entry does not match the directory or cannot be unpacked */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_END = 0x06064b50;
const END = 0x06054b50;
const END_BYTES = 22;
const LOCATOR_BYTES = 20;
/** The end record is followed by a comment of up to 65,535 bytes. */
const TAIL_BYTES = 65_535 + END_BYTES + LOCATOR_BYTES;
/** Enough for the 4096 shards of the largest pack. Longer directories are refused. */
const MAX_DIRECTORY_BYTES = 4 * 1024 * 1024;
/** Entries that are read as a whole: a shard has 16 MiB. */
const MAX_ENTRY_BYTES = 104 * 1024 * 1024;
/** Unpacked bytes that are in JavaScript's memory until the browser takes them over as a Blob. */
const PIECE_BYTES = 16 * 1024 * 1024;
const IN_ZIP64 = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;

/** Whether a file starts with the signature of a ZIP file. */
export async function isZip(file: Blob): Promise<boolean> {
  const start = new DataView(await file.slice(0, 4).arrayBuffer());
  return start.byteLength === 4 && start.getUint32(0, true) === LOCAL_HEADER;
}

/**
 * Reads the directory.
 * @returns entries by path, without folders
 * @throws RoundsError pack_invalid if the file is truncated or damaged
 */
export async function readZip(file: Blob): Promise<Map<string, ZipEntry>> {
  const { offset, size } = await findDirectory(file);
  if (size > MAX_DIRECTORY_BYTES || offset + size > file.size) throw damaged();
  const view = new DataView(await file.slice(offset, offset + size).arrayBuffer());
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at + 46 <= view.byteLength && view.getUint32(at, true) === CENTRAL_HEADER;) {
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > view.byteLength) throw damaged();
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, nameLength));
    if (!name.endsWith('/')) entries.set(name, openEntry(file, name, readCentral(view, at)));
    at = next;
  }
  return entries;
}

async function findDirectory(file: Blob): Promise<{ offset: number; size: number }> {
  const tailStart = Math.max(0, file.size - TAIL_BYTES);
  const tail = new DataView(await file.slice(tailStart).arrayBuffer());
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) throw damaged();
  const locator = end - LOCATOR_BYTES;
  if (locator >= 0 && tail.getUint32(locator, true) === ZIP64_LOCATOR) {
    const at = Number(tail.getBigUint64(locator + 8, true));
    const record = new DataView(await file.slice(at, at + 56).arrayBuffer());
    if (record.byteLength < 56 || record.getUint32(0, true) !== ZIP64_END) throw damaged();
    return { size: Number(record.getBigUint64(40, true)), offset: Number(record.getBigUint64(48, true)) };
  }
  return { size: tail.getUint32(end + 12, true), offset: tail.getUint32(end + 16, true) };
}

interface CentralFields {
  isEncrypted: boolean;
  method: number;
  packedSize: number;
  size: number;
  offset: number;
}

function readCentral(view: DataView, at: number): CentralFields {
  const far = zip64Values(view, at);
  // The extra field contains only the values that do not fit into 32 bits, in this order.
  const value = (field: number): number => {
    const short = view.getUint32(at + field, true);
    return short === IN_ZIP64 ? (far.shift() ?? short) : short;
  };
  const size = value(24);
  const packedSize = value(20);
  const offset = value(42);
  return {
    isEncrypted: (view.getUint16(at + 8, true) & 1) === 1,
    method: view.getUint16(at + 10, true),
    packedSize,
    size,
    offset,
  };
}

function zip64Values(view: DataView, at: number): number[] {
  let field = at + 46 + view.getUint16(at + 28, true);
  const end = field + view.getUint16(at + 30, true);
  while (field + 4 <= end) {
    const length = view.getUint16(field + 2, true);
    if (view.getUint16(field, true) === 1) {
      const values: number[] = [];
      for (let i = field + 4; i + 8 <= Math.min(end, field + 4 + length); i += 8) {
        values.push(Number(view.getBigUint64(i, true)));
      }
      return values;
    }
    field += 4 + length;
  }
  return [];
}

function openEntry(file: Blob, name: string, fields: CentralFields): ZipEntry {
  const { isEncrypted, method, packedSize, size } = fields;
  const canUnpack = !isEncrypted && (method === STORED || method === DEFLATED);
  const open = async (): Promise<Blob> => {
    if (canUnpack) return findData(file, fields);
    throw new RoundsError(
      'pack_invalid',
      `${name} is encrypted or uses an unsupported compression method. Create the ZIP file again without encryption.`,
    );
  };
  return {
    ...{ size, packedSize, canUnpack, isStored: method === STORED },
    blob: async () => {
      const packed = await open();
      if (method === STORED) return packed;
      const unpacked = new Blob(await inflateParts(packed, size));
      if (unpacked.size !== size) throw damaged();
      return unpacked;
    },
    bytes: async () => {
      checkSize(name, size);
      const packed = await open();
      const bytes = method === STORED ? await readAll(packed.stream(), size) : await inflate(packed, size);
      if (bytes.length !== size) throw damaged();
      return bytes;
    },
  };
}

/** @throws RoundsError pack_invalid */
function checkSize(name: string, size: number): void {
  if (size <= MAX_ENTRY_BYTES) return;
  const limit = `the limit is ${MAX_ENTRY_BYTES}`;
  throw new RoundsError(
    'pack_invalid',
    `${name} has ${size} bytes; ${limit}. Check that this is the right file.`,
  );
}

/** The entry's bytes as they are in the file. */
async function findData(file: Blob, { offset, packedSize, method, size }: CentralFields): Promise<Blob> {
  // Name and extra field may have other lengths than in the directory, so the start of the data is computed here.
  const header = new DataView(await file.slice(offset, offset + 30).arrayBuffer());
  if (header.byteLength < 30 || header.getUint32(0, true) !== LOCAL_HEADER) throw damaged();
  const start = offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const data = file.slice(start, start + packedSize);
  if (data.size !== packedSize || (method === STORED && packedSize !== size)) throw damaged();
  return data;
}

/** In pieces, so that memory follows what is there and not what the directory claims. */
async function inflateParts(packed: Blob, size: number): Promise<Blob[]> {
  const pieces: Blob[] = [];
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let [filled, waiting] = [0, 0];
  const handOver = (): void => {
    pieces.push(new Blob(parts));
    parts = [];
    waiting = 0;
  };
  const reader = packed.stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      filled += next.value.length;
      if (filled > size) break;
      parts.push(next.value);
      waiting += next.value.length;
      if (waiting >= PIECE_BYTES) handOver();
    }
  } catch (cause) {
    throw RoundsError.from(cause, 'pack_invalid');
  }
  handOver();
  if (filled <= size) return pieces;
  await reader.cancel();
  throw damaged();
}

async function inflate(packed: Blob, size: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readAll(packed.stream().pipeThrough(new DecompressionStream('deflate-raw')), size);
  } catch (cause) {
    throw RoundsError.from(cause, 'pack_invalid');
  }
}

/** Reads at most `size` bytes, so that an entry cannot unpack to more than the directory says. */
async function readAll(stream: ReadableStream<Uint8Array>, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (filled + next.value.length > size) {
      await reader.cancel();
      throw damaged();
    }
    bytes.set(next.value, filled);
    filled += next.value.length;
  }
  return bytes.subarray(0, filled);
}

function damaged(): RoundsError {
  return new RoundsError('pack_invalid', 'This ZIP file is truncated or damaged. Copy it again.');
}
