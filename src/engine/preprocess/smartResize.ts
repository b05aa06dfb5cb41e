/** The image size for the model: `smart_resize` of transformers. */
import { RoundsError } from '../../shared/errors';
import type { PixelLimits } from '../../shared/generation';

export type { PixelLimits };

/** Largest ratio of the longer to the shorter side; smart_resize in transformers refuses larger ones. */
const MAX_ASPECT_RATIO = 200;

/** In pixels. */
export interface Size {
  width: number;
  height: number;
}

/** Python's `round`: to the nearest integer, ties to even (70 / 28 = 2.5 → 2). Requires `x` ≥ 0. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/**
 * The size to which an image is resized for the model: sides that are multiples of `factor` (patch size × merge size),
 * an area within the limits if possible, and nearly the same aspect ratio. The floating-point operations and their
 * order are those of `smart_resize` in transformers, so that all rounding agrees.
 *
 * @throws RoundsError image_invalid if a side is not a positive integer or the aspect ratio exceeds 200
 */
export function smartResize(size: Size, factor: number, limits: PixelLimits): Size {
  const { width, height } = size;
  if (!isSide(width) || !isSide(height)) {
    throw new RoundsError(
      'image_invalid',
      `An image of ${width}×${height} pixels cannot be used: both sides must be positive whole numbers.`,
    );
  }
  if (Math.max(width, height) / Math.min(width, height) > MAX_ASPECT_RATIO) {
    throw new RoundsError(
      'image_invalid',
      `The image has ${width}×${height} pixels: one side is more than ${MAX_ASPECT_RATIO} times the other. Crop it and try again.`,
    );
  }
  const least = limits.rule === 'vision_utils' ? factor : 0;
  const rounded = (side: number) => Math.max(least, roundHalfEven(side / factor) * factor);
  const area = rounded(width) * rounded(height);
  if (area > limits.maxPixels) {
    const beta = Math.sqrt((height * width) / limits.maxPixels);
    const reduced = (side: number) => Math.max(factor, Math.floor(side / beta / factor) * factor);
    return { width: reduced(width), height: reduced(height) };
  }
  if (area < limits.minPixels) {
    const beta = Math.sqrt(limits.minPixels / (height * width));
    const enlarged = (side: number) => Math.ceil((side * beta) / factor) * factor;
    return { width: enlarged(width), height: enlarged(height) };
  }
  // With minPixels = 0, a thin image can still have a side of 0 here, on which transformers fails.
  return { width: Math.max(factor, rounded(width)), height: Math.max(factor, rounded(height)) };
}

function isSide(side: number): boolean {
  return Number.isInteger(side) && side > 0;
}
