/**
 * The elements that place a DICOM image in its series, from the first bytes of the file: a folder of 500 slices is grouped
 * without reading its pixels. Where this reader gives up, the file is opened as an image of its own.
 */
import { RoundsError } from '../../shared/errors';
import type { SliceHeader, Vector } from '../../shared/series';
import { inflateStart } from '../inflate';
import { ascii } from '../magic';
import { skimElements, type SkimmedValue } from './skim';
import { DEFLATED, EXPLICIT_BIG } from './syntaxes';

/** The first attempt; headers are longer where private elements or icons come first. */
const FIRST_BYTES = 16 * 1024;
const MAX_BYTES = 4 * 1024 * 1024;
const GROWTH = 16;

const SOP_INSTANCE = 0x00080018;
const ROWS = 0x00280010;
const COLUMNS = 0x00280011;
/** A number in binary. */
const B_VALUE = 0x00189087;
/** AcquisitionNumber, TemporalPositionIdentifier, EchoNumbers, EchoTime, DiffusionBValue, TriggerTime, ImageType. */
const MARKS = [0x00200012, 0x00200100, 0x00180086, 0x00180081, B_VALUE, 0x00181060, 0x00080008];

/**
 * @param blob a DICOM file, with or without preamble
 * @returns `none` if the file has no image (a report, the index of a disc); null if its header is damaged or unusually long
 * @throws RoundsError file_invalid if the browser can't read the file
 */
export async function readSliceHeader(blob: Blob): Promise<SliceHeader | 'none' | null> {
  for (let size = FIRST_BYTES; size <= MAX_BYTES; size *= GROWTH) {
    const bytes = await readStart(blob, size);
    const values = await skim(bytes, size >= blob.size);
    if (values !== 'short') return values && describe(values);
  }
  return null;
}

/** @throws RoundsError file_invalid */
export async function readStart(blob: Blob, size: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await blob.slice(0, size).arrayBuffer());
  } catch (cause) {
    throw new RoundsError(
      'file_invalid',
      'the browser can’t read the file; check that it still exists and that it isn’t a folder.',
      { cause },
    );
  }
}

type Values = ReadonlyMap<number, SkimmedValue>;

/** @returns `short` if the elements don't end within the bytes; null if they can't be read */
async function skim(bytes: Uint8Array<ArrayBuffer>, isWhole: boolean): Promise<Values | 'short' | null> {
  const hasPreamble = ascii(bytes, 128, 132) === 'DICM';
  const start = hasPreamble ? 132 : 0;
  // The file meta information is always explicit and little endian.
  const meta = skimElements(bytes, { start, group: 0x0002, isLittle: true });
  if (meta === null || meta.isShort) return isWhole ? null : 'short';
  const syntax = meta.values.get(0x00020010)?.text ?? '';
  const isLittle = syntax !== EXPLICIT_BIG;
  const body = syntax === DEFLATED ? await unpackStart(bytes.subarray(meta.end)) : bytes.subarray(meta.end);
  const data = skimElements(body, { start: 0, group: null, isLittle });
  if (data === null) return null;
  return data.isShort && !isWhole ? 'short' : data.values;
}

/** As much as the first bytes unpack to, but not more than an uncompressed header may have. */
function unpackStart(packed: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return inflateStart(packed, 'deflate-raw', MAX_BYTES).catch(() => new Uint8Array());
}

function describe(values: Values): SliceHeader | 'none' {
  const rows = values.get(ROWS)?.number ?? 0;
  const columns = values.get(COLUMNS)?.number ?? 0;
  if (rows === 0 || columns === 0) return 'none';
  const text = (tag: number): string => values.get(tag)?.text ?? '';
  const numbers = (tag: number): number[] => text(tag).split('\\').map(Number.parseFloat);
  const turn = numbers(0x00200037);
  const row = vector(turn.slice(0, 3));
  const column = vector(turn.slice(3, 6));
  const number = Number.parseInt(text(0x00200013), 10);
  return {
    seriesUid: text(0x0020000e),
    instanceUid: text(SOP_INSTANCE),
    instanceNumber: Number.isFinite(number) ? number : null,
    position: vector(numbers(0x00200032)),
    orientation: row && column ? [row, column] : null,
    rows,
    columns,
    frames: Math.max(Number.parseInt(text(0x00280008), 10) || 1, 1),
    photometric: text(0x00280004),
    marks: MARKS.map((tag) => (tag === B_VALUE ? (values.get(tag)?.raw ?? '') : text(tag))),
  };
}

function vector([x, y, z, ...more]: number[]): Vector | null {
  if (x === undefined || y === undefined || z === undefined || more.length > 0) return null;
  return [x, y, z].every(Number.isFinite) ? [x, y, z] : null;
}
