/** The bytes of a DICOM file → its data set and its transfer syntax. */
import type { DataSet } from 'dicom-parser';
import { RoundsError } from '../../shared/errors';
import { MAX_FILE_BYTES } from '../dimensions';
import { invalidImage, unsupportedImage } from '../imageError';
import { inflate } from '../inflate';
import { loadPart } from '../loadPart';
import { ascii } from '../magic';
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
  syntax: TransferSyntax;
  isLittleEndian: boolean;
}

/** Limit for a deflated file once inflated: the limit for files, times the ratio that images compress to. */
const MAX_INFLATED_BYTES = 4 * MAX_FILE_BYTES;

/**
 * @param bytes the whole file, with or without preamble and file meta information
 * @throws RoundsError image_invalid, image_unsupported (transfer syntax), image_too_large (once inflated)
 */
export async function parseDicom(bytes: Uint8Array<ArrayBuffer>): Promise<DicomFile> {
  const parser = await loadParser();
  try {
    if (ascii(bytes, 128, 132) !== 'DICM') {
      const uid = guessSyntax(bytes);
      return describe(parser.parseDicom(bytes, { TransferSyntaxUID: uid }), uid);
    }
    const meta = parser.readPart10Header(bytes) as DataSet & { position: number };
    const uid = meta.string('x00020010');
    if (uid === undefined) throw invalidImage('the DICOM header has no transfer syntax');
    findReadable(uid);
    if (uid !== DEFLATED) return describe(parsePlain(parser, bytes), uid);
    const inflated = await inflate(bytes.subarray(meta.position), 'deflate-raw', MAX_INFLATED_BYTES);
    return describe(parser.parseDicom(inflated, { TransferSyntaxUID: EXPLICIT_LITTLE }), uid);
  } catch (error) {
    if (error instanceof RoundsError) throw error;
    throw invalidImage('the DICOM data is damaged or incomplete', error);
  }
}

/** Tag and VR of the Extended Offset Table and of its lengths, as bytes of a file. */
const OFFSET_TABLES = ['\xe0\x7f\x01\0OV', '\xe0\x7f\x02\0OV'];

/**
 * dicom-parser doesn't know that the VR OV, used by the Extended Offset Table, has a length of 32 bits. OB has one as well, and
 * gives the same bytes.
 */
function parsePlain(parser: Parser, bytes: Uint8Array<ArrayBuffer>): DataSet {
  try {
    return parser.parseDicom(bytes);
  } catch (error) {
    const copy = bytes.slice();
    let isChanged = false;
    for (let at = 0; at + 6 < copy.length; at++) {
      if (copy[at] !== 0xe0 || !OFFSET_TABLES.includes(ascii(copy, at, at + 6))) continue;
      copy[at + 5] = 'B'.charCodeAt(0);
      isChanged = true;
    }
    if (!isChanged) throw error;
    return parser.parseDicom(copy);
  }
}

function describe(data: DataSet, uid: string): DicomFile {
  return { data, syntax: findReadable(uid), isLittleEndian: uid !== EXPLICIT_BIG };
}

/** For a data set without file meta information: explicit if the first element has a VR. */
function guessSyntax(bytes: Uint8Array): string {
  return /^[A-Z]{2}$/.test(ascii(bytes, 4, 6)) ? EXPLICIT_LITTLE : IMPLICIT_LITTLE;
}

type Parser = Pick<typeof import('dicom-parser'), 'parseDicom' | 'readPart10Header'>;

/** Loaded with the first DICOM file. A UMD bundle, whose exports some loaders put on `default` only. */
async function loadParser(): Promise<Parser> {
  const loaded: Partial<Parser> & { default?: Partial<Parser> } = await loadPart(
    () => import('dicom-parser'),
  );
  const { parseDicom, readPart10Header } = loaded.parseDicom ? loaded : (loaded.default ?? {});
  if (!parseDicom || !readPart10Header) {
    throw new RoundsError('internal', 'the DICOM reader’s module has no exports; reload the page.');
  }
  return { parseDicom, readPart10Header };
}

function findReadable(uid: string): TransferSyntax {
  const syntax = findSyntax(uid);
  if (syntax?.codec) return syntax;
  const kind = syntax ? `the compression ${syntax.name}` : `the unknown transfer syntax ${uid}`;
  const step = 'save the file uncompressed (for example with gdcmconv --raw) or as PNG';
  throw unsupportedImage(`${kind} can’t be opened`, step);
}
