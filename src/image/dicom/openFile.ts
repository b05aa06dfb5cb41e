/** The parts of a DICOM file before its data set: preamble, file meta information, and deflation. */
import { tooLarge } from '../dimensions';
import { inflate, inflateStart } from '../inflate';
import type { DataSet } from './dataSet';
import { type Encoding, findEncoding } from './encoding';
import { readDataSet } from './readDataSet';
import { ByteSource } from './source';
import { DEFLATED, EXPLICIT_BIG, IMPLICIT_LITTLE } from './syntaxes';

/** Deflated data can't be read by ranges. */
const MAX_DEFLATED = 256e6;
/**
 * Limit for a deflated file once inflated: a whole multi-frame image, and more for files that are large themselves, because real
 * images compress to no less than a fiftieth.
 */
const inflatedLimit = (packed: number): number => Math.min(256e6, 32e6 + packed * 50);
/** Bytes that show whether a data set is deflated. */
const DEFLATE_SAMPLE = 1024;
const META_GROUP = 0x0002;

export interface Meta {
  /** The file meta information; null if the file has none. */
  meta: DataSet | null;
  /** Where the data set begins. */
  start: number;
  /** The declared transfer syntax; null if the file says none, or something that isn't a UID. */
  uid: string | null;
}

export async function readMeta(source: ByteSource): Promise<Meta> {
  const start = await metaStart(source);
  const encoding = await findEncoding(source, start, { isExplicit: true, isLittle: true });
  const none = { meta: null, start, uid: null };
  if (!encoding || !(await source.load(start, 4))) return none;
  if (source.u16(start, encoding.isLittle) !== META_GROUP) return none;
  const endsBefore = (tag: number): boolean => tag >>> 16 !== META_GROUP;
  const { data, end } = await readDataSet(source, { start, encoding, endsBefore });
  const uid = data.string('x00020010') ?? '';
  return { meta: data, start: end, uid: /^[0-9.]+$/.test(uid) ? uid : null };
}

/** After the preamble and its magic; some files have only one of them, or none. */
async function metaStart(source: ByteSource): Promise<number> {
  const isMagic = async (at: number): Promise<boolean> =>
    (await source.load(at, 4)) && [...'DICM'].every((sign, i) => source.at(at + i) === sign.charCodeAt(0));
  if (await isMagic(128)) return 132;
  return (await isMagic(0)) ? 4 : 0;
}

export interface Body {
  source: ByteSource;
  /** Where the data set begins in `source`. */
  start: number;
  /** As its elements show it, or else as it's declared; null if neither says anything. */
  encoding: Encoding | null;
  isDeflated: boolean;
}

interface BodyOptions extends Pick<Meta, 'start' | 'uid'> {
  /** Unpacks a deflated data set that begins at `start`. */
  unpack: (source: ByteSource, start: number) => Promise<Uint8Array>;
}

/** @throws what `unpack` throws */
export async function openBody(source: ByteSource, { start, uid, unpack }: BodyOptions): Promise<Body> {
  const declared = declaredEncoding(uid);
  const found = await findEncoding(source, start, declared);
  if (!(await isPacked(source, start, uid === DEFLATED, found !== null))) {
    return { source, start, encoding: found ?? declared, isDeflated: false };
  }
  const unpacked = await ByteSource.open(await unpack(source, start));
  const encoding = (await findEncoding(unpacked, 0, declared)) ?? declared;
  return { source: unpacked, start: 0, encoding, isDeflated: true };
}

/** @throws RoundsError image_too_large; the error of DecompressionStream */
export async function inflateWhole(source: ByteSource, start: number): Promise<Uint8Array> {
  if (source.size > MAX_DEFLATED) throw tooLarge('the file has', source.size, MAX_DEFLATED);
  const packed = (await source.read(start, source.size)) as Uint8Array<ArrayBuffer>;
  return inflate(packed, 'deflate-raw', inflatedLimit(packed.length));
}

/** Whether the data set is deflated, by its bytes if they contradict what is declared. */
async function isPacked(
  source: ByteSource,
  start: number,
  isDeclared: boolean,
  isReadable: boolean,
): Promise<boolean> {
  if (isReadable !== isDeclared) return isDeclared;
  const sample = await source.read(start, Math.min(source.size, start + DEFLATE_SAMPLE));
  const bytes = await inflateStart(sample as Uint8Array<ArrayBuffer>, 'deflate-raw', 512).catch(() => null);
  return !!bytes && bytes.length >= 8 && (await findEncoding(await ByteSource.open(bytes), 0, null)) !== null;
}

function declaredEncoding(uid: string | null): Encoding | null {
  return uid === null ? null : { isExplicit: uid !== IMPLICIT_LITTLE, isLittle: uid !== EXPLICIT_BIG };
}
