/** The bytes of a DICOM file → its data set and its transfer syntax. */
import { invalidImage, unsupportedImage } from '../imageError';
import { sniffCoded, SNIFF_CODED } from './coded';
import type { DataSet, DicomElement } from './dataSet';
import type { Encoding } from './encoding';
import { inflateWhole, openBody, readMeta } from './openFile';
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
  /** The file ends inside an element, or continues with bytes that aren’t an element. */
  isCut: boolean;
  /** Of the file meta information or the data set; empty if neither has one. */
  sopClass: string;
}

/**
 * @param file the whole file, with or without preamble and file meta information
 * @throws RoundsError image_invalid, image_unsupported (transfer syntax), image_too_large (once inflated)
 */
export async function parseDicom(file: Blob | Uint8Array): Promise<DicomFile> {
  const source = await ByteSource.open(file);
  const { meta, start, uid } = await readMeta(source);
  const declared = uid === null ? null : findReadable(uid);
  const body = await openBody(source, { start, uid, unpack: inflateWhole });
  const { encoding } = body;
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
