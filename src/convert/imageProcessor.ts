/** Reads the settings of the engine's image processor from preprocessor_config.json. */
import { RoundsError } from '../shared/errors';
import { Fields } from '../shared/fields';
import { parseImageProcessor } from '../shared/modelBounds';
import type { ImageProcessorConfig, VisionConfig } from '../shared/modelConfig';

// What transformers (5.24, Qwen2VLImageProcessor, which both families use) takes where nothing is stated.
const DEFAULT_MIN_PIXELS = 56 * 56;
const DEFAULT_MAX_PIXELS = 28 * 28 * 1280;
const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073];
const CLIP_STD = [0.26862954, 0.26130258, 0.27577711];
const BICUBIC = 3;
const MAX = Number.MAX_SAFE_INTEGER;

export interface Preprocessor {
  config: ImageProcessorConfig;
  /** A pixel limit was not stated, so that of transformers holds; the authors may have had another one in mind. */
  usesDefaultLimits: boolean;
}

/**
 * min_pixels and max_pixels take precedence over size.shortest_edge and size.longest_edge, and a `size` replaces the
 * defaults as a whole, as in transformers.
 * @param config parsed preprocessor_config.json; null if the checkpoint has none
 * @throws RoundsError model_unsupported for resize, scale or patch settings that the engine does not support, and for a
 *   size with which transformers refuses to resize; checkpoint_invalid for fields of the wrong type
 */
export function parsePreprocessor(config: unknown, vision: VisionConfig): Preprocessor {
  const fields = new Fields(config ?? {}, 'preprocessor_config.json', invalid);
  checkFixedSettings(fields, vision);
  const minPixels = statedPixels(fields, 'min_pixels', 'shortest_edge');
  const maxPixels = statedPixels(fields, 'max_pixels', 'longest_edge');
  if (fields.has('size') && (minPixels === null || maxPixels === null)) refuseSize(fields.get('size'));
  const parsed = parseImageProcessor(
    {
      minPixels: minPixels ?? DEFAULT_MIN_PIXELS,
      maxPixels: maxPixels ?? DEFAULT_MAX_PIXELS,
      imageMean: fields.get('image_mean') ?? CLIP_MEAN,
      imageStd: fields.get('image_std') ?? CLIP_STD,
    },
    'preprocessor_config.json',
    unsupported,
  );
  return { config: parsed, usesDefaultLimits: minPixels === null || maxPixels === null };
}

/** Null where none is stated. Old processors saved min_pixels and max_pixels inside `size` as well. */
function statedPixels(fields: Fields, name: string, edge: string): number | null {
  if (fields.has(name)) return fields.integer(name, 1, MAX);
  const value = fields.get('size');
  if (typeof value !== 'object' || Array.isArray(value)) return null;
  const size = fields.object('size');
  const stated = [edge, name].find((key) => size.has(key));
  return stated === undefined ? null : size.integer(stated, 1, MAX);
}

/** A number or {height, width}: a fixed size, to which this architecture's processor resizes nothing. */
function refuseSize(size: unknown): never {
  unsupported(
    `preprocessor_config.json: size ${(JSON.stringify(size) ?? '').slice(0, 80)} does not state both pixel limits, shortest_edge and longest_edge; transformers refuses it as well. Copy preprocessor_config.json from the base model.`,
  );
}

/** These settings are fixed in the engine; ignoring another value would silently change the pixels. */
function checkFixedSettings(fields: Fields, vision: VisionConfig): void {
  const fixed: [string, number | boolean][] = [
    ['patch_size', vision.patchSize],
    ['temporal_patch_size', vision.temporalPatchSize],
    ['merge_size', vision.spatialMergeSize],
    ['resample', BICUBIC],
    ['do_resize', true],
    ['do_rescale', true],
    ['do_normalize', true],
  ];
  for (const [name, expected] of fixed) {
    const value = fields.get(name) ?? expected;
    if (value !== expected) {
      unsupported(
        `preprocessor_config.json: ${name} ${JSON.stringify(value)} is not supported; it must be ${expected}.`,
      );
    }
  }
  if (Math.abs(fields.number('rescale_factor', 0, 1, 1 / 255) * 255 - 1) > 1e-6) {
    unsupported('preprocessor_config.json: a rescale_factor other than 1/255 is not supported.');
  }
}

function invalid(message: string): never {
  throw new RoundsError('checkpoint_invalid', message);
}

function unsupported(message: string): never {
  throw new RoundsError('model_unsupported', message);
}
