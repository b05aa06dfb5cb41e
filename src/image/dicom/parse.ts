/** The bytes of a DICOM file → its data set and its transfer syntax. */
import { inflate, inflateStart } from '../inflate';
import { tooLarge } from '../dimensions';
import { invalidImage, unsupportedImage } from '../imageError';
import { sniffCoded, SNIFF_CODED } from './coded';
import type { DataSet, DicomElement } from './dataSet';
import { type Encoding, findEncoding } from './encoding';
import { readDataSet } from './readDataSet';
import { ByteSource } from './source';
import {
  DEFLATED,
  EXPLICIT_BIG,
  EXPLICIT_LITTLE,
  findSyntax,
  IMPLICIT_LITTLE,
  type TransferSyntax,
} from './syntaxes';

export interface DicomFile {
  data: DataSet;
  /** As the pixels are really encoded, where that can be seen. */
  syntax: TransferSyntax;
  isLittleEndian: boolean;
  /** Where positions of the data set's elements are. */
  source: ByteSource;
  /** The file ends inside an element, or goes on with bytes that are no element. */
  isCut: boolean;
  /** Of the file meta information or the data set; empty if neither has one. */
  sopClass: string;
}

/**
 * Limit for a deflated file once inflated: a whole multi-frame image, and more for files that are large themselves, because real
 * images compress to no less than a fiftieth.
 */
const inflatedLimit = (packed: number): number => Math.min(256e6, 32e6 + packed * 50);
/** Deflated data can't be read by ranges. */
const MAX_DEFLATED = 256e6;
/** Bytes that show whether a data set is deflated. */
const DEFLATE_SAMPLE = 1024;

/**
 * @param file the whole file, with or without preamble and file meta information
 * @throws RoundsError image_invalid, image_unsupported (transfer syntax), image_too_large (once inflated)
 */
export async function parseDicom(file: Blob | Uint8Array): Promise<DicomFile> {
  const source = await ByteSource.open(file);
  const { meta, start } = await readMeta(source);
  const uid = meta?.string('x00020010') ?? '';
  // What isn't a UID says as little as no transfer syntax.
  const declared = /^[0-9.]+$/.test(uid) ? findReadable(uid) : null;
  const body = await openBody(source, start, declared);
  const encoding =
    (await findEncoding(body.source, body.start, encodingOf(declared))) ?? encodingOf(declared);
  if (!encoding) throw invalidImage('the DICOM data is damaged or incomplete');
  const { data, isCut } = await readDataSet(body.source, { start: body.start, encoding });
  const syntax = await actualSyntax(body.source, data, encoding, body.isDeflated, declared);
  return {
    data,
    syntax,
    isLittleEndian: encoding.isLittle,
    source: body.source,
    isCut,
    sopClass: data.string('x00080016') || meta?.string('x00020002') || '',
  };
}

interface Body {
  source: ByteSource;
  start: number;
  isDeflated: boolean;
}

async function readMeta(source: ByteSource): Promise<{ meta: DataSet | null; start: number }> {
  const start = await metaStart(source);
  const encoding = await findEncoding(source, start, { isExplicit: true, isLittle: true });
  if (!encoding || !(await source.load(start, 4))) return { meta: null, start };
  if (source.u16(start, encoding.isLittle) !== 0x0002) return { meta: null, start };
  const { data, end } = await readDataSet(source, { start, encoding, onlyGroup: 0x0002 });
  return { meta: data, start: end };
}

/** After the preamble and its magic; some files have only one of them, or none. */
async function metaStart(source: ByteSource): Promise<number> {
  const isMagic = async (at: number): Promise<boolean> =>
    (await source.load(at, 4)) && [...'DICM'].every((sign, i) => source.at(at + i) === sign.charCodeAt(0));
  if (await isMagic(128)) return 132;
  return (await isMagic(0)) ? 4 : 0;
}

