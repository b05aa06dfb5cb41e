/** Converts decoded RGB to the vision tower's input. The page's preview uses the same functions as the model. */
import type { ImageProcessorConfig } from '../../shared/modelConfig';
import { patchify } from './patchify';
import type { GridThw, PatchGeometry, Patches } from './patchify';
import { resizeBicubic } from './resample';
import type { RgbImage } from './resample';
import { smartResize } from './smartResize';
import type { PixelLimits, Size } from './smartResize';

export interface PreprocessOptions {
  /**
   * Resize steps before the processor's own, in order. MedVLM-R1's code calls process_vision_info before the
   * processor, so it resizes a large image twice.
   */
  earlierLimits?: readonly PixelLimits[];
  /** Replaces the processor's own maximum, and lowers its minimum if necessary. */
  maxPixels?: number;
  /** Columns of a patch row with zero padding; no padding by default. */
  paddedColumns?: number;
}

export interface PreprocessedImage {
  patches: Patches;
  /** The image after the last resize: exactly the pixels that the model receives. */
  resized: RgbImage;
  gridThw: GridThw;
  /** Number of language-model tokens for the image. */
  tokens: number;
}

/** The size after each resize step; the last one is that of the model's input. @throws RoundsError image_invalid */
export function plannedSizes(
  size: Size,
  config: Pick<ImageProcessorConfig, 'minPixels' | 'maxPixels'>,
  geometry: Pick<PatchGeometry, 'patchSize' | 'spatialMergeSize'>,
  options: PreprocessOptions = {},
): Size[] {
  const factor = geometry.patchSize * geometry.spatialMergeSize;
  const maxPixels = options.maxPixels ?? config.maxPixels;
  const own: PixelLimits = { minPixels: Math.min(config.minPixels, maxPixels), maxPixels };
  const sizes: Size[] = [];
  let current = size;
  for (const limits of [...(options.earlierLimits ?? []), own]) {
    current = smartResize(current, factor, limits);
    sizes.push(current);
  }
  return sizes;
}

/** Resizes only, for the preview. @throws RoundsError image_invalid */
export function resizeForModel(
  image: RgbImage,
  config: Pick<ImageProcessorConfig, 'minPixels' | 'maxPixels'>,
  geometry: Pick<PatchGeometry, 'patchSize' | 'spatialMergeSize'>,
  options: PreprocessOptions = {},
): RgbImage {
  let resized = image;
  for (const size of plannedSizes(image, config, geometry, options)) resized = resizeBicubic(resized, size);
  return resized;
}

/** Resizes, normalises and divides into patches. @throws RoundsError image_invalid */
export function preprocessImage(
  image: RgbImage,
  config: ImageProcessorConfig,
  geometry: PatchGeometry,
  options: PreprocessOptions = {},
): PreprocessedImage {
  const resized = resizeForModel(image, config, geometry, options);
  const patches = patchify(resized, geometry, config, options.paddedColumns);
  const tokens = patches.rows / geometry.spatialMergeSize ** 2;
  return { patches, resized, gridThw: patches.gridThw, tokens };
}
