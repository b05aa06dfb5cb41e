/**
 * Grey values → levels of 0–255 through a window. One rule for the worker, whose levels the model is given, and for the
 * page, which windows by itself while a visitor drags: both draw the same picture.
 */
import type { WindowFunction } from './imageFacts';

/** [center, width] in the unit of the image. */
export type WindowRange = [center: number, width: number];

/** Half levels are rounded up; what misses a half by rounding errors of the formula counts as one. */
const HALF = 0.5 + 1e-7;

/** The whole level, 0 (black) to 255. What is no number is black. */
export function levelOf(value: number, range: WindowRange, shape: WindowFunction): number {
  return Math.floor(windowed(value, range, shape) + HALF);
}

/** PS3.3 C.11.2.1.2.1 (LINEAR), C.11.2.1.3.1 (SIGMOID), C.11.2.1.3.2 (LINEAR_EXACT); 0–255, not rounded. */
function windowed(value: number, [center, width]: WindowRange, shape: WindowFunction): number {
  // Values that are no numbers, as in masked NIfTI volumes, are black.
  if (Number.isNaN(value)) return 0;
  if (shape === 'SIGMOID') return 255 / (1 + Math.exp((-4 * (value - center)) / width));
  const middle = shape === 'LINEAR' ? center - 0.5 : center;
  const span = shape === 'LINEAR' ? width - 1 : width;
  if (value <= middle - span / 2) return 0;
  if (value > middle + span / 2) return 255;
  return ((value - middle) / span + 0.5) * 255;
}

/** LINEAR counts whole values, so a window of it holds one at least. */
export function isUsableWindow([center, width]: WindowRange, shape: WindowFunction): boolean {
  if (!Number.isFinite(center) || !Number.isFinite(width)) return false;
  return shape === 'LINEAR' ? width >= 1 : width > 0;
}
