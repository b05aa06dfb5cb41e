/** Stored values → modality values → displayed levels. PS3.3 C.11.1 and C.11.2. */
import type { DataSet } from 'dicom-parser';
import type { WindowFunction, WindowLabel, WindowPreset } from '../../shared/imageFacts';
import { checkWindow, type Display, type GreyImage, quantileWindow } from '../grey';
import { CT_PRESETS } from '../presets';
import type { DicomFile } from './parse';
import type { PixelFormat } from './pixels';
import { type LookupTable, readTable } from './tables';

/** Characters of a label from the file. */
const MAX_LABEL = 40;

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

/** HU if the file says so or CT implies it (PS3.3 C.8.2.1.1.2). */
export function modalityUnit({ data }: DicomFile): string {
  const type = (data.string('x00281054') ?? '').trim();
  if (type === 'HU' || (type === '' && data.string('x00080060')?.trim() === 'CT')) return 'HU';
  return type === 'US' ? '' : type.slice(0, MAX_LABEL);
}

/** The window function of the file, which applies to every window of it. */
export function displayFunction({ data }: DicomFile, frame: number): WindowFunction {
  return windowFunction(elementSources(data, frame));
}

/**
 * The requested window, with the file's function; else the file's VOI LUT; else its first window; else the frame's 1 % to
 * 99 % quantile.
 *
 * @throws RoundsError request_invalid if the requested window has no usable width
 */
export function chooseDisplay(
  file: DicomFile,
  image: GreyImage,
  frame: number,
  requested?: [number, number],
): Display {
  const sources = elementSources(file.data, frame);
  if (requested) return checkWindow(requested, windowFunction(sources));
  const table = voiTable(file, sources, image);
  if (table) return table;
  const [own] = fileWindows(sources);
  if (own) return { kind: 'window', range: own.window, shape: windowFunction(sources) };
  return { kind: 'window', range: quantileWindow(image, 'LINEAR'), shape: 'LINEAR' };
}

/** VOI LUT Sequence. Its entries are levels already, with the bits that its descriptor declares. */
function voiTable(file: DicomFile, sources: DataSet[], image: GreyImage): Display | null {
  for (const source of sources) {
    const item = source.elements.x00283010?.items?.[0]?.dataSet;
    // The descriptor refers to modality values, which may be negative even if the stored ones aren't.
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

/** The file's own windows, with its own labels, and for CT the usual ones. */
export function listPresets({ data }: DicomFile, frame: number): WindowPreset[] {
  const own = fileWindows(elementSources(data, frame));
  return data.string('x00080060')?.trim() === 'CT' ? [...own, ...CT_PRESETS] : own;
}

/**
 * The data sets that may hold an attribute: the file's, and for enhanced multi-frame images the macros of the frame
 * (5200,9230) and of all frames (5200,9229). The frame's own macros come first.
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
    const texts = (source.string('x00281055') ?? '').split('\\');
    const windows = numbers(source, 'x00281050').map((center, i): WindowPreset => {
      const text = texts[i]?.trim().slice(0, MAX_LABEL);
      const label: WindowLabel = text
        ? { code: 'file_text', params: { text } }
        : { code: 'file', params: { number: i + 1 } };
      return { label, window: [center, widths[i] ?? NaN] };
    });
    const usable = windows.filter(({ window: [center, width] }) => Number.isFinite(center) && width > 0);
    if (usable.length > 0) return usable;
  }
  return [];
}

/** A file without a window of its own has no function either; its computed window is LINEAR. */
function windowFunction(sources: DataSet[]): WindowFunction {
  if (fileWindows(sources).length === 0) return 'LINEAR';
  const name = sources.map((source) => source.string('x00281056')?.trim()).find((text) => text);
  return name === 'SIGMOID' || name === 'LINEAR_EXACT' ? name : 'LINEAR';
}

/** True for the padding value (0028,0120), or its range up to (0028,0121). */
export function paddingTest({ data }: DicomFile, format: PixelFormat): GreyImage['isPadding'] {
  const read = (tag: string) => (format.isSigned ? data.int16(tag) : data.uint16(tag));
  const padding = read('x00280120');
  if (padding === undefined) return () => false;
  const limit = read('x00280121') ?? padding;
  const [low, high] = [Math.min(padding, limit), Math.max(padding, limit)];
  return (value) => value >= low && value <= high;
}
