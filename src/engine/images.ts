/** Preprocesses decoded images and encodes them to features for the decoder. */
import type { PixelLimits, ProcessedImage } from '../shared/generation';
import { sha256Hex } from '../shared/sha256';
import { patchColumns, type EngineModel } from './model';
import type { TensorData } from './ports';
import type { GridThw } from './preprocess/patchify';
import { preprocessImage, type PreprocessedImage } from './preprocess/preprocessImage';
import type { RgbImage } from './preprocess/resample';

export interface PreparedImages {
  processed: PreprocessedImage[];
  reports: ProcessedImage[];
  grids: GridThw[];
  /** SHA-256 of each image's resized pixels, and its size: the cache key of its features. */
  keys: string[];
}

/**
 * Resizes images and divides them into patches.
 * @param earlierLimits resize steps before the image processor's own
 * @throws RoundsError image_invalid
 */
export async function prepareImages(
  model: EngineModel,
  images: readonly RgbImage[],
  earlierLimits: readonly PixelLimits[] = [],
): Promise<PreparedImages> {
  const prepared: PreparedImages = { processed: [], reports: [], grids: [], keys: [] };
  const paddedColumns = patchColumns(model.pack);
  const options = { earlierLimits, ...(paddedColumns === undefined ? {} : { paddedColumns }) };
  for (const image of images) {
    const result = preprocessImage(image, model.pack.manifest.imageProcessor, model.config.vision, options);
    const report = {
      width: image.width,
      height: image.height,
      rgbSha256: await sha256Hex(image.data),
      resizedWidth: result.resized.width,
      resizedHeight: result.resized.height,
      resizedSha256: await sha256Hex(result.resized.data),
    };
    prepared.processed.push(result);
    prepared.reports.push(report);
    prepared.grids.push(result.gridThw);
    prepared.keys.push(`${report.resizedSha256}:${result.resized.width}x${result.resized.height}`);
  }
  return prepared;
}

/**
 * Concatenated features of all images: [image tokens, hidden] in the activation type.
 * @throws RoundsError aborted, and errors of the backend
 */
export async function encodeImages(
  model: EngineModel,
  images: PreparedImages,
  onImage?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<TensorData> {
  const parts: TensorData[] = [];
  for (const [i, image] of images.processed.entries()) {
    signal?.throwIfAborted();
    onImage?.(i, images.processed.length);
    parts.push((await model.vision.encode(images.keys[i] ?? '', image.patches)).data);
  }
  onImage?.(images.processed.length, images.processed.length);
  return concatenate(parts, model.backend.activations === 'f16');
}

function concatenate(parts: TensorData[], half: boolean): TensorData {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = half ? new Uint16Array(length) : new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part as Float32Array, at);
    at += part.length;
  }
  return all;
}
