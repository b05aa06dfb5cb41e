/** How dragging and keys change a window: across for the width, up and down for the centre, as reading rooms do. */
import type { WindowFunction } from '../../shared/imageFacts';
import { isUsableWindow, type WindowRange } from '../../shared/windowing';
import type { Point } from './view';

/** So many CSS pixels double or halve the width: near to what viewers do, and as fine for 0–1 as for 0–65,535. */
const DOUBLING_PX = 160;
/** So many move the centre by one width. */
const FULL_PX = 300;

/**
 * To the right is softer (a wider window), upwards is brighter (a lower centre), in proportion to the width: each window
 * moves under the hand at the speed of its own contrast.
 *
 * @param by CSS pixels since the drag began; y downwards
 */
export function dragWindow([center, width]: WindowRange, by: Point, shape: WindowFunction): WindowRange {
  const wider = width * 2 ** (by.x / DOUBLING_PX);
  return tidy([center + (by.y * width) / FULL_PX, wider], shape);
}

/** Numbers that a person can read out: about four digits of the width, and a usable width. */
export function tidy([center, width]: WindowRange, shape: WindowFunction): WindowRange {
  const step = 10 ** (Math.floor(Math.log10(Math.max(width, Number.MIN_VALUE))) - 3);
  const round = (value: number): number => {
    // Steps above 1 keep whole numbers; the division afterwards keeps 0.1 from being 0.1000000001.
    if (step >= 1 || shape === 'LINEAR') return Math.round(value);
    const parts = Math.round(1 / step);
    return Math.round(value * parts) / parts;
  };
  const tidied: WindowRange = [round(center), round(width)];
  if (isUsableWindow(tidied, shape)) return tidied;
  return [tidied[0], shape === 'LINEAR' ? 1 : Math.max(width, Number.EPSILON)];
}

export function isSameWindow(a: WindowRange | null, b: WindowRange | null): boolean {
  return a === b || (a !== null && b !== null && a[0] === b[0] && a[1] === b[1]);
}
