/**
 * The elements that place a DICOM image in its series: a folder of 500 slices is grouped without reading its pixels. A file
 * whose header can't be read is opened as an image of its own, which says why.
 */
import type { SliceHeader, Vector } from '../../shared/series';
import { inflateStart } from '../inflate';
import type { DataSet } from './dataSet';
import { openBody, readMeta } from './openFile';
import { readDataSet } from './readDataSet';
import { ByteSource } from './source';

/** Headers that are longer, because private elements or icons come first, aren't read to their end. */
const MAX_BYTES = 4 * 1024 * 1024;

const ROWS = 'x00280010';
const COLUMNS = 'x00280011';
const TAG_AFTER = 0x00290000;
/** A number in binary. */
const B_VALUE = 'x00189087';
/** AcquisitionNumber, TemporalPositionIdentifier, EchoNumbers, EchoTime, DiffusionBValue, TriggerTime, ImageType. */
const MARKS = ['x00200012', 'x00200100', 'x00180086', 'x00180081', B_VALUE, 'x00181060', 'x00080008'];

/**
 * @param blob a DICOM file, with or without preamble
 * @returns `none` if the file has no image (a report, the index of a disc); null if its header is damaged or unusually long
 * @throws RoundsError image_invalid if the browser can't read the file
 */
export async function readSliceHeader(blob: Blob): Promise<SliceHeader | 'none' | null> {
  const source = ByteSource.inParts(blob.slice(0, MAX_BYTES));
  const { start, uid } = await readMeta(source);
  const body = await openBody(source, { start, uid, unpack: inflateHeader });
  const { encoding } = body;
  if (!encoding) return null;
  const { data, isCut } = await readDataSet(body.source, {
    start: body.start,
    encoding,
    endsBefore: isPlaced,
  });
  return isCut ? null : describe(data);
}

/** Rows and Columns are the last elements that place a slice; some writers don't sort the elements before them. */
function isPlaced(tag: number, { elements }: DataSet): boolean {
  return tag >= TAG_AFTER || (elements[ROWS] !== undefined && elements[COLUMNS] !== undefined);
}

async function inflateHeader(source: ByteSource, start: number): Promise<Uint8Array> {
  const packed = (await source.read(start, source.size)) as Uint8Array<ArrayBuffer>;
  return inflateStart(packed, 'deflate-raw', MAX_BYTES);
}

function describe(data: DataSet): SliceHeader | 'none' {
  const rows = data.uint16(ROWS) ?? 0;
  const columns = data.uint16(COLUMNS) ?? 0;
  if (rows === 0 || columns === 0) return 'none';
  const text = (tag: string): string => data.string(tag) ?? '';
  const turn = data.numbers('x00200037', 6);
  const row = vector(turn.slice(0, 3));
  const column = vector(turn.slice(3, 6));
  const number = Number.parseInt(text('x00200013'), 10);
  return {
    seriesUid: text('x0020000e'),
    instanceUid: text('x00080018'),
    instanceNumber: Number.isFinite(number) ? number : null,
    position: vector(data.numbers('x00200032', 4)),
    orientation: row && column ? [row, column] : null,
    rows,
    columns,
    frames: Math.max(Number.parseInt(text('x00280008'), 10) || 1, 1),
    photometric: text('x00280004'),
    marks: MARKS.map((tag) => (tag === B_VALUE ? hex(data, tag) : text(tag))),
  };
}

/** A value that is only compared. */
function hex(data: DataSet, tag: string): string {
  const value = data.elements[tag]?.value ?? new Uint8Array();
  return Array.from(value.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function vector([x, y, z, ...more]: number[]): Vector | null {
  if (x === undefined || y === undefined || z === undefined || more.length > 0) return null;
  return [x, y, z].every(Number.isFinite) ? [x, y, z] : null;
}
