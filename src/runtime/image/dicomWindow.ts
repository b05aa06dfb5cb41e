/** Stored values → grey levels: modality rescale, then a window. PS3.3 C.11.1 and C.11.2. */
import type { DataSet } from 'dicom-parser';
import { RoundsError } from '../../shared/errors';
import type { PixelFormat, StoredPixels } from './dicomPixels';

export interface WindowPreset {
  name: string;
  /** [center, width] */
  window: [number, number];
}

/** LINEAR is the default of the standard; the names are those of VOI LUT Function (0028,1056). */
type WindowFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';

/** All that turns a stored value into a level. */
export interface ChosenWindow {
  range: [center: number, width: number];
  slope: number;
  intercept: number;
  shape: WindowFunction;
}

/** Usual windows for CT in Hounsfield units, offered beside the file's own. */
const CT_PRESETS: WindowPreset[] = [
  { name: 'Soft tissue', window: [40, 400] },
  { name: 'Lung', window: [-600, 1500] },
  { name: 'Bone', window: [400, 1800] },
  { name: 'Brain', window: [40, 80] },
];

/**
 * The window that was asked for, else the file's first, else from the 1 % to the 99 % quantile of the frame
 * (never minimum to maximum: padding values would decide).
 *
 * @throws RoundsError request_invalid when the window asked for has no width
 */
export function chooseWindow(
  data: DataSet,
  format: PixelFormat,
  stored: StoredPixels,
  frame: number,
  asked?: [number, number],
): ChosenWindow {
  const sources = elementSources(data, frame);
  const slope = firstNumber(sources, 'x00281053') || 1;
  const intercept = firstNumber(sources, 'x00281052') ?? 0;
  if (asked) {
    if (!asked.every(Number.isFinite) || asked[1] < 1) {
      throw new RoundsError(
        'request_invalid',
        `A window of ${asked.join(' / ')} has no width of at least 1.`,
      );
    }
    return { range: asked, slope, intercept, shape: 'LINEAR' };
  }
  const own = fileWindows(sources)[0];
  if (own) return { range: own, slope, intercept, shape: windowFunction(sources) };
  const range = quantileWindow(stored, slope, intercept, paddingTest(data, format));
  return { range, slope, intercept, shape: 'LINEAR' };
}

/** The file's own windows, and for CT the usual ones. */
export function listPresets(data: DataSet, frame: number): WindowPreset[] {
  const own = fileWindows(elementSources(data, frame)).map((window, index) => {
    return { name: index === 0 ? 'From the file' : `From the file (${index + 1})`, window };
  });
  return data.string('x00080060') === 'CT' ? [...own, ...CT_PRESETS] : own;
}

/** Levels 0–255 of all values; a table over the range of values, since frames repeat them. */
export function windowToBytes(stored: StoredPixels, window: ChosenWindow): Uint8Array {
  const [low, high] = valueRange(stored);
  const table = new Uint8Array(high - low + 1);
  for (let i = 0; i < table.length; i++) {
    table[i] = Math.floor(windowLevel((low + i) * window.slope + window.intercept, window) + 0.5);
  }
  const levels = new Uint8Array(stored.length);
  for (let i = 0; i < levels.length; i++) levels[i] = table[(stored[i] ?? 0) - low] ?? 0;
  return levels;
}

/** PS3.3 C.11.2.1.2.1 (LINEAR), C.11.2.1.3.1 (SIGMOID), C.11.2.1.3.2 (LINEAR_EXACT); 0–255, not rounded. */
function windowLevel(value: number, { range: [center, width], shape }: ChosenWindow): number {
  if (shape === 'SIGMOID') return 255 / (1 + Math.exp((-4 * (value - center)) / width));
  const middle = shape === 'LINEAR' ? center - 0.5 : center;
  const span = shape === 'LINEAR' ? width - 1 : width;
  if (value <= middle - span / 2) return 0;
  if (value > middle + span / 2) return 255;
  return ((value - middle) / span + 0.5) * 255;
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

function fileWindows(sources: DataSet[]): [number, number][] {
  for (const source of sources) {
    const centers = numbers(source, 'x00281050');
    const widths = numbers(source, 'x00281051');
    const windows = centers.map((center, i): [number, number] => [center, widths[i] ?? NaN]);
    const usable = windows.filter(([center, width]) => Number.isFinite(center) && width > 0);
    if (usable.length > 0) return usable;
  }
  return [];
}

function windowFunction(sources: DataSet[]): WindowFunction {
  const name = sources.map((source) => source.string('x00281056')?.trim()).find((text) => text);
  return name === 'SIGMOID' || name === 'LINEAR_EXACT' ? name : 'LINEAR';
}

/** True for stored values that only fill up (0028,0120), or the range to (0028,0121). */
function paddingTest(data: DataSet, format: PixelFormat): (value: number) => boolean {
  const read = (tag: string) => (format.isSigned ? data.int16(tag) : data.uint16(tag));
  const padding = read('x00280120');
  if (padding === undefined) return () => false;
  const limit = read('x00280121') ?? padding;
  const [low, high] = [Math.min(padding, limit), Math.max(padding, limit)];
  return (value) => value >= low && value <= high;
}

/** The window whose LINEAR function maps the 1 % quantile to 0 and the 99 % quantile to 255. */
function quantileWindow(
  stored: StoredPixels,
  slope: number,
  intercept: number,
  isPadding: (value: number) => boolean,
): [number, number] {
  const [low, high] = valueRange(stored);
  const counts = new Uint32Array(high - low + 1);
  let total = 0;
  for (const value of stored) {
    if (isPadding(value)) continue;
    counts[value - low] = (counts[value - low] ?? 0) + 1;
    total++;
  }
  const ends = [0.01, 0.99].map((p) => (low + quantile(counts, p * (total - 1))) * slope + intercept);
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  return [(from + to) / 2 + 0.5, to - from + 1];
}

/** Value at a rank that may lie between two (numpy's default interpolation), from counts of 0, 1, 2, … */
function quantile(counts: Uint32Array, rank: number): number {
  const below = Math.floor(Math.max(0, rank));
  const at = (wanted: number) => {
    let seen = 0;
    for (let value = 0; value < counts.length; value++) {
      seen += counts[value] ?? 0;
      if (seen > wanted) return value;
    }
    return counts.length - 1;
  };
  const first = at(below);
  return first + (at(below + 1) - first) * (Math.max(0, rank) - below);
}

function valueRange(stored: StoredPixels): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of stored) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
