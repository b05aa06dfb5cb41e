/** Stored values → modality values → displayed levels. PS3.3 C.11.1 and C.11.2. */
import type { WindowFunction, WindowLabel, WindowPreset } from '../../shared/imageFacts';
import { isUsableWindow } from '../../shared/windowing';
import { checkWindow, type Display, type GreyImage, quantileWindow } from '../grey';
import { CT_PRESETS } from '../presets';
import type { DataSet } from './dataSet';
import type { DicomFile } from './parse';
import type { PixelFormat } from './pixels';
import { type LookupTable, readTable } from './tables';

/** Characters of a label from the file. */
const MAX_LABEL = 40;
/** Windows of a file that are offered. */
const MAX_WINDOWS = 32;

/** Modality LUT Sequence, else rescale slope and intercept. */
export function modalityScale(file: DicomFile, format: PixelFormat, frame: number): GreyImage['scale'] {
  const item = file.data.elements.x00283000?.items?.[0];
  const table = item && readTable(item, 'x00283002', 'x00283006', format.isSigned);
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
  const type = data.string('x00281054') ?? '';
  if (type === 'HU' || (type === '' && isCt(data))) return 'HU';
  return type === 'US' ? '' : type.slice(0, MAX_LABEL);
}

/** The window function of the file, which applies to every window of it. */
export function displayFunction({ data }: DicomFile, image: GreyImage, frame: number): WindowFunction {
  return windowFunction(elementSources(data, frame), computedFunction(image));
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
  const computed = computedFunction(image);
  const shape = windowFunction(sources, computed);
  if (requested) return checkWindow(requested, shape);
  const table = voiTable(file, sources, image);
  if (table) return table;
  const [own] = fileWindows(sources);
  if (own) return { kind: 'window', range: own.window, shape };
  return { kind: 'window', range: quantileWindow(image, computed), shape: computed };
}

/** VOI LUT Sequence. Its entries are levels already, with the bits that its descriptor declares. */
function voiTable(file: DicomFile, sources: DataSet[], image: GreyImage): Display | null {
  for (const source of sources) {
    const item = source.elements.x00283010?.items?.[0];
    // The descriptor refers to modality values, which may be negative even if the stored ones aren't.
    const isSigned = file.data.uint16('x00280103') === 1 || image.scale(0) < 0;
    const table = item && readTable(item, 'x00283002', 'x00283006', isSigned);
    if (!table || typeof table !== 'object') continue;
    const white = 2 ** table.bits - 1;
    const levels = Uint8Array.from(table.entries, (entry) =>
      Math.min(255, Math.floor((entry * 255) / white + 0.5)),
    );
    return { kind: 'table', first: table.first, levels };
  }
  return null;
}

/** The file's own windows, with its own labels, and the usual ones for a CT image whose values are Hounsfield units. */
export function listPresets(file: DicomFile, frame: number): WindowPreset[] {
  const sources = elementSources(file.data, frame);
  const shape = windowFunction(sources);
  const own = fileWindows(sources).filter(({ window }) => isUsableWindow(window, shape));
  return isCt(file.data) && modalityUnit(file) === 'HU' ? [...own, ...CT_PRESETS] : own;
}

function isCt(data: DataSet): boolean {
  return data.string('x00080060') === 'CT';
}

/**
 * The data sets that may hold an attribute: the file's, and for enhanced multi-frame images the macros of the frame
 * (5200,9230) and of all frames (5200,9229). The frame's own macros come first.
 */
function elementSources(data: DataSet, frame: number): DataSet[] {
  const groups = [data.elements.x52009230?.items?.[frame], data.elements.x52009229?.items?.[0]];
  // Frame VOI LUT, Pixel Value Transformation.
  const macros = groups.flatMap((group) =>
    ['x00289132', 'x00289145'].map((tag) => group?.elements[tag]?.items?.[0]),
  );
  return [...macros, data].filter((source) => source !== undefined);
}

function firstNumber(sources: DataSet[], tag: string): number | undefined {
  return sources.map((source) => source.numbers(tag, 1)[0]).find((value) => Number.isFinite(value));
}

function fileWindows(sources: DataSet[]): WindowPreset[] {
  for (const source of sources) {
    const widths = source.numbers('x00281051', MAX_WINDOWS);
    const texts = source.strings('x00281055', MAX_WINDOWS);
    const windows = source.numbers('x00281050', MAX_WINDOWS).map((center, i): WindowPreset => {
      const text = texts[i]?.slice(0, MAX_LABEL);
      const label: WindowLabel = text
        ? { code: 'file_text', params: { text } }
        : { code: 'file', params: { number: i + 1 } };
      return { label, window: [center, widths[i] ?? NaN] };
    });
    const usable = windows.filter(({ window }) => isUsableWindow(window, 'LINEAR_EXACT'));
    if (usable.length > 0) return usable;
  }
  return [];
}

/**
 * The function of a window that the file doesn't have: LINEAR, unless values are fractional, for which windows narrower than 1
 * must be possible.
 */
function computedFunction({ stored, scale }: GreyImage): 'LINEAR' | 'LINEAR_EXACT' {
  const isFloat = stored instanceof Float32Array || stored instanceof Float64Array;
  return !isFloat && Number.isInteger(scale(1) - scale(0)) ? 'LINEAR' : 'LINEAR_EXACT';
}

/**
 * A file without a window of its own has no function either. LINEAR is undefined for windows narrower than 1, which files with a
 * fractional rescale slope have: they mean LINEAR_EXACT.
 */
function windowFunction(sources: DataSet[], computed: WindowFunction = 'LINEAR'): WindowFunction {
  const [own] = fileWindows(sources);
  if (!own) return computed;
  const name = sources.map((source) => source.string('x00281056')).find((text) => text);
  if (name === 'SIGMOID' || name === 'LINEAR_EXACT') return name;
  return isUsableWindow(own.window, 'LINEAR') ? 'LINEAR' : 'LINEAR_EXACT';
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