async function openBody(source: ByteSource, start: number, declared: TransferSyntax | null): Promise<Body> {
  const plain = { source, start, isDeflated: false };
  const known = await findEncoding(source, start, encodingOf(declared));
  const isDeclared = declared?.uid === DEFLATED;
  if (known && !isDeclared) return plain;
  const sample = await source.read(start, Math.min(source.size, start + DEFLATE_SAMPLE));
  if (known && !(await isDeflated(sample))) return plain;
  if (!known && !isDeclared && !(await isDeflated(sample))) return plain;
  if (source.size > MAX_DEFLATED) throw tooLarge('the file has', source.size, MAX_DEFLATED);
  const packed = (await source.read(start, source.size)) as Uint8Array<ArrayBuffer>;
  const inflated = await inflate(packed, 'deflate-raw', inflatedLimit(packed.length));
  return { source: await ByteSource.open(inflated), start: 0, isDeflated: true };
}

async function isDeflated(sample: Uint8Array): Promise<boolean> {
  const bytes = await inflateStart(sample as Uint8Array<ArrayBuffer>, 'deflate-raw', 512).catch(() => null);
  return !!bytes && bytes.length >= 8 && (await findEncoding(await ByteSource.open(bytes), 0, null)) !== null;
}

function encodingOf(syntax: TransferSyntax | null): Encoding | null {
  return syntax && { isExplicit: syntax.uid !== IMPLICIT_LITTLE, isLittle: syntax.uid !== EXPLICIT_BIG };
}

/** The declared transfer syntax unless the data set is encoded otherwise. */
async function actualSyntax(
  source: ByteSource,
  data: DataSet,
  { isExplicit, isLittle }: Encoding,
  isDeflated: boolean,
  declared: TransferSyntax | null,
): Promise<TransferSyntax> {
  const plainUid = isDeflated
    ? DEFLATED
    : !isLittle
      ? EXPLICIT_BIG
      : isExplicit
        ? EXPLICIT_LITTLE
        : IMPLICIT_LITTLE;
  const plain = findReadable(plainUid);
  const pixels = data.elements.x7fe00010;
  if (!pixels) return declared?.codec === 'native' ? plain : (declared ?? plain);
  const seen = sniffCoded(await firstBytes(source, pixels));
  const isJpegFamily = declared?.codec === 'jpeg' || declared?.codec === 'jpegls';
  if (pixels.fragments && seen?.isGuess && isJpegFamily) return declared;
  if (!pixels.fragments) {
    // Some writers leave out the items around a coded image.
    const isBare = declared && declared.codec !== 'native' && seen?.codec === declared.codec;
    if (!isBare) return plain;
    pixels.fragments = wholeValue(pixels);
    return declared;
  }
  if (declared && declared.codec !== 'native' && (!seen || seen.codec === declared.codec)) return declared;
  if (seen) return findReadable(seen.uid);
  throw unsupportedImage('the pixels are compressed in an unknown way', SAVE_UNCOMPRESSED);
}

async function firstBytes(
  source: ByteSource,
  { position, length, fragments }: DicomElement,
): Promise<Uint8Array> {
  if (!fragments) return source.read(position, position + Math.min(length, SNIFF_CODED));
  const first = fragments.lengths.findIndex((bytes) => bytes > 0);
  const start = fragments.positions[first];
  if (start === undefined) return new Uint8Array();
  return source.read(start, start + Math.min(fragments.lengths[first]!, SNIFF_CODED));
}

function wholeValue({ position, length }: DicomElement) {
  return { positions: [position], lengths: [length], hasEndMarker: [true], offsets: [], isCut: false };
}

const SAVE_UNCOMPRESSED = 'save the file uncompressed (for example with gdcmconv --raw) or as PNG';

function findReadable(uid: string): TransferSyntax {
  const syntax = findSyntax(uid);
  if (syntax?.codec) return syntax;
  const kind = syntax ? `the compression ${syntax.name}` : `the unknown transfer syntax ${uid.slice(0, 64)}`;
  throw unsupportedImage(`${kind} can’t be opened`, SAVE_UNCOMPRESSED);
}
