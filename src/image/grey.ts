/**
 * Grey values of any depth → the 256 levels of a picture, for DICOM, NIfTI and 16-bit images. PS3.3 C.11.2.1; the window
 * functions are in shared/windowing.ts. Works on stored values, because there are few distinct ones, not on scaled values.
 */
import { RoundsError } from '../shared/errors';
import type { WindowFunction } from '../shared/imageFacts';
import { isUsableWindow, levelOf } from '../shared/windowing';
import type { Samples } from './samples';
import { countValues, sampleValues, type ValueRange } from './statistics';

export type { Samples };

export interface GreyImage {
  width: number;
  height: number;
  /** As in the file; rows from top to bottom. */
  stored: Samples;
  /** Converts a stored value to the unit of the image (Hounsfield units for CT). */
  scale: (stored: number) => number;
  /** True for padding values. */
  isPadding: (stored: number) => boolean;
}

/** How values become levels: through a window, or through a table whose first entry is for the value `first`. */
export type Display =
  | { kind: 'window'; range: [center: number, width: number]; shape: WindowFunction }
  | { kind: 'table'; first: number; levels: Uint8Array };

/** Largest range of values for which a table is built; above, each value is computed. */
const MAX_TABLE = 1 << 20;
/** Looking for their range would take longer than filling a table for all 16-bit values. */
const MANY_VALUES = 1 << 20;

/**
 * Without levels in between, because a picture may have 64 megapixels.
 *
 * @param isInverted shows the smallest value white
 * @returns RGB, three equal bytes for each value
 */
export function toGreyRgb(image: GreyImage, display: Display, isInverted = false): Uint8Array<ArrayBuffer> {
  const { stored, scale } = image;
  const flip = isInverted ? 255 : 0;
  const level = levelFunction(display);
  const range = countableRange(stored);
  if (!range) {
    const levels = new Uint8Array(stored.length);
    for (let i = 0; i < levels.length; i++) levels[i] = level(scale(stored[i]!));
    return spreadGrey(levels, isInverted);
  }
  const [low, high] = range;
  const table = new Uint8Array(high - low + 1);
  for (let i = 0; i < table.length; i++) table[i] = level(scale(low + i)) ^ flip;
  const rgb = new Uint8Array(stored.length * 3);
  if (stored instanceof Uint16Array) spreadWords(stored, table, low, rgb);
  else if (stored instanceof Int16Array) spreadShorts(stored, table, low, rgb);
  else {
    for (let i = 0, to = 0; i < stored.length; i++, to += 3)
      rgb[to] = rgb[to + 1] = rgb[to + 2] = table[stored[i]! - low]!;
  }
  return rgb;
}

// A loop that has seen many types of arrays takes several times as long.

function spreadWords(stored: Uint16Array, table: Uint8Array, low: number, rgb: Uint8Array): void {
  for (let i = 0, to = 0; i < stored.length; i++, to += 3)
    rgb[to] = rgb[to + 1] = rgb[to + 2] = table[stored[i]! - low]!;
}

function spreadShorts(stored: Int16Array, table: Uint8Array, low: number, rgb: Uint8Array): void {
  for (let i = 0, to = 0; i < stored.length; i++, to += 3)
    rgb[to] = rgb[to + 1] = rgb[to + 2] = table[stored[i]! - low]!;
}

function levelFunction(display: Display): (value: number) => number {
  if (display.kind === 'table') {
    const { first, levels } = display;
    return (value) => levels[Math.min(Math.max(Math.trunc(value) - first, 0), levels.length - 1)]!;
  }
  return (value) => levelOf(value, display.range, display.shape);
}

/**
 * The window that maps the 1 % quantile of the values to 0 and the 99 % quantile to 255. Not minimum to maximum, because
 * padding and a few hot pixels would determine those.
 */
export function quantileWindow(image: GreyImage, shape: 'LINEAR' | 'LINEAR_EXACT'): [number, number] {
  return windowOfRange(rangeOf(image), image.scale, shape);
}

/**
 * Where both quantiles are the same value, as in sparse volumes, LINEAR_EXACT takes minimum and maximum: a window without width
 * around the background would show it grey and everything else white. So it does in masks, where rare labels would be white.
 *
 * @param range of stored values
 */
export function windowOfRange(
  { quantiles, extremes, isMask }: ValueRange,
  scale: (stored: number) => number,
  shape: 'LINEAR' | 'LINEAR_EXACT',
): [number, number] {
  const isFlat = (isMask || quantiles[0] === quantiles[1]) && shape === 'LINEAR_EXACT';
  const ends = (isFlat ? extremes : quantiles).map(scale);
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  return shape === 'LINEAR' ? [(from + to) / 2 + 0.5, to - from + 1] : [(from + to) / 2, to - from || 1];
}

/** Of stored values. */
export function rangeOf({ stored, isPadding }: GreyImage): ValueRange {
  const range = countableRange(stored);
  const statistics = range ? countValues(...range, isPadding) : sampleValues(stored.length, isPadding);
  statistics.add(stored);
  return statistics.range();
}

/**
 * Smallest and largest value if all are integers and their range is small enough to be counted; else null. Of many values of up to
 * 16 bits, what they may be.
 */
function countableRange(stored: Samples): [number, number] | null {
  if (stored instanceof Float32Array || stored instanceof Float64Array || stored.length === 0) return null;
  if (stored.length >= MANY_VALUES && stored.BYTES_PER_ELEMENT <= 2) {
    const end = 2 ** (stored.BYTES_PER_ELEMENT * 8);
    const isSigned = stored instanceof Int8Array || stored instanceof Int16Array;
    return isSigned ? [-end / 2, end / 2 - 1] : [0, end - 1];
  }
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < stored.length; i++) {
    const value = stored[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return high - low < MAX_TABLE ? [low, high] : null;
}

/**
 * All values in the image's unit, for a page that applies windows itself: 16-bit integers if they fit, else float32.
 */
export function toRawValues({
  stored,
  scale,
}: GreyImage): Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer> {
  const whole = new Int16Array(stored.length);
  for (let i = 0; i < stored.length; i++) {
    const value = scale(stored[i]!);
    whole[i] = value;
    if (whole[i] !== value) return toFloats(stored, scale);
  }
  return whole;
}

function toFloats(stored: Samples, scale: (stored: number) => number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(stored.length);
  for (let i = 0; i < values.length; i++) values[i] = scale(stored[i]!);
  return values;
}

/** @throws RoundsError request_invalid if the requested window has no usable width */
export function checkWindow(window: [number, number], shape: WindowFunction): Display {
  if (!isUsableWindow(window, shape)) {
    const least = shape === 'LINEAR' ? 'at least 1' : 'above 0';
    throw new RoundsError(
      'request_invalid',
      `the window ${window.join(' / ')} can’t be applied; its width must be ${least}.`,
    );
  }
  return { kind: 'window', range: window, shape };
}

/** Three equal channels per level. */
export function spreadGrey(levels: Uint8Array, isInverted = false): Uint8Array<ArrayBuffer> {
  const flip = isInverted ? 255 : 0;
  const rgb = new Uint8Array(levels.length * 3);
  for (let i = 0, to = 0; i < levels.length; i++, to += 3) {
    rgb[to] = rgb[to + 1] = rgb[to + 2] = levels[i]! ^ flip;
  }
  return rgb;
}
