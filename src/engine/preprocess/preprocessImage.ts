/** Decoded RGB → what the vision tower takes. One function, so that the page's preview and the model agree. */
import type { ImageProcessorConfig } from '../../shared/modelConfig';
import { patchify } from './patchify';
import type { GridThw, PatchGeometry, Patches } from './patchify';
import { resizeBicubic } from './resample';
import type { RgbImage } from './resample';
import { smartResize } from './smartResize';
import type { PixelLimits, Size } from './smartResize';

export interface PreprocessOptions {
  /**
   * Resizes that come before the processor's own, in order. MedVLM-R1's authors call process_vision_info
   * first and the processor then, so that a large image is resized twice.
   */
  earlierLimits?: readonly PixelLimits[];
  /** Replaces the processor's own maximum (never raises the minimum). */
  maxPixels?: number;
  /** Width of a patch row with zero padding; by default no padding. */
  paddedColumns?: number;
}

export interface PreprocessedImage {
  patches: Patches;
  /** The image after the last resize: the very pixels that the model sees. */
  resized: RgbImage;
  gridThw: GridThw;
  /** Language-model tokens that the image takes. */
  tokens: number;
}

/** Sizes after each resize step; the last one is the model's. @throws RoundsError image_invalid */
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

/** Only the resize steps, for the preview. @throws RoundsError image_invalid */
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

/** Resizes, normalises and cuts into patches. @throws RoundsError image_invalid */
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
