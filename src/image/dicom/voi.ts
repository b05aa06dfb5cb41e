/** Stored values → values of the modality → what is shown. PS3.3 C.11.1 and C.11.2. */
import type { DataSet } from 'dicom-parser';
import type { WindowFunction, WindowPreset } from '../../shared/imageFacts';
import { checkWindow, type Display, type GreyImage, quantileWindow } from '../grey';
import { CT_PRESETS } from '../presets';
import type { DicomFile } from './parse';
import type { PixelFormat } from './pixels';
import { type LookupTable, readTable } from './tables';

/** Of a label in the file. */
const MAX_NAME = 40;

/** Modality LUT Sequence, else rescale slope and intercept. */
export function modalityScale(file: DicomFile, format: PixelFormat, frame: number): GreyImage['scale'] {
  const item = file.data.elements.x00283000?.items?.[0]?.dataSet;
  const table = item && readTable(file, item, 'x00283002', 'x00283006', format.isSigned);
  if (table && typeof table === 'object') return (value) => lookUp(table, value);
  const sources = elementSources(file.data, frame);
  const slope = firstNumber(sources, 'x00281053') || 1;
  const intercept = firstNumber(sources, 'x00281052') ?? 0;
  return slope === 1 && intercept === 0 ? (value) => value : (value) => value * slope + intercept;
}

/** Values outside the table take its first or last entry. */
function lookUp({ first, entries }: LookupTable, value: number): number {
  return entries[Math.min(Math.max(value - first, 0), entries.length - 1)]!;
}

/** HU where the file says so or CT implies it (PS3.3 C.8.2.1.1.2). */
export function modalityUnit({ data }: DicomFile): string {
  const type = (data.string('x00281054') ?? '').trim();
  if (type === 'HU' || (type === '' && data.string('x00080060')?.trim() === 'CT')) return 'HU';
  return type === 'US' ? '' : type.slice(0, MAX_NAME);
}

/** The function of the file, which is that of every window that is laid over it. */
export function displayFunction({ data }: DicomFile, frame: number): WindowFunction {
  return windowFunction(elementSources(data, frame));
}

/**
 * The window that was asked for, with the file’s function; else the file's VOI LUT; else its first window; else from the 1 % to the 99 % quantile
 * of the frame.
 *
 * @throws RoundsError request_invalid when the window asked for has no width
 */
export function chooseDisplay(
  file: DicomFile,
  image: GreyImage,
  frame: number,
  asked?: [number, number],
): Display {
  const sources = elementSources(file.data, frame);
  if (asked) return checkWindow(asked, windowFunction(sources));
  const table = voiTable(file, sources, image);
  if (table) return table;
  const [own] = fileWindows(sources);
  if (own) return { kind: 'window', range: own.window, shape: windowFunction(sources) };
  return { kind: 'window', range: quantileWindow(image, 'LINEAR'), shape: 'LINEAR' };
}

/** VOI LUT Sequence. Its entries are levels already, of as many bits as its descriptor says. */
function voiTable(file: DicomFile, sources: DataSet[], image: GreyImage): Display | null {
  for (const source of sources) {
    const item = source.elements.x00283010?.items?.[0]?.dataSet;
    // The descriptor counts values after the modality step, which may be negative where the stored ones are not.
    const isSigned = file.data.uint16('x00280103') === 1 || image.scale(0) < 0;
    const table = item && readTable(file, item, 'x00283002', 'x00283006', isSigned);
    if (!table || typeof table !== 'object') continue;
    const white = 2 ** table.bits - 1;
    const levels = Uint8Array.from(table.entries, (entry) =>
      Math.min(255, Math.floor((entry * 255) / white + 0.5)),
    );
    return { kind: 'table', first: table.first, levels };
  }
  return null;
}

/** The file's own windows, named as it names them, and for CT the usual ones. */
export function listPresets({ data }: DicomFile, frame: number): WindowPreset[] {
  const own = fileWindows(elementSources(data, frame));
  return data.string('x00080060')?.trim() === 'CT' ? [...own, ...CT_PRESETS] : own;
}

/**
 * Where an attribute may stand: in the data set, or for enhanced multi-frame images in the macros of the frame
 * (5200,9230) and of all frames (5200,9229). The frame's own come first.
 */
function elementSources(data: DataSet, frame: number): DataSet[] {
  const groups = [
    data.elements.x52009230?.items?.[frame]?.dataSet,
    data.elements.x52009229?.items?.[0]?.dataSet,
  ];
  // Frame VOI LUT, Pixel Value Transformation.
  const macros = groups.flatMap((group) =>
    ['x00289132', 'x00289145'].map((tag) => group?.elements[tag]?.items?.[0]?.dataSet),
  );
  return [...macros, data].filter((source) => source !== undefined);
}

function numbers(source: DataSet, tag: string): number[] {
  const count = source.elements[tag] ? (source.numStringValues(tag) ?? 0) : 0;
  return Array.from({ length: count }, (_, index) => source.floatString(tag, index) ?? NaN);
}

function firstNumber(sources: DataSet[], tag: string): number | undefined {
  return sources.map((source) => numbers(source, tag)[0]).find((value) => Number.isFinite(value));
}

function fileWindows(sources: DataSet[]): WindowPreset[] {
  for (const source of sources) {
    const widths = numbers(source, 'x00281051');
    const names = (source.string('x00281055') ?? '').split('\\');
    const windows = numbers(source, 'x00281050').map((center, i): WindowPreset => {
      const usual = i === 0 ? 'From the file' : `From the file (${i + 1})`;
      return { name: names[i]?.trim().slice(0, MAX_NAME) || usual, window: [center, widths[i] ?? NaN] };
    });
    const usable = windows.filter(({ window: [center, width] }) => Number.isFinite(center) && width > 0);
    if (usable.length > 0) return usable;
  }
  return [];
}

/** A file without a window of its own has no function either: what is made up for it is LINEAR. */
function windowFunction(sources: DataSet[]): WindowFunction {
  if (fileWindows(sources).length === 0) return 'LINEAR';
  const name = sources.map((source) => source.string('x00281056')?.trim()).find((text) => text);
  return name === 'SIGMOID' || name === 'LINEAR_EXACT' ? name : 'LINEAR';
}

/** True for stored values that only fill up (0028,0120), or the range to (0028,0121). */
export function paddingTest({ data }: DicomFile, format: PixelFormat): GreyImage['isPadding'] {
  const read = (tag: string) => (format.isSigned ? data.int16(tag) : data.uint16(tag));
  const padding = read('x00280120');
  if (padding === undefined) return () => false;
  const limit = read('x00280121') ?? padding;
  const [low, high] = [Math.min(padding, limit), Math.max(padding, limit)];
  return (value) => value >= low && value <= high;
}
