/** How dragging and keys change a window: horizontally the width, vertically the centre, as in radiology viewers. */
import type { WindowFunction } from '../../shared/imageFacts';
import { isUsableWindow, type WindowRange } from '../../shared/windowing';
import type { Point } from './view';

/** CSS pixels that double or halve the width: similar to other viewers, and suitable for both 0–1 and 0–65,535. */
const DOUBLING_PX = 160;
/** CSS pixels that move the centre by one width. */
const FULL_PX = 300;

/**
 * Right widens the window (softer), up lowers its centre (brighter), both in proportion to the width.
 *
 * @param by CSS pixels since the drag started; y downwards
 */
export function dragWindow([center, width]: WindowRange, by: Point, shape: WindowFunction): WindowRange {
  const wider = width * 2 ** (by.x / DOUBLING_PX);
  return roundWindow([center + (by.y * width) / FULL_PX, wider], shape);
}

/** Rounds to about four digits of the width, and keeps the width usable. */
export function roundWindow([center, width]: WindowRange, shape: WindowFunction): WindowRange {
  const step = 10 ** (Math.floor(Math.log10(Math.max(width, Number.MIN_VALUE))) - 3);
  const round = (value: number): number => {
    // Whole numbers for steps of 1 and above; dividing by an integer avoids 0.1000000001.
    if (step >= 1 || shape === 'LINEAR') return Math.round(value);
    const parts = Math.round(1 / step);
    return Math.round(value * parts) / parts;
  };
  const rounded: WindowRange = [round(center), round(width)];
  if (isUsableWindow(rounded, shape)) return rounded;
  return [rounded[0], shape === 'LINEAR' ? 1 : Math.max(width, Number.EPSILON)];
}

export function isSameWindow(a: WindowRange | null, b: WindowRange | null): boolean {
  return a === b || (a !== null && b !== null && a[0] === b[0] && a[1] === b[1]);
}
