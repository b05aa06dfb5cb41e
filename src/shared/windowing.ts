/**
 * Maps grey values to levels 0–255 through a window. Shared by the worker, which prepares the model's input, and the
 * page, which applies windows itself while the visitor drags, so that both show the same image.
 */
import type { WindowFunction } from './imageFacts';

/** [center, width] in the unit of the image. */
export type WindowRange = [center: number, width: number];

/** Half levels round up, including those that miss the half by rounding errors of the formula. */
const HALF = 0.5 + 1e-7;

/** The level as an integer from 0 (black) to 255. NaN is black. */
export function levelOf(value: number, range: WindowRange, shape: WindowFunction): number {
  return Math.floor(windowed(value, range, shape) + HALF);
}

/** PS3.3 C.11.2.1.2.1 (LINEAR), C.11.2.1.3.1 (SIGMOID), C.11.2.1.3.2 (LINEAR_EXACT); 0–255, not rounded. */
function windowed(value: number, [center, width]: WindowRange, shape: WindowFunction): number {
  // NaN occurs in masked NIfTI volumes.
  if (Number.isNaN(value)) return 0;
  if (shape === 'SIGMOID') return 255 / (1 + Math.exp((-4 * (value - center)) / width));
  const middle = shape === 'LINEAR' ? center - 0.5 : center;
  const span = shape === 'LINEAR' ? width - 1 : width;
  if (value <= middle - span / 2) return 0;
  if (value > middle + span / 2) return 255;
  return ((value - middle) / span + 0.5) * 255;
}

/** DICOM requires a width of at least 1 for LINEAR and above 0 for the other functions. */
export function isUsableWindow([center, width]: WindowRange, shape: WindowFunction): boolean {
  if (!Number.isFinite(center) || !Number.isFinite(width)) return false;
  return shape === 'LINEAR' ? width >= 1 : width > 0;
}
