/** Reads the settings of the engine's image processor from preprocessor_config.json. */
import { RoundsError } from '../shared/errors';
import { Fields } from '../shared/fields';
import { parseImageProcessor } from '../shared/modelBounds';
import type { ImageProcessorConfig, VisionConfig } from '../shared/modelConfig';

// Published checkpoints set all of these; the defaults are the values of Qwen2-VL and Qwen2.5-VL.
const DEFAULT_MIN_PIXELS = 3_136;
const DEFAULT_MAX_PIXELS = 12_845_056;
const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073];
const CLIP_STD = [0.26862954, 0.26130258, 0.27577711];
const BICUBIC = 3;
const MAX = Number.MAX_SAFE_INTEGER;

/**
 * min_pixels and max_pixels take precedence over size.shortest_edge and size.longest_edge, as in transformers.
 * @param config parsed preprocessor_config.json; null if the checkpoint has none
 * @throws RoundsError model_unsupported for resize, scale or patch settings that the engine does not support;
 *   checkpoint_invalid for fields of the wrong type
 */
export function parsePreprocessor(config: unknown, vision: VisionConfig): ImageProcessorConfig {
  const fields = new Fields(config ?? {}, 'preprocessor_config.json', invalid);
  checkFixedSettings(fields, vision);
  const size = fields.has('size')
    ? fields.object('size')
    : new Fields({}, 'preprocessor_config.json: size', invalid);
  // Old processors saved min_pixels and max_pixels inside `size`.
  const pixels = (name: string, edge: string, fallback: number): number => {
    const inSize = size.integer(edge, 1, MAX, size.integer(name, 1, MAX, fallback));
    return fields.integer(name, 1, MAX, inSize);
  };
  return parseImageProcessor(
    {
      minPixels: pixels('min_pixels', 'shortest_edge', DEFAULT_MIN_PIXELS),
      maxPixels: pixels('max_pixels', 'longest_edge', DEFAULT_MAX_PIXELS),
      imageMean: fields.get('image_mean') ?? CLIP_MEAN,
      imageStd: fields.get('image_std') ?? CLIP_STD,
    },
    'preprocessor_config.json',
    unsupported,
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
